"""Settings that are wrong stop the start: one line that names file and key."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from inspector.cli import commands
from inspector.config.loading import check_site, load_site
from inspector.config.site import save_site, saved_site
from inspector.config.station import most_in_flight
from inspector.errors import SettingsWrong
from inspector.gateway.store import server_of
from tests.faults.running import copied_site

ROOT = Path(__file__).parents[3]
RING, PLC = "stations/ring.toml", "stations/plc/demo.toml"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a copy of the demo's site that a test may spoil."""
    shutil.copytree(ROOT / "stations", tmp_path / "stations")
    (tmp_path / "models").symlink_to(ROOT / "models")
    return tmp_path


def changed(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


WRONG = [
    (RING, changed('name = "ring"', 'name = "ring"\ncolour = 1'), "colour: unknown setting"),
    (RING, changed("[belt]", "[belt]\nlength = 1"), "belt.length: unknown setting"),
    (RING, changed("at_counts = 0", "at_count = 0"), "views.0.at_counts: is missing"),
    (RING, changed('package = "ring"\n', ""), "package: is missing"),
    (RING, changed("counts_per_s = 1000", 'counts_per_s = "fast"'), "belt.counts_per_s: "),
    (RING, changed("counts_per_s = 1000", "counts_per_s = 0"), "belt.counts_per_s: "),
    (RING, changed('"CPU"', '"TPU"'), "device.name: "),
    (RING, changed('"CPU"', '"CPU"\nfallback = ["GPU", "CPU"]'), "device: fallback must name"),
    (RING, changed('"CPU"', '"CPU"\nfallback = ["GPU", "GPU"]'), "device: fallback must name"),
    (RING, changed('{ kind = "simulated" }', '{ kind = "webcam" }'), "views.0.camera: "),
    (RING, changed('name = "side"', 'name = "top"'), "views must have different names"),
    (RING, changed("at_counts = 6000", "at_counts = 7500"), "view side stands behind"),
    (RING, changed("answer_by_counts = 7500", "answer_by_counts = 14800"), "belt: answer_by"),
    (RING, changed('name = "ring"', 'name = "rings"'), "name: must be 'ring', as the file"),
    (RING, changed('package = "ring"', 'package = "gone"'), "package: there is no package"),
    (RING, changed('plc = "demo"', 'plc = "gone"'), "plc: there is no stations/plc/gone.toml"),
    (
        RING,
        changed("[belt]", "hold_rejects = true\n[belt]"),
        "hold_rejects: stations/plc/demo.toml",
    ),
    (RING, changed("[belt]", "expects = { pass_al = false }\n[belt]"), "expects.pass_al: unknown"),
    (
        RING,
        changed('{ kind = "simulated" }', '{ kind = "folder", path = "gone" }'),
        "views.0.camera.path: there is no folder gone",
    ),
    (
        PLC,
        lambda text: text + '[nodes."Camera.Ring"]\nid = "s={prefix}.Camera.Ring"\n',
        "views top and side of ring stand at two places: each has a ring of its own",
    ),
    (
        PLC,
        lambda text: text + '[nodes."Link.Epoch"]\nid = "ns=2;s=Epoch"\n',
        "leave ns=2; away, namespace_uri stands for it",
    ),
    (RING, lambda text: text + "[belt", "not valid TOML"),
    (RING, lambda text: "a = " + "[" * 100_000, "nested too deeply"),
    (RING, lambda text: "", "is missing"),
    (PLC, changed("slot_count = 256", "slot_count = 16"), "slot_count: up to 19 parts in flight"),
    (PLC, changed("slot_count = 256", "slot_count = 48"), "slot_count must be a power of two"),
    (PLC, changed("slot_count = 256", "slot_count = 512"), "slot_count: "),
    (PLC, changed("opc.tcp://", "http://"), "endpoint: "),
    (PLC, lambda text: text + 'password = "x"\n', "password: unknown setting"),
    (PLC, changed('name = "demo"', 'name = "Demo"'), "name: "),
    (PLC, changed('"Basic256Sha256"', '"None"'), "it needs unencrypted = true beside it"),
    (PLC, lambda text: text + '[nodes]\n"Track.Part" = {}\n', "nodes: no node is called"),
    (PLC, lambda text: text + '[nodes."Link.Epoch"]\nid = "i=x"\n', 'nodes."Link.Epoch".id: i=x'),
    (
        PLC,
        lambda text: text + '[nodes."Verdict.Slot"]\nid = "s=V[{slot}]"\n',
        'nodes."Verdict.Slot".id: s=V[0] is that of blister: Verdict.Slot[0] already',
    ),
]


@pytest.mark.parametrize(("file", "spoil", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_a_wrong_setting_is_one_line_with_file_and_key(
    site: Path, file: str, spoil: Callable[[str], str], says: str
) -> None:
    spoiled = site / file
    spoiled.write_text(spoil(spoiled.read_text()))
    with pytest.raises(SettingsWrong) as wrong:
        load_site(site)
    assert str(wrong.value).startswith(f"{file}: ")
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)

    ran = CliRunner().invoke(commands, ["check", "--site", str(site)])
    assert ran.exit_code == 2
    assert str(wrong.value) in ran.stderr.splitlines()
    assert "Traceback" not in ran.output


def test_the_check_names_every_problem_not_only_the_first(site: Path) -> None:
    for name in ("ring", "board"):
        file = site / "stations" / f"{name}.toml"
        file.write_text(file.read_text() + "\n[extra]\n")
    lines = CliRunner().invoke(commands, ["check", "--site", str(site)]).stderr.splitlines()
    assert lines == [
        "stations/board.toml: extra: unknown setting",
        "stations/ring.toml: extra: unknown setting",
    ]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    problems: list[SettingsWrong] = []
    assert check_site(tmp_path / "nosuch", problems) is None
    assert [str(one) for one in problems] == [f"{tmp_path / 'nosuch'}: there is no such folder"]


def test_a_profile_with_an_error_is_not_called_missing_as_well(site: Path) -> None:
    file = site / PLC
    file.write_text(file.read_text() + 'colour = "red"\n')
    problems: list[SettingsWrong] = []
    check_site(site, problems)
    assert [str(one) for one in problems] == [f"{PLC}: colour: unknown setting"]


def test_a_folder_without_stations_is_a_problem(tmp_path: Path) -> None:
    ran = CliRunner().invoke(commands, ["check", "--site", str(tmp_path)])
    assert ran.exit_code == 2
    assert ran.stderr == "stations: no station file (stations/<name>.toml)\n"


def test_a_file_that_is_no_text_is_a_problem(site: Path) -> None:
    (site / RING).write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsWrong, match="not UTF-8 text"):
        load_site(site)


def test_the_demos_own_settings_are_in_order() -> None:
    ran = CliRunner().invoke(commands, ["check", "--site", str(ROOT)])
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "3 stations, all in order" in ran.stdout


def test_settings_reach_the_child_processes_unchanged_and_cannot_be_changed(
    site: Path, tmp_path: Path
) -> None:
    loaded = load_site(site, data=tmp_path / "data", port=0)
    save_site(loaded, tmp_path / "site.json")
    assert saved_site(tmp_path / "site.json") == loaded
    with pytest.raises(ValidationError):
        setattr(loaded, "port", 1)  # noqa: B010 - what a type checker would not let pass


def test_what_a_station_names_is_found(site: Path) -> None:
    loaded = load_site(site)
    ring = loaded.station("ring")
    assert loaded.plc_of(ring).name == "demo"
    assert loaded.package_folder(ring) == site / "models" / "ring"


def test_the_most_parts_in_flight_follow_from_travel_and_spacing(site: Path) -> None:
    ring = load_site(site).station("ring")
    assert ring.belt.travel_s == 15
    assert most_in_flight(ring) == 19


def test_loading_with_a_problem_list_returns_nothing_to_run(site: Path) -> None:
    (site / PLC).unlink()
    problems: list[SettingsWrong] = []
    assert check_site(site, problems) is None
    assert [problem.key for problem in problems] == ["plc", "plc", "plc"]


def test_the_check_names_a_password_file_that_others_can_read(site: Path) -> None:
    file = site / PLC
    variable = 'password_env = "INSPECTOR_DEMO_PLC_PASSWORD"'
    file.write_text(changed(variable, 'password_file = "plc.password"')(file.read_text()))
    (site / "plc.password").write_text("word")
    (site / "plc.password").chmod(0o640)
    ran = CliRunner().invoke(commands, ["check", "--site", str(site)])
    assert ran.exit_code == 2
    assert f"{PLC}: password_file: " in ran.stderr
    assert "chmod 600" in ran.stderr
    (site / "plc.password").chmod(0o600)
    assert CliRunner().invoke(commands, ["check", "--site", str(site)]).exit_code == 0


def test_two_stations_cannot_share_a_prefix_at_one_plc(tmp_path: Path) -> None:
    site = copied_site(tmp_path)
    file = site / "stations" / "ring.toml"
    file.write_text(file.read_text().replace('prefix = "ring"', 'prefix = "board"'))
    with pytest.raises(SettingsWrong, match=r"stations/ring\.toml: prefix: is station board's"):
        load_site(site)


SCADA = '[scada]\nuser = "mes"\npassword_env = "MES"\ntrust_dir = "trusted"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SCADA + "colour = 1\n", "site.toml: scada.colour: unknown setting"),
        (SCADA.replace('trust_dir = "trusted"\n', ""), "site.toml: scada.trust_dir: is missing"),
        (SCADA + 'password_file = "both"\n', "site.toml: scada: give the password in either"),
        (SCADA.replace('password_env = "MES"\n', ""), "site.toml: scada: give the password in"),
        (SCADA + 'machine_vision_nodeset = "gone.xml"\n', "nodeset: there is no file gone.xml"),
        ("colour = 1\n", "site.toml: colour: unknown setting"),
    ],
)
def test_a_wrong_site_file_is_one_line(site: Path, text: str, problem: str) -> None:
    (site / "site.toml").write_text(text)
    with pytest.raises(SettingsWrong) as error:
        load_site(site)
    assert problem in str(error.value)


