"""`verdicts.csv`: what people said of parts, the last word of each kind."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.domain.auditing import Source, Word
from inspector.streams.csv_file import CsvFile

WANTED = dict.fromkeys(("part_id", "ts", "source", "reviewer", "verdict"), "")
SOURCES = {str(source): source for source in Source}
WORDS = {str(word): word for word in Word}
CLASS_NAME = re.compile(r"(?=.*[a-z])[A-Za-z][\w./ -]*")
NOT_CLASSES = {
    *("ok", "nok", "unsure", "pass", "passed", "reject", "rejected", "fail", "failed", "good"),
    *("bad", "ng", "unknown", "maybe", "none", "null", "nan", "na", "true", "false", "yes", "no"),
}
"""Words that mean a verdict, or none: a slip of the pen must not become a class of defect."""

Said = dict[Source, Word]
"""The last word of each kind of look."""


def read_verdicts(path: Path) -> dict[str, Said]:
    """Return what was said of each part, by id. Rows may come in any order, `ts` decides.

    Raises:
        RowRefused: Something in it cannot be used.
    """
    file = CsvFile(path, WANTED)
    said: dict[str, Said] = {}
    when: dict[tuple[str, Source], float] = {}
    for block in file.blocks():
        sources = file.words(block, "source", SOURCES)
        words = file.values(block, "verdict", verdict)
        times = file.times(block).tolist()
        ids = file.values(block, "part_id", _named)
        for part, source, at, word in zip(ids, sources, times, words, strict=True):
            if at >= when.get((part, source), at):
                when[part, source] = at
                said.setdefault(part, {})[source] = word
    return said


def verdict(text: str) -> Word:
    """Return a verdict; the name of a class of defect means bad. Raises `ValueError`."""
    known = WORDS.get(text)
    if known:
        return known
    if text.lower() in NOT_CLASSES or not CLASS_NAME.fullmatch(text):
        raise ValueError(f"verdict must be OK, NOK, UNSURE or a class of defect, not {text!r}")
    return Word.BAD


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("part_id is empty")
    return text
