"""`inspector pictures`: taken from a running view, learned from, and written where they hold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from inspector.cli.pictures import pictures_command
from inspector.config.loading import load_site
from inspector.errors import BadInput, NothingRunning
from inspector.gateway.site_run import runtime_of
from inspector.simulator.parts import draw_part, make_part
from inspector.simulator.seeds import seed_of
from inspector.vision.picture_check import CheckLimits, check_picture
from tests.faults.live import forget
from tests.faults.running import copied_site

ROOT = Path(__file__).parents[3]
VIEW = ("--station", "ring", "--view", "top")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "site").mkdir()
    yield copied_site(tmp_path / "site")
    forget(tmp_path / "site")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 50 pictures of a square."""
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(1)
    for number in range(50):
        image = np.full((64, 80, 3), 60, np.int16)
        image[16:48, 20:60] = 160
        image += rng.integers(-4, 5, image.shape, np.int16)
        cv2.imwrite(str(folder / f"{number}.png"), image.astype(np.uint8))
    return folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(
        pictures_command, [str(word) for word in words], catch_exceptions=False
    )


def limits_in(site: Path) -> CheckLimits:
    (view,) = (
        view
        for station in load_site(site).stations
        if station.name == "ring"
        for view in station.views
        if view.name == "top"
    )
    return CheckLimits(**view.check.model_dump())


def test_limits_are_shown_and_nothing_is_written_unasked(site: Path, good: Path) -> None:
    before = limits_in(site)
    shown = run("learn", good, *VIEW, "--site", site).output
    assert "ring, view top: 50 pictures" in shown
    for word in ("mean grey", "contrast", "part share", "sharpness", "lowest", "proposed", "now"):
        assert word in shown
    assert "by the proposal 0 of 50, now 50" in shown, "of another size than the ring's"
    assert "out of focus: by 1 px" in shown
    assert limits_in(site) == before


def test_written_limits_hold_for_the_pictures_that_they_were_learned_from(
    site: Path, good: Path
) -> None:
    run("learn", good, *VIEW, "--site", site, "--write")
    limits = limits_in(site)
    assert (limits.width_px, limits.height_px) == (80, 64)
    assert limits.darkest_mean < limits.usual_mean < limits.brightest_mean
    images = [cv2.imread(str(file)) for file in good.iterdir()]
    assert {check_picture(np.asarray(one, np.uint8), limits).trouble for one in images} == {""}


def test_nothing_is_written_while_a_picture_lies_outside(
    site: Path, good: Path, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(good, mixed)
    cv2.imwrite(str(mixed / "black.png"), np.zeros((64, 80, 3), np.uint8))
    before = limits_in(site)
    with pytest.raises(BadInput, match="nothing written: 1 pictures lie outside"):
        run("learn", mixed, *VIEW, "--site", site, "--write")
    assert "black.png: too dark" in run("learn", mixed, *VIEW, "--site", site).output
    assert limits_in(site) == before


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (("--station", "ring", "--view", "back"), "ring: no view 'back'; it has top, side"),
        (
            ("--station", "lamp", "--view", "top"),
            "there is no station lamp \\(there are: blister, board, ring\\)",
        ),
    ],
)
def test_what_does_not_exist_is_named(
    view: tuple[str, ...], says: str, site: Path, good: Path
) -> None:
    with pytest.raises(BadInput, match=says):
        run("learn", good, *view, "--site", site)


def test_each_new_picture_of_a_running_view_is_taken_once(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile = runtime_of(site).make().latest / "ring.top.jpg"
    coming = [b"first", b"first", b"", b"second", b"second", b"third"]
    monkeypatch.setattr(
        "inspector.cli.pictures.time.sleep", lambda _: tile.write_bytes(coming.pop(0))
    )
    run("take", tmp_path / "new", *VIEW, "--site", site, "--count", "3")
    taken = sorted((tmp_path / "new").iterdir())
    assert [file.read_bytes() for file in taken] == [b"first", b"second", b"third"]
    with pytest.raises(BadInput, match="new: not empty"):
        run("take", tmp_path / "new", *VIEW, "--site", site)


def test_a_view_without_new_pictures_is_given_up(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("inspector.cli.pictures.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr(
        "inspector.cli.pictures.time.sleep", lambda s: now_s.__setitem__(0, now_s[0] + 1)
    )
    with pytest.raises(NothingRunning, match=r"ring.top: no new picture for 30 s"):
        run("take", tmp_path / "new", *VIEW, "--site", site)


def test_the_demos_limits_take_its_parts_and_refuse_them_out_of_focus() -> None:
    for station in load_site(ROOT).stations:
        for view in station.views:
            limits = CheckLimits(**view.check.model_dump())
            for number in range(8):
                part = make_part(station.name, seed_of("evaluation", number), bad=number % 2 == 0)
                image = draw_part(part, view.name)
                assert check_picture(image, limits).trouble == ""
                soft = np.asarray(cv2.GaussianBlur(image, (0, 0), 2), np.uint8)
                assert "blurred" in check_picture(soft, limits).trouble
