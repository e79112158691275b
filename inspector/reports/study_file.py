"""The CSV of an attribute agreement study, one look in a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inspector.domain.appraising import Look, Mode
from inspector.errors import RowRefused
from inspector.streams.csv_file import Block, CsvFile

WANTED = dict.fromkeys(("part", "truth", "mode", "appraiser", "trial", "verdict"), "")
WORDS = {"OK": False, "NOK": True}
MODES = {str(mode): mode for mode in Mode}


def read_study(path: Path) -> list[Look]:
    """Return the looks.

    Raises:
        RowRefused: A word is unknown, a part has two truths, or a look stands there twice.
    """
    file, looks = CsvFile(path, WANTED), []
    truth: dict[str, bool] = {}
    seen: set[tuple[str, Mode, str, int]] = set()
    for block in file.blocks():
        for row, look in enumerate(_looks(file, block), start=block.first):
            if truth.setdefault(look.part, look.bad) != look.bad:
                raise file.refused(row, f"part {look.part} had another truth before")
            key = (look.part, look.mode, look.appraiser, look.trial)
            if key in seen:
                raise file.refused(row, "this appraiser's trial of this part was there before")
            seen.add(key)
            looks.append(look)
    if not looks:
        raise RowRefused(path, 1, "there is no look in it")
    return looks


def _looks(file: CsvFile, block: Block) -> list[Look]:
    trials = file.whole_numbers(block, "trial")
    file.check(block, "trial", np.array(trials >= 1), "1 or more")
    return [
        Look(part, mode, appraiser, int(trial), bad=bad, called_bad=called)
        for part, mode, appraiser, trial, bad, called in zip(
            file.values(block, "part", named),
            file.words(block, "mode", MODES),
            file.values(block, "appraiser", named),
            trials.tolist(),
            file.words(block, "truth", WORDS),
            file.words(block, "verdict", WORDS),
            strict=True,
        )
    ]


def named(text: str) -> str:
    """Return a name; raises `ValueError` when it is empty."""
    if not text.strip():
        raise ValueError("a name is empty")
    return text.strip()
