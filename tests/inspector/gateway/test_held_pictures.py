"""A picture is held until the line has spoken, and then kept or gone, never half."""

import os
from pathlib import Path

import pytest

from inspector.gateway import held_pictures
from inspector.gateway.held_pictures import HeldPictures

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "held").mkdir()
    return tmp_path


def pictures(folder: Path, *, most: int = 10) -> HeldPictures:
    return HeldPictures(folder / "held", folder / "pictures", most=most)


def held(folder: Path) -> set[str]:
    return {file.stem for file in (folder / "held").iterdir()}


def kept(folder: Path) -> set[str]:
    return {file.stem for file in (folder / "pictures").rglob("*.jpg")}


def test_a_picture_that_is_kept_is_on_the_disk_and_not_held_any_more(folder: Path) -> None:
    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    some.keep(ONE)
    assert (folder / "pictures" / "11" / f"{ONE}.jpg").read_bytes() == b"jpeg"
    assert held(folder) == set()
    some.keep(ONE)
    assert kept(folder) == {ONE}
    assert some.lost == 0


def test_a_picture_that_is_dropped_is_gone(folder: Path) -> None:
    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    some.drop(ONE)
    some.drop(ONE)
    assert (held(folder), kept(folder)) == (set(), set())


@pytest.mark.parametrize("last", ["keep", "drop"])
def test_of_two_parts_with_one_picture_the_first_drop_leaves_it(folder: Path, last: str) -> None:
    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    some.hold(ONE, b"jpeg")
    some.drop(ONE)
    assert held(folder) == {ONE}
    getattr(some, last)(ONE)
    assert held(folder) == set()
    assert kept(folder) == ({ONE} if last == "keep" else set())


def test_what_a_dead_worker_held_can_still_be_kept_or_dropped(folder: Path) -> None:
    before = pictures(folder)
    before.hold(ONE, b"one")
    before.hold(TWO, b"two")
    after = pictures(folder)
    after.keep(ONE)
    after.drop(TWO)
    assert (held(folder), kept(folder)) == (set(), {ONE})


def test_the_oldest_goes_when_too_many_are_held_and_it_is_counted(folder: Path) -> None:
    some = pictures(folder, most=2)
    for digest in (ONE, TWO, THREE):
        some.hold(digest, b"jpeg")
    assert held(folder) == {TWO, THREE}
    assert some.lost == 1
    some.keep(ONE)
    assert kept(folder) == set()
    assert some.lost == 2


def test_the_bound_counts_what_an_earlier_worker_left(folder: Path) -> None:
    for digest, age in ((TWO, 10), (ONE, 99)):
        (folder / "held" / f"{digest}.jpg").write_bytes(b"jpeg")
        os.utime(folder / "held" / f"{digest}.jpg", (1000 - age, 1000 - age))
    some = pictures(folder, most=2)
    some.hold(THREE, b"jpeg")
    assert held(folder) == {TWO, THREE}


def test_a_disk_that_does_not_take_it_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    with monkeypatch.context() as broken:
        broken.setattr(held_pictures, "write_whole", full)
        some.keep(ONE)
        some.drop(ONE)
        assert held(folder) == {ONE}
        assert "No space left" in some.trouble
    some.retry()
    assert (held(folder), kept(folder), some.trouble) == (set(), {ONE}, "")


def test_a_full_shared_memory_loses_the_picture_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(held_pictures, "write_whole", full)
    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    assert some.lost == 1
    assert "cannot be held: No space left" in some.complaint()


def test_on_a_disk_that_is_nearly_full_no_picture_is_kept_and_none_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Disk:
        total, free = 1000, 49

    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk)
    some = pictures(folder)
    some.hold(ONE, b"jpeg")
    some.keep(ONE)
    assert kept(folder) == set()
    assert held(folder) == {ONE}
    assert some.complaint() == "pictures cannot be kept: less than 5% of the disk is free"
    monkeypatch.setattr(Disk, "free", 51)
    some.retry()
    assert kept(folder) == {ONE}