PULL = (
    '\ntransport = "pull"\n[pull]\nhost = "10.0.0.5"\nuser = "plc"\nport = {port}\n'
    'password_env = "PULL"\ntrust_dir = "trusted"\n'
)


@pytest.mark.parametrize(
    ("port", "owner"),
    [
        (8080, "8080 is that of the screens (--port) already"),
        (4840, "4840 is scada.port of site.toml already"),
        (4999, "4999 is pull.port of stations/plc/demo.toml already"),
    ],
)
def test_two_servers_cannot_share_a_port(site: Path, port: int, owner: str) -> None:
    (site / "site.toml").write_text(SCADA)
    demo = (site / PLC).read_text()
    (site / PLC).write_text(demo + PULL.format(port=4999))
    other = demo.replace('name = "demo"', 'name = "other"') + PULL.format(port=port)
    (site / "stations" / "plc" / "other.toml").write_text(other)
    with pytest.raises(SettingsWrong) as wrong:
        load_site(site)
    assert str(wrong.value) == f"stations/plc/other.toml: pull.port: {owner}"


def test_the_check_names_a_password_file_of_a_reading_plc_that_others_can_read(site: Path) -> None:
    text = (site / PLC).read_text() + PULL.format(port=4999)
    (site / PLC).write_text(text.replace('password_env = "PULL"', 'password_file = "pull"'))
    (site / "pull").write_text("word")
    (site / "pull").chmod(0o640)
    ran = CliRunner().invoke(commands, ["check", "--site", str(site)])
    assert f"{PLC}: pull.password_file: " in ran.stderr


