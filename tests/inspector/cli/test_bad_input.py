"""Bad input: one line with file and key, exit code 2, and nothing is lost."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.storage.database import check_usable
from inspector.vision.onnx_engine import available_devices
from tests.faults.live import forget
from tests.faults.running import copied_site
from tests.inspector.vision import tiny


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    yield copied_site(tmp_path)
    forget(tmp_path)


def refused(*words: str) -> str:
    """Run a command that must exit with 2; return what it said: one line, no traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "inspector", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    said = ran.stderr.strip().removeprefix("inspecting\n")  # the progress bar's label
    assert len(said.splitlines()) == 1, said
    return said


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_an_unknown_setting(site: Path) -> None:
    edit(site / "stations/board.toml", "[belt]", "[belt]\nspeed = 3")
    assert "stations/board.toml: belt.speed: unknown setting" in refused("run", "--site", str(site))


@pytest.mark.parametrize("command", ["check", "run", "demo"])
def test_a_device_that_this_computer_lacks(command: str, site: Path) -> None:
    here = ", ".join(available_devices())
    missing = [name for name in ("GPU", "NPU") if name not in here]
    if len(missing) < 2:
        pytest.skip(f"this computer has {here}")
    wish = 'name = "GPU"\nfallback = ["NPU"]'
    edit(site / "stations/ring.toml", 'name = "CPU"', wish)
    assert refused(command, "--site", str(site)) == (
        f"stations/ring.toml: device.name: device GPU or NPU was asked for, and this computer "
        f"has only {here}; device.fallback names what may take its place"
    )


def test_a_password_file_that_others_can_read(site: Path) -> None:
    file = site / "plc.password"
    variable = 'password_env = "INSPECTOR_DEMO_PLC_PASSWORD"'
    edit(site / "stations/plc/demo.toml", variable, 'password_file = "plc.password"')
    file.write_text("hunter2")
    file.chmod(0o644)
    said = refused("run", "--site", str(site))
    assert "stations/plc/demo.toml: password_file: " in said
    assert "open to others (mode 0644): chmod 600" in said
    assert "hunter2" not in said


def test_a_password_that_is_not_in_the_environment(site: Path) -> None:
    said = refused("run", "--site", str(site))
    assert "password_env: the environment variable INSPECTOR_DEMO_PLC_PASSWORD is not set" in said


def test_a_connection_without_encryption_that_was_not_asked_for(site: Path) -> None:
    edit(site / "stations/plc/demo.toml", 'policy = "Basic256Sha256"', 'policy = "None"')
    said = refused("run", "--site", str(site))
    assert "it needs unencrypted = true beside it" in said


def test_a_missing_setting(site: Path) -> None:
    edit(site / "stations/board.toml", 'prefix = "board"', "")
    said = refused("demo", "--site", str(site))
    assert "stations/board.toml: prefix: is missing" in said


def test_a_station_that_names_a_missing_package(site: Path) -> None:
    edit(site / "stations/board.toml", 'package = "board"', 'package = "nothing"')
    assert "stations/board.toml: package: " in refused("run", "--site", str(site))


def test_a_damaged_model(site: Path) -> None:
    with (site / "models/board/model.onnx").open("r+b") as file:
        file.seek(5000)
        file.write(b"damaged!")
    assert "model.onnx" in refused("demo", "--site", str(site))


def test_a_model_that_loops_for_ever(site: Path) -> None:
    body = tiny.bytes_field(5, tiny.bytes_field(1, "body") + tiny.bytes_field(6, b""))
    loop = tiny.node("Loop", ("", "c"), "l", more=body)
    weights, biases = tiny.weighted(2, 6)
    shutil.rmtree(site / "models/board")
    onnx = tiny.conv_model(weights, biases, more_nodes=(loop,))
    tiny.write_package(site / "models/board", onnx=onnx)
    said = refused("check", "--site", str(site))
    assert "models/board/model.onnx: operator Loop loops or branches" in said


def test_a_picture_of_400_megapixels(site: Path, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(tiny.png_header(20_000, 20_000))
    said = refused("inspect", str(tmp_path / "huge.png"), "--package", str(site / "models/board"))
    assert "huge.png: 20000 x 20000 pixels; from 1 to 100 million accepted" in said


def test_a_picture_that_is_none(site: Path, tmp_path: Path) -> None:
    text = tmp_path / "not_a_picture.png"
    text.write_text("hello")
    said = refused("inspect", str(text), "--package", str(site / "models/board"))
    assert "not_a_picture.png" in said


def test_a_port_in_use(site: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use" in refused("demo", "--site", str(site), "--port", port)


def test_a_password_for_scada_that_is_not_to_be_had(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_DEMO_PLC_PASSWORD", "secret")
    edit(site / "site.toml", "data/demo/scada/password", "gone")
    assert "site.toml: scada.password_file: " in refused("run", "--site", str(site))


def test_a_database_that_is_none(site: Path) -> None:
    (site / "data").mkdir()
    database = site / "data" / "inspector.db"
    database.write_bytes(b"this is no database at all" * 100)
    assert "inspector.db" in refused("demo", "--site", str(site))
    assert database.read_bytes().startswith(b"this is no database"), "it was left as it was"


def test_a_database_of_a_newer_version(site: Path) -> None:
    check_usable(site / "data")
    with closing(sqlite3.connect(site / "data" / "inspector.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert "9999" in refused("demo", "--site", str(site))


def test_a_data_folder_that_is_a_file(site: Path) -> None:
    (site / "data").write_text("in the way")
    assert "data" in refused("demo", "--site", str(site))


def test_a_fault_that_does_not_exist(site: Path) -> None:
    assert "explode@3" in refused("demo", "--site", str(site), "--fault", "explode@3")


def test_a_draw_beyond_the_seeds_for_evaluation() -> None:
    assert "--seed 200" in refused("demo", "--evaluate", "--seed", "200")


def test_status_where_nothing_runs(site: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "inspector", "status", "--site", str(site)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 3
    assert "nothing is running" in ran.stderr
