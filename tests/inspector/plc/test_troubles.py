"""Errors in words."""

import socket

import pytest
from asyncua import ua
from asyncua.ua import uaerrors

from inspector.errors import BadInput, PlcLost, PlcRefused
from inspector.plc.troubles import explain, explain_status, says_why, translated


def bad(name: str) -> Exception:
    error: Exception = getattr(uaerrors, name)()
    return error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (AssertionError(), PlcRefused, "refused our certificate: trust it at the PLC"),
        (bad("BadCertificateUntrusted"), PlcRefused, "trust it at the PLC (Bad"),
        (bad("BadUserAccessDenied"), PlcRefused, "password_env"),
        (bad("BadIdentityTokenInvalid"), PlcRefused, "takes no user name"),
        (bad("BadSecurityModeRejected"), PlcRefused, "another policy"),
        (bad("BadCertificateUriInvalid"), PlcRefused, "ApplicationUri"),
        (bad("BadTooManySessions"), PlcLost, "no free session"),
        (bad("BadSessionIdInvalid"), PlcLost, "ended our session"),
        (bad("BadInternalError"), PlcRefused, "the PLC answered BadInternalError"),
        (ua.UaError("No matching endpoints: 3, x"), PlcRefused, "security policy"),
        (TimeoutError(), PlcLost, "no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), PlcLost, "nothing listens there"),
        (ConnectionResetError(), PlcLost, "ended the connection"),
        (socket.gaierror(-2, "Name or service not known"), PlcLost, "check endpoint"),
        (OSError(113, "No route to host"), PlcLost, "No route to host"),
        (ValueError("not enough data"), PlcLost, "cannot read (ValueError: not enough data)"),
        (BadInput("key.pem: damaged"), PlcRefused, "key.pem: damaged"),
    ],
)
def test_an_error_says_what_to_do(error: Exception, kind: type[Exception], said: str) -> None:
    assert said in explain(error)
    assert type(translated(error)) is kind
    assert said in str(translated(error))


def test_our_own_errors_stay_what_they_are() -> None:
    error = PlcLost("gone")
    assert translated(error) is error


def test_a_refusal_of_our_certificate_says_which_one_that_is() -> None:
    said = explain(bad("BadCertificateUntrusted"), ours="thumbprint AB12")
    assert said.endswith("; ours: thumbprint AB12")
    assert "AB12" not in explain(bad("BadUserAccessDenied"), ours="thumbprint AB12")


def test_a_code_keeps_the_name_that_the_plcs_handbook_has() -> None:
    assert explain_status(ua.StatusCodes.BadNotWritable).endswith("(BadNotWritable)")


def test_a_silent_or_vague_refusal_gives_no_reason() -> None:
    assert says_why(bad("BadCertificateUntrusted"))
    assert not says_why(bad("BadTcpInternalError"))
    assert not says_why(AssertionError())
    assert not says_why(TimeoutError())
