"""A labelled data set is read as it was meant, or refused with file and line."""

from pathlib import Path

import pytest

from inspector.domain.detection import Marked
from inspector.errors import BadInput
from inspector.evaluation.labelled import label_file, open_set
from tests.inspector.vision import tiny


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set with one picture that has a dent and a burr, and a good one."""
    (tmp_path / "images" / "val").mkdir(parents=True)
    (tmp_path / "labels" / "val").mkdir(parents=True)
    for name in ("a", "b"):
        file = tmp_path / "images" / "val" / f"{name}.png"
        file.write_bytes(tiny.png(tiny.flat(9, 9, 9)))
    (tmp_path / "labels" / "val" / "a.txt").write_text(
        "0 0.5 0.5 0.25 0.5\n\n1 0 0 0.5 0 0.5 0.25 0 0.25\n"
    )
    file = tmp_path / "data.yaml"
    file.write_text("train: list.txt\nval: images/val\nnames:\n  0: dent\n  1: burr\n")
    (tmp_path / "list.txt").write_text("./images/val/a.png\n")
    return file


def test_boxes_and_outlines_become_boxes_in_pixels_and_no_label_is_a_good_picture(
    data: Path,
) -> None:
    read = open_set(data)
    assert read.names == ("dent", "burr")
    bad, good = read.pictures("val")
    assert bad.marked(40, 80) == (
        Marked("dent", (15.0, 20.0, 10.0, 40.0)),
        Marked("burr", (0.0, 0.0, 20.0, 20.0)),
    )
    assert good.file.name == "b.png"
    assert good.marked(40, 80) == ()


def test_a_list_names_its_pictures_from_its_own_folder(data: Path) -> None:
    (one,) = open_set(data).pictures("train")
    assert one.file == data.parent / "images/val/a.png"
    assert one.kinds == ("dent", "burr")


def test_path_and_several_sources_and_names_in_a_row(data: Path) -> None:
    data.write_text(f"path: {data.parent}\nval: [list.txt, images/val]\nnames: [dent, burr]\n")
    assert len(open_set(data).pictures("val")) == 3


def test_labels_lie_in_the_place_of_the_last_images() -> None:
    assert label_file(Path("/images/x/images/a.jpg")) == Path("/images/x/labels/a.txt")
    assert label_file(Path("/x/good/a.jpg")) == Path("/x/good/a.txt")


def test_labels_are_found_from_the_sets_own_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    for split in ("train", "val"):
        assert open_set(Path("data.yaml")).pictures(split)[0].kinds == ("dent", "burr")


BROKEN_ROWS = {
    "0 0.5 0.5 0.2": "4 numbers",
    "0 0.5 0.5 0.2 0.2 0.2": "6 numbers",
    "dent 0.5 0.5 0.2 0.2": "something else than numbers",
    "2 0.5 0.5 0.2 0.2": "class 2; there are 2, numbered from 0",
    "-1 0.5 0.5 0.2 0.2": "class -1",
    "0.5 0.5 0.5 0.2 0.2": "class 0.5",
    "0 0.5 0.5 0 0.2": "a box without width or height",
    "0 0.5 nan 0.2 0.2": "a box without width or height",
    "0 120 80 10 10": "a box outside its picture",
    "0 0.95 0.5 0.2 0.2": "a box outside its picture",
}


@pytest.mark.parametrize("row", BROKEN_ROWS)
def test_a_broken_label_is_named_with_its_line(data: Path, row: str) -> None:
    file = data.parent / "labels" / "val" / "a.txt"
    file.write_text(f"0 0.5 0.5 0.2 0.2\n{row}\n")
    with pytest.raises(BadInput) as told:
        open_set(data).pictures("val")
    assert str(told.value).startswith(f"{file}, line 2: ")
    assert BROKEN_ROWS[row] in str(told.value)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nval: [*b, *b]\nnames: [dent]\n"
BROKEN_FILES = {
    "val: images/val\n": "names: must name each class",
    "val: images/val\nnames: [dent, dent]\n": "two classes have one name",
    "val: images/val\nnames: {1: dent}\n": "numbered from 0",
    "val: 5\nnames: [dent]\n": "val: must be a folder",
    "train: images/val\nnames: [dent]\n": "has no 'val'",
    "val: gone\nnames: [dent]\n": "neither a folder of pictures nor a list",
    "val: labels\nnames: [dent]\n": "0 pictures",
    "val: gone.txt\nnames: [dent]\n": "cannot be read: No such file",
    "[": "not valid YAML",
    "just words": "not a table",
    BOMB: "has an alias",
    "!!python/object/apply:os.system ['true']": "not valid YAML",
    "a: " + "[" * 5000: "nested too deeply",
    "#" * (1 << 19): "larger than 256 kB",
}


@pytest.mark.parametrize("text", BROKEN_FILES, ids=BROKEN_FILES.values())
def test_a_broken_file_is_refused_in_one_sentence(data: Path, text: str) -> None:
    data.write_text(text)
    with pytest.raises(BadInput, match=BROKEN_FILES[text]) as told:
        open_set(data).pictures("val")
    assert "\n" not in str(told.value)


def test_a_set_whose_labels_lie_elsewhere_is_not_a_set_of_good_pictures(data: Path) -> None:
    label = data.parent / "labels" / "val" / "a.txt"
    label.rename(data.parent / "a.txt")
    with pytest.raises(BadInput, match="val: no picture has a label") as told:
        open_set(data).pictures("val")
    assert str(told.value).endswith(str(label))


def test_a_listed_picture_that_is_missing_is_named(data: Path) -> None:
    (data.parent / "list.txt").write_text("images/val/a.png\nimages/val/gone.png\n")
    with pytest.raises(BadInput, match=r"list\.txt, line 2: lists .*gone\.png, which is missing"):
        open_set(data).pictures("train")


def test_text_that_is_none_is_refused(data: Path) -> None:
    data.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8 text"):
        open_set(data)
