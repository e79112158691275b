"""A data folder with broken labels: one sentence with file and line, exit code 2, soon.

Whatever is to be done with the set. The files are made here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.cli import main, train
from tests.inspector.vision import tiny

MOST_S = 60
"""The slowest case takes a second of a processor; a busy one may give it little."""
ROWS = "0 0.5 0.5 0.2 0.2\n"

pytestmark = pytest.mark.timeout(MOST_S)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set in order, of one labelled picture, for every split."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    (tmp_path / "images/a.png").write_bytes(tiny.png(tiny.flat(9, 9, 9)))
    (tmp_path / "labels/a.txt").write_text(ROWS)
    (tmp_path / "list.txt").write_text("\nimages/a.png\n")
    file = tmp_path / "data.yaml"
    file.write_text("train: list.txt\nval: list.txt\ntest: list.txt\nnames: [red, blue]\n")
    tiny.write_package(tmp_path / "models" / "tiny")
    return file


def row(text: str) -> Callable[[Path], None]:
    """Return what adds this row."""

    def spoil(folder: Path) -> None:
        (folder / "labels/a.txt").write_text(f"{ROWS}{text}\n")

    return spoil


def huge(folder: Path) -> None:
    with (folder / "labels/a.txt").open("r+b") as file:
        file.truncate(1 << 30)


def many(folder: Path) -> None:
    (folder / "labels/a.txt").write_text("0 .5 .5 1 1\n" * 100_000)


def dense(folder: Path) -> None:
    (folder / "labels/a.txt").write_text("0 .5 .5 1 1\n" * 20_000)


def loop(folder: Path) -> None:
    (folder / "labels/a.txt").unlink()
    (folder / "labels/a.txt").symlink_to("a.txt")


def lost(folder: Path) -> None:
    (folder / "labels/a.txt").unlink()
    (folder / "labels/a.txt").symlink_to("another.txt")


def pipe(folder: Path) -> None:
    (folder / "labels/a.txt").unlink()
    os.mkfifo(folder / "labels/a.txt")


def zeros(folder: Path) -> None:
    (folder / "labels/a.txt").unlink()
    (folder / "labels/a.txt").symlink_to("/dev/zero")


def gone(folder: Path) -> None:
    (folder / "images/a.png").unlink()


def no_picture(folder: Path) -> None:
    (folder / "images/a.png").write_text("hello")


def picture_loop(folder: Path) -> None:
    (folder / "images/a.png").unlink()
    (folder / "images/a.png").symlink_to("a.png")


def picture_pipe(folder: Path) -> None:
    (folder / "data.yaml").write_text(
        "train: images\nval: images\ntest: images\nnames: [red, blue]\n"
    )
    os.mkfifo(folder / "images/b.png")


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "a row cut short": (row("0 0.5 0.5"), "labels/a.txt, line 2: 3 numbers"),
    "words": (row("red 0.5 0.5 0.2 0.2"), "labels/a.txt, line 2: something else than numbers"),
    "a class out of range": (row("2 0.5 0.5 0.2 0.2"), "labels/a.txt, line 2: class 2; there"),
    "a class below 0": (row("-1 0.5 0.5 0.2 0.2"), "labels/a.txt, line 2: class -1; there"),
    "a class that is no number": (row("nan 0.5 0.5 0.2 0.2"), "labels/a.txt, line 2: class nan"),
    "not a number": (row("0 0.5 nan 0.2 0.2"), "labels/a.txt, line 2: a box without width"),
    "infinite": (row("0 0.5 0.5 inf 0.2"), "labels/a.txt, line 2: a box without width"),
    "pixels for shares": (row("0 50 50 10 10"), "labels/a.txt, line 2: a box outside"),
    "a label file of 1 GB": (huge, "labels/a.txt: larger than 1024 kB"),
    "100,000 rows": (many, "labels/a.txt: larger than 1024 kB"),
    "20,000 boxes": (dense, "labels/a.txt, line 10001: more than 10000 boxes"),
    "a label that is a link to itself": (loop, "labels/a.txt: cannot be read: Too many levels"),
    "a label that leads nowhere": (lost, "labels/a.txt: cannot be read: No such file"),
    "a label that is a pipe": (pipe, "labels/a.txt: cannot be read: not a plain file"),
    "a label without end": (zeros, "labels/a.txt: cannot be read: not a plain file"),
    "a missing picture": (gone, "list.txt, line 2: lists "),
    "a picture that is a link to itself": (picture_loop, "list.txt, line 2: lists "),
    "a picture that is text": (no_picture, "images/a.png: not a PNG, JPEG or BMP picture"),
    "a picture that is a pipe": (picture_pipe, "images/b.png: cannot be read: not a plain file"),
}
COMMANDS = (
    "evaluate --package {}/models/tiny --data {}/data.yaml",
    "train --name boards --data {}/data.yaml",
)


def refused(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Run a command that must exit with 2; return what it said on stderr, without its progress."""
    monkeypatch.setattr(sys, "argv", ["inspector", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    return "\n".join(line for line in said if "evaluating" not in line and "measuring" not in line)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words.split()[0])
@pytest.mark.parametrize("name", BROKEN)
def test_a_set_is_refused_that_has(
    name: str,
    command: str,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train, "RUNS", data.parent / "runs")
    spoil, says = BROKEN[name]
    spoil(data.parent)
    words = command.replace("{}", str(data.parent)).split()
    said = refused(words, capsys, monkeypatch)
    assert says in said
    assert len(said.splitlines()) == 1, said
    assert not (data.parent / "runs").exists(), "nothing was begun"


PICTURES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a picture that is text": (no_picture, "images/a.png: not a PNG, JPEG or BMP picture"),
    "a picture that is a pipe": (picture_pipe, "images/b.png: cannot be read: not a plain file"),
    "a picture that is a link to itself": (picture_loop, "images/a.png: cannot be read: Too many"),
    "no pictures": (gone, "images: no pictures in this folder"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_folder_of_good_pictures_is_refused_that_has(
    name: str, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil, says = PICTURES[name]
    spoil(data.parent)
    folder = data.parent / "images"
    words = ["pictures", "learn", str(folder), "--station", "ring", "--view", "top"]
    assert says in refused(words, capsys, monkeypatch)


def test_folders_that_hold_themselves_are_walked_once(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture_pipe(data.parent)  # the set's pictures are those of the folder
    (data.parent / "images/b.png").unlink()
    (data.parent / "images/again").symlink_to(data.parent / "images")
    row("2 0.5 0.5 0.2 0.2")(data.parent)
    said = refused(["train", "--name", "boards", "--data", str(data)], capsys, monkeypatch)
    assert "labels/a.txt, line 2: class 2" in said
