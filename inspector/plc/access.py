"""How one PLC is reached, and who we are to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from asyncua import ua
from asyncua.crypto import security_policies

from inspector.plc.certificates import Certificate, thumbprint
from inspector.plc.contract import Place
from inspector.plc.nodes import PlcStation

Policy = type[security_policies.SecurityPolicyBasic256Sha256]
"""Or one of its siblings, made alike."""


class Profile(Protocol):
    """What this needs of a PLC profile (`plc_profile.PlcProfile`, a file under stations/plc/)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def endpoint(self) -> str: ...  # noqa: D102
    @property
    def policy(self) -> str: ...  # noqa: D102
    @property
    def encrypted(self) -> bool: ...  # noqa: D102
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def namespace_uri(self) -> str: ...  # noqa: D102
    @property
    def places(self) -> Mapping[str, Place]: ...  # noqa: D102
    @property
    def transport(self) -> str: ...  # noqa: D102
    @property
    def slot_count(self) -> int: ...  # noqa: D102
    @property
    def poll_ms(self) -> int: ...  # noqa: D102
    @property
    def request_timeout_s(self) -> float: ...  # noqa: D102


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """How one PLC is reached, and who we are to it.

    Attributes:
        profile: The PLC's profile.
        password: Of the profile's user.
        certificate: Ours.
        server_certificate: The PLC's own (DER), the only one that is taken; None: see `trust_dir`.
        stations: Behind this PLC.
        trust_dir: Folder with certificates (DER) of PLCs, or of those who issue them; None where
            the PLC's own is given, or nothing is encrypted.
        now: UTC, for the dates of the PLC's certificate.
    """

    profile: Profile
    password: str = field(repr=False)
    certificate: Certificate
    server_certificate: Path | None
    stations: tuple[PlcStation, ...]
    trust_dir: Path | None = None
    now: Callable[[], datetime] = _utc_now

    @property
    def mode(self) -> ua.MessageSecurityMode:
        """Return how messages are secured: never signed only."""
        modes = ua.MessageSecurityMode
        return modes.SignAndEncrypt if self.profile.encrypted else modes.None_

    @property
    def policy(self) -> Policy:
        """Return the library's maker of the security policy."""
        name = f"SecurityPolicy{self.profile.policy.replace('_', '')}"
        policy: Policy = getattr(security_policies, name)
        return policy

    @property
    def ours(self) -> str:
        """Return how a person finds our certificate in the PLC's list."""
        cert_der = self.certificate.cert_der
        return f"thumbprint {thumbprint(cert_der)}, file {cert_der}"
