"""What went wrong at the PLC, in a sentence that says what to do there."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from asyncua import ua

from inspector.errors import InspectorError, PlcLost, PlcRefused

_CODES = ua.StatusCodes
_CERTIFICATE = "the PLC refused our certificate"
_TRUST = f"{_CERTIFICATE}: trust it at the PLC"
_USER = (
    "check user and password_env (or password_file) of the profile, and the user's rights at the"
    " PLC"
)
_NOBODY = (
    "the PLC lets nobody in without a user: set user and password_env (or password_file) in the"
    " profile, or allow anonymous sessions there"
)
_POLICY = "switch it on there, or choose another policy in the profile"
_SESSIONS = "end other clients' sessions, or raise the limit there"
_MEANINGS: dict[int, str] = {
    _CODES.BadCertificateUntrusted: _TRUST,
    _CODES.BadSecurityChecksFailed: _TRUST,
    _CODES.BadCertificateInvalid: _TRUST,
    _CODES.BadCertificateRevoked: f"{_CERTIFICATE}: it is revoked there",
    _CODES.BadCertificateUseNotAllowed: f"{_CERTIFICATE}: its key usage is not enough",
    _CODES.BadCertificateHostNameInvalid: f"{_CERTIFICATE}: this machine's name is not in it",
    _CODES.BadCertificateUriInvalid: f"{_CERTIFICATE}: it has another ApplicationUri",
    _CODES.BadCertificateTimeInvalid: "a certificate is outside its dates: check the clock of the"
    " PLC and of this machine, and the end of both certificates",
    _CODES.BadUserAccessDenied: f"the PLC refused the user, the password or this access: {_USER}",
    _CODES.BadIdentityTokenRejected: f"the PLC refused the user or the password: {_USER}",
    _CODES.BadIdentityTokenInvalid: "the PLC takes no user name and password: allow them there",
    _CODES.BadSecurityModeRejected: "the PLC does not offer the security mode of this policy:"
    f" {_POLICY}",
    _CODES.BadSecurityPolicyRejected: f"the PLC does not offer this security policy: {_POLICY}",
    _CODES.BadTooManySessions: f"the PLC has no free session: {_SESSIONS}",
    _CODES.BadMaxConnectionsReached: f"the PLC has no free connection: {_SESSIONS}",
    _CODES.BadNodeIdUnknown: "the PLC has no such node: check the station's prefix, and slot_count,"
    " namespace_uri and nodes of the profile, or add the node at the PLC",
    _CODES.BadNodeIdInvalid: "the PLC has no such node: check the station's prefix",
    _CODES.BadNotWritable: "the PLC does not let this node be written: make it writable there",
    _CODES.BadNotReadable: "the PLC does not let this node be read: make it readable there",
    _CODES.BadWriteNotSupported: "the PLC cannot write this node as we ask",
    _CODES.BadTypeMismatch: "the node has another type at the PLC than we write: it was changed"
    " there, or nodes of the profile says another",
    _CODES.BadOutOfRange: "the PLC refused the value: another gateway with a higher epoch may be at"
    " work on this station",
    _CODES.BadTooManyOperations: "the PLC takes fewer nodes in one request than we send",
    _CODES.BadServerHalted: "the PLC's server is halted: is the PLC in STOP?",
    _CODES.BadShutdown: "the PLC's server is shutting down",
    _CODES.BadSessionIdInvalid: "the PLC ended our session",
    _CODES.BadSessionClosed: "the PLC ended our session",
    _CODES.BadSecureChannelClosed: "the PLC closed the secure channel",
}
_ABOUT_THE_USER = frozenset(
    {_CODES.BadIdentityTokenInvalid, _CODES.BadIdentityTokenRejected, _CODES.BadUserAccessDenied}
)
_MENDED_BY_TIME = frozenset(
    {
        _CODES.BadServerHalted,
        _CODES.BadShutdown,
        _CODES.BadSessionIdInvalid,
        _CODES.BadSessionClosed,
        _CODES.BadSessionNotActivated,
        _CODES.BadSecureChannelClosed,
        _CODES.BadSecureChannelIdInvalid,
        _CODES.BadTimeout,
        _CODES.BadConnectionClosed,
        _CODES.BadTcpServerTooBusy,
        _CODES.BadTcpEndpointUrlInvalid,
        _CODES.BadServerTooBusy,
        _CODES.BadWaitingForInitialData,
        _CODES.BadCommunicationError,
        # Of sessions that were cut off; the PLC forgets them after the session time-out.
        _CODES.BadTooManySessions,
        _CODES.BadMaxConnectionsReached,
    }
)


def explain(error: BaseException, *, ours: str = "") -> str:
    """Return one sentence without a full stop for whatever the library raised; never a password.

    Args:
        error: The library's, the network's, or ours.
        ours: How to find our certificate at the PLC, for refusals that are about it.
    """
    sentence = _sentence(error)
    about_ours = ours and sentence.startswith(_CERTIFICATE)
    return f"{sentence}; ours: {ours}" if about_ours else sentence


def _sentence(error: BaseException) -> str:
    match error:
        case InspectorError():
            said = str(error)
        case ua.UaStatusCodeError():
            said = explain_status(error.code)
        case AssertionError():
            # asyncua 2.1: the PLC closed the channel instead of answering, with no word why.
            said = _TRUST
        case TimeoutError():
            said = "no answer in time"
        case ua.UaError():
            said = _explain_library(error)
        case OSError():
            said = _explain_network(error)
        case _:
            said = f"an answer that we cannot read ({type(error).__name__}: {error})"
    return said


def explain_status(code: int) -> str:
    """Return the sentence for a status code; its OPC UA name is in it, for the PLC's handbook."""
    name = ua.StatusCode(ua.UInt32(code)).name
    return f"{_MEANINGS[code]} ({name})" if code in _MEANINGS else f"the PLC answered {name}"