def test_without_a_site_file_there_is_no_server_for_scada(site: Path) -> None:
    assert load_site(site).scada is None
    (site / "site.toml").write_text(SCADA)
    scada = load_site(site).scada
    assert scada
    assert (scada.host, scada.port) == ("127.0.0.1", 4840)


STORE = '[store]\nurl = "postgresql://inspector@db/inspector"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (STORE.replace("inspector@", "inspector:s3cret@"), "store: url holds a password"),
        (STORE.replace('or"', 'or?password=s3cret"'), "store: url holds a password"),
        (STORE.replace("postgresql:", "mysql:"), 'store: url is not "postgresql://user@'),
        (STORE.replace("db/inspector", "db"), 'store: url is not "postgresql://user@'),
        (STORE + 'password_env = "A"\npassword_file = "b"\n', "store: give the password in"),
        ("[store]\n", "store.url: is missing"),
    ],
)
def test_a_wrong_database_is_one_line_without_its_password(
    site: Path, text: str, problem: str
) -> None:
    (site / "site.toml").write_text(text)
    with pytest.raises(SettingsWrong) as error:
        load_site(site)
    assert str(error.value).startswith(f"site.toml: {problem}")
    assert "s3cret" not in str(error.value)


def test_the_password_of_the_database_is_handed_on_and_kept_nowhere(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "site.toml").write_text(STORE + 'password_env = "STORE_PASSWORD"\n')
    monkeypatch.setenv("STORE_PASSWORD", "s3cret")
    loaded = load_site(site)
    save_site(loaded, tmp_path / "site.json")
    server = server_of(loaded)
    assert server
    assert (server.url, server.password) == ("postgresql://inspector@db/inspector", "s3cret")
    assert "s3cret" not in f"{server} {server!r} {(tmp_path / 'site.json').read_text()}"
    monkeypatch.delenv("STORE_PASSWORD")
    with pytest.raises(SettingsWrong, match=r"store\.password_env: the environment variable STORE"):
        server_of(loaded)


def test_without_a_named_database_records_lie_in_a_file(site: Path) -> None:
    assert server_of(load_site(site)) is None
