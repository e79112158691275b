"""What a chain of looks comes to, case by case."""

from __future__ import annotations

import pytest

from inspector.domain.auditing import Conclusion, Looks, Word, concluded

GOOD, BAD, UNSURE, NONE = Word.GOOD, Word.BAD, Word.UNSURE, None
IS_GOOD, IS_BAD = Conclusion(), Conclusion(bad=True)
UNCONFIRMED, OPEN = Conclusion(bad=True, unconfirmed=True), Conclusion(open=True)


@pytest.mark.parametrize(
    ("audit", "second", "confirm", "comes_to"),
    [
        (GOOD, NONE, NONE, IS_GOOD),
        (GOOD, GOOD, NONE, IS_GOOD),
        (GOOD, UNSURE, NONE, IS_GOOD),
        (BAD, NONE, NONE, UNCONFIRMED),
        (BAD, NONE, BAD, IS_BAD),
        (BAD, NONE, GOOD, IS_GOOD),
        (BAD, NONE, UNSURE, UNCONFIRMED),
        (BAD, GOOD, NONE, UNCONFIRMED),
        (UNSURE, NONE, NONE, OPEN),
        (UNSURE, UNSURE, NONE, OPEN),
        (UNSURE, NONE, GOOD, IS_GOOD),
        (UNSURE, NONE, BAD, IS_BAD),
        (UNSURE, GOOD, NONE, IS_GOOD),
        (UNSURE, BAD, NONE, UNCONFIRMED),
        (GOOD, BAD, NONE, OPEN),
        (GOOD, BAD, BAD, IS_BAD),
        (GOOD, BAD, GOOD, IS_GOOD),
        (GOOD, NONE, UNSURE, OPEN),
        (NONE, NONE, NONE, OPEN),
    ],
)
def test_the_looks_come_to(
    audit: Word | None, second: Word | None, confirm: Word | None, comes_to: Conclusion
) -> None:
    assert concluded(Looks(audit, second, confirm)) == comes_to
