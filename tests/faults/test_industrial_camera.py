"""The demo with a view switched to a GigE Vision camera by its TOML alone, which is pulled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.verdict import Verdict
from inspector.ipc import Runtime, read_status
from tests.faults.running import copied_site, run_demo
from tests.gige import ADDRESS, FakeGige, fake_gige

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a whole run of the demo

PARTS, PULLED, BACK = 80, 16, 28
IN_SYNC_AGAIN = 18
ALARM_WITHIN_S = 2.0
SIZE = "features = { Width = 128, Height = 96 }"
CAMERA = f'camera = {{ kind = "genicam", address = "{ADDRESS}", {SIZE} }}'


def switched(folder: Path) -> Site:
    """Return the demo's site, of whose board the only view is a GigE Vision camera.

    What the camera shows is no board: nothing is asked of its pictures, so that they are judged.
    """
    file = copied_site(folder) / "stations" / "board.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("check = ")]
    mine = [CAMERA if line.startswith("camera = ") else line for line in lines]
    file.write_text("\n".join(mine))
    site = load_site(folder)
    return site.model_copy(update={"stations": (site.station("board"),)})


class Pulled:
    """Notes when the camera was pulled, and when the station said so."""

    def __init__(self, fake: FakeGige) -> None:
        self._fake, self.at_s, self.told_s = fake, 0.0, 0.0

    def pull(self, _: Runtime) -> None:
        self._fake.kill()
        self.at_s = time.monotonic()

    def back(self, _: Runtime) -> None:
        self._fake.start()

    def look(self, runtime: Runtime) -> None:
        stations: Any = (read_status(runtime, "line") or {}).get("stations") or {}
        board = stations.get("board", {})
        if self.at_s and not self.told_s and board.get("state") == "failure":
            assert "does not answer any more" in board["state_why"]
            self.told_s = time.monotonic()


def test_a_pulled_camera_is_an_alarm_its_parts_are_rejected_and_it_comes_back(
    tmp_path: Path,
) -> None:
    with fake_gige() as fake:
        pulled = Pulled(fake)
        ran = run_demo(
            tmp_path,
            parts=PARTS,
            rate_hz=2,
            sync="software_trigger",
            settings=switched(tmp_path / "site"),
            at={PULLED: pulled.pull, BACK: pulled.back},
            each_poll=pulled.look,
        )
    assert 0 < pulled.told_s - pulled.at_s < ALARM_WITHIN_S
    # What a camera shows that is none of its own, the demo cannot know.
    assert set(ran.sums.broken()) <= {"wrong_picture"}
    records = ran.by_number("board")
    away = [records[number] for number in range(PULLED + 2, BACK)]
    assert {one.verdict for one in away} == {Verdict.UNKNOWN}
    assert f"view top: the camera at {ADDRESS}: it does not answer any more" in {
        one.not_inspected for one in away
    }
    later = [records[number].verdict for number in range(BACK + IN_SYNC_AGAIN, PARTS + 1)]
    assert sum(verdict is not Verdict.UNKNOWN for verdict in later) >= 10
