"""`inspector train`: the demo's chain, and a model of one's own labelled pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inspector.cli import train
from inspector.cli.train_demo import steps
from inspector.errors import BadInput
from inspector.simulator.parts import STATIONS
from tests.inspector.vision import tiny


def test_the_chain_trains_every_station_before_it_packages_any() -> None:
    names = [step.name for step in steps(2.0)]
    assert names[:3] == ["environment", "joint-pictures", "joint-training"]
    for station in STATIONS:
        own = [f"{station}-{what}" for what in ("start", "pictures", "training", "package")]
        assert [name for name in names if name in own] == own
    assert names[-1] == "samples"
    assert len(set(names)) == len(names), "a stamp belongs to one step"


def test_the_hours_are_shared_out() -> None:
    hours = [
        float(step.command[step.command.index("--hours") + 1])
        for step in steps(3.0)
        if "--hours" in step.command
    ]
    assert sum(hours) == pytest.approx(3.0, abs=0.01)


# --- one's own pictures ---


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set of two pictures, one of them good, for both splits."""
    for part in ("images", "labels"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / f"set/images/{name}.png").write_bytes(tiny.png(tiny.flat(9, 9, 9)))
    (tmp_path / "set/labels/a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    file = tmp_path / "set" / "data.yaml"
    file.write_text("train: images\nval: images\nnames: [dent, burr]\n")
    return file


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the training environment is told, in place of doing it."""
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(train, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(train, "make_trainer", lambda: None)
    monkeypatch.setattr(train, "trainer", lambda *words, what: told.append(words))
    return told


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(
        train.train_command, ["--data", str(data), "--name", "own", *words], catch_exceptions=True
    )


def refused(data: Path, *words: str) -> str:
    ran = run(data, *words)
    assert isinstance(ran.exception, BadInput), ran.output
    return str(ran.exception)


def option(words: tuple[Any, ...], name: str) -> str:
    return str(words[words.index(name) + 1])


def test_what_is_trained_on_is_what_was_checked(
    data: Path, asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    assert run(data, "--start", "yolo11s.yaml", "--px", "320", "--seed", "5").exit_code == 0
    (words,) = asked
    assert words[:3] == ("train", "train", "own")
    assert (option(words, "--start"), option(words, "--px"), option(words, "--seed")) == (
        *("yolo11s.yaml", "320", "5"),
    )
    assert option(words, "--batch") == "4"  # few pictures: many steps
    folder = tmp_path / "runs" / "own" / "data"
    assert words[3] == folder / "data.yaml"
    assert (folder / "labels/train/0000000.txt").read_text() == "1 0.5 0.5 0.5 0.5\n"
    assert (folder / "labels/train/0000001.txt").read_text() == ""
    assert (folder / "images/train/0000000.png").resolve() == data.parent / "images/a.png"
    assert list(data.parent.glob("**/*.cache")) == []
    facts = json.loads((tmp_path / "runs/own/training.json").read_text())
    assert (facts["pictures"], facts["seeds"], len(facts["fingerprint"])) == (
        *(2, {"training": 5}, 64),
    )


def test_the_same_command_goes_on_and_then_is_done(
    data: Path, asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    assert run(data).exit_code == 0
    (tmp_path / "runs/own/done").unlink()  # as if cut off
    (tmp_path / "runs/own/weights").mkdir()
    (tmp_path / "runs/own/weights/last.pt").touch()
    assert run(data).exit_code == 0
    assert asked[1] == ("train", "resume", "own")
    assert "done before" in run(data).stderr
    assert len(asked) == 2
    assert run(data, "--again").exit_code == 0
    assert asked[2][1] == "train"


def test_a_run_goes_on_with_what_it_was_begun_with_alone(
    data: Path, asked: list[tuple[Any, ...]]
) -> None:
    assert run(data).exit_code == 0
    assert "was begun with px 640, now 320" in refused(data, "--px", "320")
    (data.parent / "labels/a.txt").write_text("0 0.5 0.5 0.5 0.5\n")  # as long as before
    assert "was begun with fingerprint" in refused(data)


def test_a_folder_of_another_training_is_left_alone(
    data: Path, asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    (tmp_path / "runs/own/weights").mkdir(parents=True)
    assert "is of another training" in refused(data, "--again")
    assert (tmp_path / "runs/own/weights").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--name", "../x"), "--name: a small letter"),
        (("--start", "yolo26x.yaml"), "--start yolo26x.yaml: neither"),
        (("--start", "gone.pt"), "--start gone.pt: neither"),
        (("--px", "100"), "must be a multiple of 32"),
        (("--epochs", "3", "--hours", "1"), "one of them"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_it_begins(
    data: Path, asked: list[tuple[Any, ...]], words: tuple[str, ...], says: str
) -> None:
    assert says in refused(data, *words)
    assert asked == []


def test_broken_data_is_refused_before_it_begins(data: Path, asked: list[tuple[Any, ...]]) -> None:
    label = data.parent / "labels" / "a.txt"
    label.write_text("7 0.5 0.5 0.5 0.5\n")
    assert refused(data) == f"{label}, line 1: class 7; there are 2, numbered from 0"
    label.write_text("1 0.5 0.5 0.5\n")
    assert "a.txt, line 1: 4 numbers" in refused(data)
    label.unlink()
    assert "train: no picture has a label" in refused(data)
    label.write_text("1 0.5 0.5 0.5 0.5\n")
    (data.parent / "images/b.png").write_bytes(b"")
    assert "b.png: empty, 0 bytes" in refused(data)
    assert asked == []
