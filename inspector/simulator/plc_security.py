"""Who may talk to the demo's PLC: one user, with a trusted certificate.

The library's default server lets anybody in, and "admin" without a password in as administrator
(reference/opcua.md 1.3). Its certificate hook sees only what a client says at CreateSession, and
nothing at all when it says nothing; so the certificate that really opened the channel is checked
again when the session is activated.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.validator import (
    CertificateValidator,
    CertificateValidatorMethod,
    CertificateValidatorOptions,
)
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class OnlyOurGateway(UserManager):
    """Lets one user in, and only over a trusted channel; nobody is administrator."""

    def __init__(self, user: str, password: str, trusted: Sequence[Path]) -> None:
        """Keep who may come in."""
        self._user, self._password, self._trusted = user, password, tuple(trusted)

    def get_user(
        self,
        iserver: object,  # noqa: ARG002  the library's signature
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        """Return the user, or None: refused."""
        known = _same(username, self._user) & _same(password, self._password)
        if not known or certificate not in _certificates(self._trusted):
            return None
        return User(role=UserRole.User, name=self._user)


def trusted_client(trusted: Sequence[Path]) -> CertificateValidatorMethod:
    """Return the hook that refuses a client certificate that is not one of these files."""
    basic = CertificateValidator(
        CertificateValidatorOptions.BASIC_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
    )

    async def validate(certificate: x509.Certificate, client: ua.ApplicationDescription) -> None:
        if certificate.public_bytes(Encoding.DER) not in _certificates(trusted):
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        await basic.validate(certificate, client)

    return validate


def _same(given: str | None, right: str) -> bool:
    return hmac.compare_digest((given or "").encode(), right.encode())


def _certificates(files: Sequence[Path]) -> set[bytes]:
    """Return what is trusted now: the gateway makes its certificate when it first starts."""
    return {file.read_bytes() for file in files if file.is_file()}
