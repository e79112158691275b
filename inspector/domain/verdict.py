"""The words said about a part, and what the PLC did with it."""

from __future__ import annotations

from enum import IntEnum


class Verdict(IntEnum):
    """What the gateway says of a part; the numbers are those of the PLC's table."""

    PASS = 1
    REJECT = 2
    """A defect was found."""
    UNKNOWN = 3
    """Not inspected, for any cause; the PLC rejects it, and no operator can turn it to PASS."""


class Action(IntEnum):
    """What the PLC did with a part at the reject station; the numbers of its decision table."""

    PASSED = 1
    REJECTED = 2
    FAIL_SAFE = 3
    """Rejected because there was no valid verdict."""
    PASSED_BY_KEY = 4
    """Passed without a verdict under the PLC's pass-all key."""
    PASSED_BY_OPERATOR = 6
    REJECTED_BY_OPERATOR = 7

    @property
    def is_pass(self) -> bool:
        """True when the part went on down the line."""
        return self in (Action.PASSED, Action.PASSED_BY_KEY, Action.PASSED_BY_OPERATOR)
