from pathlib import Path

import cv2

from inspector.simulator.dataset import INPUT_PX, classes_of, write_dataset
from inspector.simulator.parts import kinds_of


def test_a_data_set_has_a_label_file_for_each_picture(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, ("board", "ring"), pictures=5, validation=2).parent
    pictures = sorted((root / "images" / "train").iterdir())
    assert len(pictures) == 10
    picture = cv2.imread(str(pictures[0]))
    assert picture is not None
    assert picture.shape == (INPUT_PX, INPUT_PX, 3)
    labels = [(root / "labels" / "train" / f"{p.stem}.txt").read_text() for p in pictures]
    assert sum(not text for text in labels) == 4
    numbers = {int(line.split()[0]) for text in labels for line in text.splitlines()}
    assert numbers <= set(range(8))


def test_joint_classes_carry_their_station() -> None:
    assert classes_of(("board",)) == list(kinds_of("board"))
    assert classes_of(("board", "ring"))[4] == f"ring.{kinds_of('ring')[0]}"


def test_more_of_one_kind_shows_that_kind_in_every_picture(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, ("board",), pictures=4, validation=1, kinds=("scratch",)).parent
    labels = [file.read_text() for file in (root / "labels" / "train").iterdir()]
    scratch = str(kinds_of("board").index("scratch"))
    assert len(labels) == 4
    assert all(scratch in {line.split()[0] for line in text.splitlines()} for text in labels)
