"""The audit's draw in a running demo: repeated from the records by whoever has the site's key."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.config.site import Site
from inspector.config.station import AuditSettings
from inspector.domain.audit_sampling import (
    PartKey,
    key_of_month,
    select,
    site_name,
    start_plan,
)
from inspector.domain.record import Record
from inspector.domain.verdict import Verdict
from inspector.storage.image_files import KeptPictures
from tests.faults.running import Ran, kill, run_demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a whole run of the demo
SHARE = 0.5


@dataclass
class Draws:
    """A demo whose line was killed in the middle, and what its records say."""

    ran: Ran
    passed: list[Record]
    others: list[Record]


@pytest.fixture(scope="module")
def draws(tmp_path_factory: pytest.TempPathFactory) -> Draws:
    def half(site: Site) -> Site:
        audit = AuditSettings(start_share=SHARE)
        stations = (one.model_copy(update={"audit": audit}) for one in site.stations)
        return site.model_copy(update={"stations": tuple(stations)})

    folder = tmp_path_factory.mktemp("audit")
    ran = run_demo(folder, parts=60, at={30: kill("line")}, changed=half)
    assert ran.sums.broken() == ()
    records = [one for station in ran.site.stations for one in ran.records(station.name)]
    passed = [one for one in records if one.verdict is Verdict.PASS]
    return Draws(ran, passed, [one for one in records if one.verdict is not Verdict.PASS])


def test_every_draw_can_be_repeated_with_the_sites_key(draws: Draws) -> None:
    file = Path(draws.ran.site.data) / "site.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_bytes()
    epochs = {one.epoch for one in draws.passed}
    assert len(epochs) > 1, "parts passed before the line's restart and after it"
    for one in draws.passed:
        part = PartKey(site_name(secret), one.station, one.run, one.number)
        assert one.score is not None
        again = select(start_plan(SHARE), key_of_month(secret, one.judged_at), part, one.score)
        said = (one.stratum, one.audit_pi, one.selected, one.strata_version, one.audit_key)
        assert said == (
            *(again.stratum, again.audit_pi, again.selected),
            *(again.strata_version, again.key_id),
        )


def test_stations_draw_different_parts(draws: Draws) -> None:
    selected = [one for one in draws.passed if one.selected]
    drawn = {
        station.name: {one.number for one in selected if one.station == station.name}
        for station in draws.ran.site.stations
    }
    assert all(drawn.values())
    assert len({tuple(sorted(numbers)) for numbers in drawn.values()}) == len(drawn)


def test_what_did_not_pass_is_not_drawn(draws: Draws) -> None:
    assert {one.verdict for one in draws.others} >= {Verdict.REJECT}
    for one in draws.others:
        assert (one.stratum, one.audit_pi, one.selected, one.audit_key) == (None,) * 4
        assert (one.score is not None) == (one.verdict is Verdict.REJECT)


def test_pictures_of_drawn_parts_are_kept(draws: Draws) -> None:
    pictures = KeptPictures(Path(draws.ran.site.data))
    drawn = [view.picture for one in draws.passed if one.selected for view in one.views]
    assert drawn
    assert all(pictures.file(digest).exists() for digest in drawn)


def test_no_key_stands_in_a_record_a_log_or_a_status(draws: Draws) -> None:
    data = Path(draws.ran.site.data)
    secret = (data / "site.key").read_bytes()
    month = key_of_month(secret, draws.passed[0].judged_at).secret
    for file in data.rglob("*"):
        if file.is_file() and file.name != "site.key":
            content = file.read_bytes()
            for key in (secret, month):
                assert key not in content, file
                assert key.hex().encode() not in content, file
