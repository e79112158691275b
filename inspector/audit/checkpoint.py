"""Checkpoints (c2sp.org/tlog-checkpoint): a signed note about the tree at one size."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from inspector.audit.merkle import HASH_BYTES
from inspector.audit.note import Signer, Verifier, opened, signed
from inspector.errors import BadInput


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself.

    Attributes:
        origin: Which log.
        size: How many entries it had.
        root: Root hash over them.
    """

    origin: str
    size: int
    root: bytes

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the checkpoint in a note's text, believed or not; raises `BadInput`."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:3]):
            raise BadInput("a checkpoint has an origin, a size and a root")
        origin, size, shown = lines[:3]
        if not (size.isascii() and size.isdigit()) or str(int(size[:20])) != size:
            raise BadInput("the size is no number")
        try:
            root = base64.b64decode(shown, validate=True)
        except binascii.Error as error:
            raise BadInput("the root is not base64") from error
        if len(root) != HASH_BYTES:
            raise BadInput(f"a root has {HASH_BYTES} bytes")
        return cls(origin, int(size), root)

    @property
    def text(self) -> str:
        """Return the note's text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, signers: Sequence[Signer]) -> str:
        """Return the note."""
        return signed(self.text, signers)


def opened_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """Return the checkpoint of the log that has this key; raises `BadInput`."""
    checkpoint = Checkpoint.from_text(opened(note, verifier))
    if checkpoint.origin != verifier.name:
        raise BadInput(f"a checkpoint of another log, {checkpoint.origin}")
    return checkpoint
