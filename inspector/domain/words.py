"""The 32-bit words of the handshake: one per part, so that one write is one statement.

Layout (docs/architecture.md, "The PLC handshake"):

    machine word    bits 31-8 part id (low 24 bits) · 7-4 epoch (low 4) · 3-0 verdict
    operator word   bits 31-8 part id · 7-4 epoch · 3-2 revision · 1-0 verdict
    decision word   bits 31-8 part id · 7-0 action
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.domain.verdict import Action, Verdict

ID_MASK = 0xFFFFFF
EPOCH_MASK = 0xF
LAST_REVISION = 3
"""An operator word has two bits for the revision; 0 means that no operator has spoken."""


@dataclass(frozen=True, slots=True)
class MachineWord:
    """The gateway's verdict on one part."""

    part_id: int
    epoch: int
    verdict: int

    def pack(self) -> int:
        """Return the 32-bit word; only the low 24 bits of the id and 4 of the epoch fit."""
        return (self.part_id & ID_MASK) << 8 | (self.epoch & EPOCH_MASK) << 4 | self.verdict & 0xF

    @staticmethod
    def unpack(word: int) -> MachineWord:
        """Return what a 32-bit word says; the verdict may be a number we do not know."""
        return MachineWord(word >> 8 & ID_MASK, word >> 4 & EPOCH_MASK, word & 0xF)


@dataclass(frozen=True, slots=True)
class OperatorWord:
    """A person's verdict on one part; the highest revision stands, REJECT wins a tie."""

    part_id: int
    epoch: int
    revision: int
    verdict: int

    def pack(self) -> int:
        """Return the 32-bit word."""
        return (
            (self.part_id & ID_MASK) << 8
            | (self.epoch & EPOCH_MASK) << 4
            | (self.revision & LAST_REVISION) << 2
            | self.verdict & 0x3
        )

    @staticmethod
    def unpack(word: int) -> OperatorWord:
        """Return what a 32-bit word says; revision 0 means that no operator has spoken."""
        return OperatorWord(
            word >> 8 & ID_MASK, word >> 4 & EPOCH_MASK, word >> 2 & LAST_REVISION, word & 0x3
        )


def decision_word(part_id: int, action: Action) -> int:
    """Return the PLC's 32-bit word for what it did with a part."""
    return (part_id & ID_MASK) << 8 | int(action)


def action_of(word: int, part_id: int) -> Action | None:
    """Return the action in a decision word, or None when it is about another part."""
    if word >> 8 != part_id & ID_MASK or word & 0xFF not in set(Action):
        return None
    return Action(word & 0xFF)


def verdict_name(verdict: Verdict | None) -> str:
    """Return the verdict as the API and the records spell it: "pass", "reject", "unknown"."""
    return verdict.name.lower() if verdict else ""