def translated(
    error: BaseException, *, ours: str = "", anonymous: bool = False
) -> PlcLost | PlcRefused:
    """Return our error for the library's: refused where a person must act, else lost.

    Args:
        error: The library's, the network's, or ours.
        ours: How to find our certificate at the PLC, for refusals that are about it.
        anonymous: It was met while opening a session without a user.
    """
    if isinstance(error, PlcLost | PlcRefused):
        return error
    if anonymous and isinstance(error, ua.UaStatusCodeError) and error.code in _ABOUT_THE_USER:
        return PlcRefused(_NOBODY)
    said = explain(error, ours=ours)
    match error:
        case InspectorError():
            return PlcRefused(said)
        case ua.UaStatusCodeError():
            return PlcLost(said) if error.code in _MENDED_BY_TIME else PlcRefused(said)
        case AssertionError() | ua.UaError():
            return PlcRefused(said)
    return PlcLost(said)


def says_why(error: BaseException) -> bool:
    """Return whether the PLC itself gave a reason that we have words for."""
    return isinstance(error, ua.UaStatusCodeError) and error.code in _MEANINGS


def other_certificate(shown: bytes, pinned: Path) -> str:
    """Return the sentence for a PLC that shows another certificate than the one we trust."""
    print_of_shown = hashlib.sha1(shown, usedforsecurity=False).hexdigest().upper()
    return (
        f"the PLC shows another certificate (thumbprint {print_of_shown}) than {pinned}: if it was"
        " renewed on purpose, put the new one there"
    )


def _explain_library(error: ua.UaError) -> str:
    text = str(error)
    if "certificate mismatch" in text:
        return "the PLC showed two different certificates while we connected"
    if "No matching endpoints" in text:
        return _MEANINGS[_CODES.BadSecurityPolicyRejected]
    return text or type(error).__name__


def _explain_network(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there: is the PLC on, and its OPC UA server switched on?"
    if isinstance(error, socket.gaierror):
        return "its name is not known on this network: check endpoint in the profile"
    if isinstance(error, ConnectionError):
        return "the PLC ended the connection"
    return error.strerror or str(error) or type(error).__name__
