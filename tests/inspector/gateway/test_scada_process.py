"""The process of our OPC UA server: what it reads, and that it really runs as it is started."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from inspector.config.loading import load_site
from inspector.config.scada import ScadaSettings
from inspector.config.site import Site, save_site
from inspector.domain.record import Record, RecordFilter
from inspector.errors import SettingsWrong, StoreRefused
from inspector.gateway.demo_scada import CLIENT_URI, demo_scada, make_demo_client
from inspector.gateway.keys import scada_password
from inspector.gateway.scada_process import has_judged
from inspector.gateway.scada_serving import DecidedRecords
from inspector.gateway.site_run import children_of, free_port
from inspector.ipc import Runtime, read_status, write_status
from inspector.storage.database import writing
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import put_blank
from tests.inspector.scada.plant import decided_record, station_said
from tests.journal_entries import START, decided, judged

ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The demo's site with its SCADA server, in a folder of the test."""
    data = tmp_path / "data"
    settings = load_site(ROOT, data=data)
    assert settings.scada
    scada = demo_scada(settings.scada, data, free_port())
    return settings.model_copy(update={"scada": scada, "folder": str(ROOT)})


# --- the decided parts, each once ---


class Kept:
    """Records as the store gives them: newest first."""

    def __init__(self) -> None:
        self.records_: list[Record] = []
        self.asked: list[RecordFilter] = []
        self.away = False

    def records(self, wanted: RecordFilter) -> Sequence[Record]:
        self.asked.append(wanted)
        if self.away:
            raise StoreRefused("locked")
        since = wanted.since
        found = [one for one in self.records_ if since is None or one.triggered_at >= since]
        return sorted(found, key=lambda one: one.triggered_at, reverse=True)[: wanted.limit]

    def decide(self, number: int) -> None:
        self.records_ = [one for one in self.records_ if one.number != number]
        self.records_.append(decided_record(number))

    def open(self, number: int) -> None:
        self.records_.append(replace(decided_record(number), decision=None))


def numbers(records: Sequence[Record]) -> list[int]:
    return [record.number for record in records]


def test_each_decided_part_is_told_once_and_in_order() -> None:
    kept = Kept()
    told = DecidedRecords(kept, "ring")
    for number in (1, 2, 3):
        kept.open(number)
    assert told.new() == []
    kept.decide(1)
    kept.decide(2)
    assert numbers(told.new()) == [1, 2]
    assert told.new() == []
    kept.decide(3)
    assert numbers(told.new()) == [3]


def test_a_part_whose_decision_comes_after_the_next_ones_is_not_missed() -> None:
    kept = Kept()
    told = DecidedRecords(kept, "ring")
    kept.open(1)
    for number in range(2, 150):
        kept.decide(number)
    assert 149 in numbers(told.new())
    kept.decide(1)
    kept.decide(150)
    assert 150 in numbers(told.new())
    kept.open(151)
    kept.decide(152)
    assert numbers(told.new()) == [152]
    kept.decide(151)
    assert numbers(told.new()) == [151]


def test_no_more_is_asked_for_than_what_is_open() -> None:
    kept = Kept()
    told = DecidedRecords(kept, "ring")
    for number in range(1, 60):
        kept.decide(number)
    told.new()
    told.new()
    assert kept.asked[-1].since == decided_record(59).triggered_at


def test_nothing_is_lost_while_the_database_cannot_be_read() -> None:
    kept = Kept()
    told = DecidedRecords(kept, "ring")
    kept.decide(1)
    told.new()
    kept.away = True
    kept.decide(2)
    assert told.new() == []
    kept.away = False
    assert numbers(told.new()) == [2]


# --- how it is started ---


def test_it_is_the_last_to_start_and_only_where_the_site_has_the_table(site: Site) -> None:
    names = [child.name for child in children_of(site, Runtime(Path("none")), {})]
    assert names[-1] == "scada"
    without = children_of(site.model_copy(update={"scada": None}), Runtime(Path("none")), {})
    assert "scada" not in [child.name for child in without]


def test_it_waits_with_loading_until_a_verdict_has_reached_the_plc() -> None:
    syncing = station_said(latency_ms={"p50": None, "p99": None, "max": None})
    assert not has_judged(None)
    assert not has_judged({"stations": {"ring": syncing}})
    assert has_judged({"stations": {"ring": syncing, "board": station_said()}})


def settings(**changes: str) -> ScadaSettings:
    return ScadaSettings(user="scada", trust_dir="trusted", **changes)


def test_the_password_comes_from_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("right\n")
    file.chmod(0o644)
    with pytest.raises(SettingsWrong, match="open to others"):
        scada_password(settings(password_file="secret"), tmp_path)
    file.chmod(0o600)
    assert scada_password(settings(password_file="secret"), tmp_path) == "right"


def test_the_password_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_SCADA", "right")
    assert scada_password(settings(password_env="OUR_SCADA"), tmp_path) == "right"
    monkeypatch.delenv("OUR_SCADA")
    with pytest.raises(SettingsWrong, match="OUR_SCADA is not set"):
        scada_password(settings(password_env="OUR_SCADA"), tmp_path)


@contextmanager
def started(site: Site, runtime: Runtime) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process as the supervisor does, and wait until it serves."""
    save_site(site, runtime.site_file)
    command = [sys.executable, "-m", "inspector.gateway", "scada", "--runtime", runtime.folder]
    process = subprocess.Popen(
        [*map(str, command), "--parent", str(os.getpid())], env={**os.environ}, cwd=ROOT
    )
    try:
        while read_status(runtime, "scada") is None and process.poll() is None:
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.slow
def test_the_process_serves_what_line_and_recorder_have_written(site: Site, tmp_path: Path) -> None:
    make_demo_client(site)
    runtime, data = Runtime(tmp_path / "run").make(), Path(site.data)
    put_blank(data)
    with writing(data) as engine:
        entries = [judged(1, "reject"), decided(1, action=2)]
        SqlStore(engine, a_log()).apply("ring-1", list(enumerate(entries)), offset=1, now=START)
    stations = {"stations": {one.name: station_said() for one in site.stations}}
    write_status(runtime, "line", stations)
    with started(site, runtime) as process:
        assert process.poll() is None
        write_status(runtime, "line", stations)
        wait_for_looks(runtime)
        assert asyncio.run(read(site)) == ("good", 1)
    assert process.returncode == 0


def wait_for_looks(runtime: Runtime) -> None:
    """Return when the server has looked at everything twice more."""
    for _ in range(2):
        seen = read_status(runtime, "scada")
        while read_status(runtime, "scada") == seen:
            time.sleep(0.02)


async def read(site: Site) -> tuple[str, int]:
    assert site.scada
    folder = Path(site.data) / "demo" / "scada"
    client = Client(f"opc.tcp://127.0.0.1:{site.scada.port}", timeout=5)
    client.application_uri = CLIENT_URI
    client.set_user(site.scada.user)
    client.set_password((folder / "password").read_text())
    ours = folder / "client"
    server = (Path(site.data) / "scada" / "certificate.der").read_bytes()
    await client.set_security(
        SecurityPolicyBasic256Sha256, ours / "certificate.der", ours / "key.pem",
        server_certificate=server,
    )  # fmt: skip
    async with client:
        index = await client.get_namespace_index("urn:inspector:scada")
        state = client.get_node(f"ns={index};s=ring.State")
        part = client.get_node(f"ns={index};s=ring.LastResult.PartNumber")
        return await state.read_value(), await part.read_value()
