"""Signed notes (c2sp.org/signed-note) with Ed25519: keys as one line of text, signing, opening."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inspector.errors import BadInput

_ED25519: Final = b"\x01"
_PRIVATE: Final = "PRIVATE+KEY+"
_MOST_SIGNATURES: Final = 32


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and its name.

    Attributes:
        name: For a log it is the log's origin.
        key: 32 bytes.
    """

    name: str
    key: bytes

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key in "name+id+base64"; raises `BadInput`."""
        name, key = _parts(text)
        verifier = cls(name, key)
        if verifier.text != text:
            raise BadInput("the key is not what its id says")
        return verifier

    @property
    def id(self) -> bytes:
        """Return the four bytes that stand before each of its signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    @property
    def text(self) -> str:
        """Return the key as one line, "name+id+base64"."""
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.key)}"

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Return whether the signature is this key's over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key in "PRIVATE+KEY+name+id+base64"; raises `BadInput`."""
        if not text.startswith(_PRIVATE):
            raise BadInput("this is no private key of a signed note")
        signer = cls(*_parts(text.removeprefix(_PRIVATE)))
        if not hmac.compare_digest(signer.text.encode(), text.encode()):
            raise BadInput("the key is not what its id says")
        return signer

    @property
    def text(self) -> str:
        """Return the key as one line: a secret."""
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{_base64(_ED25519 + self.seed)}"

    @property
    def verifier(self) -> Verifier:
        """Return the public key."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(self.name, key.public_bytes_raw())

    def line(self, text: str) -> str:
        """Return the signature line under a text."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"— {self.name} {_base64(self.verifier.id + signature)}\n"


def signed(text: str, signers: Sequence[Signer]) -> str:
    """Return the note: a text that ends with a newline, and its signatures."""
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def opened(note: str, verifier: Verifier) -> str:
    """Return the text of a note that this key has signed; other keys' signatures are not read.

    Raises:
        BadInput: It is no note, or not signed by this key; nothing in it may be believed.
    """
    text, behind, lines = note.rpartition("\n\n")
    signatures = lines.removesuffix("\n").split("\n")
    if not behind or not lines.endswith("\n") or len(signatures) > _MOST_SIGNATURES:
        raise BadInput("this is no signed note")
    if any(letter < " " and letter != "\n" for letter in note):
        raise BadInput("the note has control characters")
    text += "\n"
    found = [_signature(line) for line in signatures]
    ours = [raw[4:] for name, raw in found if (name, raw[:4]) == (verifier.name, verifier.id)]
    if not ours:
        raise BadInput(f"not signed by {verifier.name}+{verifier.id.hex()}")
    if not all(verifier.has_signed(text, signature) for signature in ours):
        raise BadInput(f"the signature of {verifier.name}+{verifier.id.hex()} is wrong")
    return text


def _signature(line: str) -> tuple[str, bytes]:
    words = line.split(" ")
    if len(words) != 3 or words[0] != "—" or not words[1] or "+" in words[1]:
        raise BadInput("a line under the note is no signature")
    raw = _bytes(words[2])
    if len(raw) < 5:
        raise BadInput("a line under the note is no signature")
    return words[1], raw


def _parts(text: str) -> tuple[str, bytes]:
    name, _, rest = text.partition("+")
    _, _, shown = rest.partition("+")
    raw = _bytes(shown)
    if not name or any(letter.isspace() for letter in name) or raw[:1] != _ED25519:
        raise BadInput("this is no Ed25519 key of a signed note")
    if len(raw) != 33:
        raise BadInput("an Ed25519 key has 32 bytes")
    return name, raw[1:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(shown: str) -> bytes:
    try:
        return base64.b64decode(shown, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("not base64") from error
