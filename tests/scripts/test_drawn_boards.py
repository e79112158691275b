"""The boards that are drawn for training: a defect's name follows from what it touches."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from scripts.drawn_boards import (
    COPPER,
    MOUSEBITE,
    NAMES,
    OPEN,
    PINHOLE,
    PX,
    SHORT,
    SPUR,
    Mask,
    board_with_defects,
    main,
    named,
    stripes,
    traces,
)


def plate(left: int, right: int) -> Mask:
    board = np.zeros((PX, PX), np.uint8)
    board[:, left:right] = 1
    return board


def bar(left: int, right: int) -> Mask:
    drawn = np.zeros((PX, PX), np.uint8)
    drawn[300:306, left:right] = 1
    return drawn


@pytest.mark.parametrize(
    ("left", "right", "is_copper_drawn", "name"),
    [
        (250, 270, False, PINHOLE),
        (190, 220, False, MOUSEBITE),
        (190, 310, False, OPEN),
        (100, 120, True, COPPER),
        (150, 205, True, SPUR),
    ],
)
def test_what_a_stroke_touches_names_it(
    left: int, right: int, is_copper_drawn: bool, name: int
) -> None:
    copper = plate(200, 300)
    field = 1 - copper if is_copper_drawn else copper
    assert named(bar(left, right) & field, field, on_copper=not is_copper_drawn) == name


def test_copper_between_two_plates_is_a_short() -> None:
    gap = 1 - (plate(100, 200) | plate(220, 320))
    assert named(bar(190, 230) & gap, gap, on_copper=False) == SHORT


def test_a_board_has_defects_of_every_class_and_none_over_another() -> None:
    rng = np.random.default_rng(1)
    boards = [board_with_defects(rng, (stripes, traces), {}) for _ in range(8)]
    assert {kind for _, found in boards for kind, _ in found} == set(range(len(NAMES)))
    for _, found in boards:
        covered = np.zeros((PX, PX), int)
        for _, (x0, y0, x1, y1) in found:
            covered[y0:y1, x0:x1] += 1
        assert covered.max() <= 1


def test_the_same_seed_draws_the_same_and_real_boards_stand_beside(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("images/trainval", "labels/trainval", "good/trainval"):
        (data / folder).mkdir(parents=True)
    grey = (1 - plate(200, 300)) * 255
    cv2.imwrite(str(data / "images/trainval/1.jpg"), grey)
    cv2.imwrite(str(data / "good/trainval/1_good.jpg"), grey)
    (data / "labels/trainval/1.txt").write_text("0 0.25 0.5 0.1 0.2\n")
    (data / "fit.txt").write_text("./images/trainval/1.jpg\n")
    written = []
    for target in (tmp_path / "a", tmp_path / "b"):
        words = [str(data), str(data / "fit.txt"), str(target), "--number", "2"]
        assert CliRunner().invoke(main, words, catch_exceptions=False).exit_code == 0
        files = sorted(file for file in target.rglob("*") if file.is_file())
        written.append([(file.name, file.read_bytes()) for file in files])
    assert written[0] == written[1]
    rows = {name: content.split() for name, content in written[0] if name.endswith(".txt")}
    assert rows["1x.txt"] == [b"1", b"0.25", b"0.5", b"0.1", b"0.2"]
    assert rows["1tx.txt"] == [b"1", b"0.5", b"0.25", b"0.2", b"0.1"]
    assert len(rows["train.txt"]) == 4 + 2
