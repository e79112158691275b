"""What `make fresh` reads from this computer and from the demo's status."""

from pathlib import Path

import pytest

from scripts import fresh, minimal_system

ONE_LINE = """\
# a comment
deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main contrib
deb http://mirror.example/debian-security bookworm-security main
"""
STANZAS = """\
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
"""


@pytest.mark.parametrize("text", [ONE_LINE, STANZAS])
def test_the_mirror_of_the_release_is_found_in_both_styles_of_source_files(text: str) -> None:
    assert minimal_system.mirror_in(text, "bookworm") == "http://mirror.example/debian"


def test_no_mirror_is_found_for_another_release() -> None:
    assert minimal_system.mirror_in(STANZAS, "trixie") is None


def test_a_count_is_summed_over_the_stations() -> None:
    status = {
        "schema": 1,
        "processes": [{"name": "line", "pid": 7}],
        "stations": {
            "board": {"rejected": 1, "fail_safe": 3, "latency_ms": {"p50": 4}},
            "ring": {"rejected": 2, "fail_safe": 9},
        },
    }
    assert fresh.total(status, "rejected") == 3


def test_a_demo_that_does_not_answer_yet_has_rejected_nothing() -> None:
    assert fresh.total(None, "rejected") == 0


def test_pip_settings_are_taken_over_and_other_variables_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PIP_INDEX", "https_proxy", "REQUESTS_CA_BUNDLE", "LINE1_PLC_PASSWORD"):
        monkeypatch.setenv(name, "x")
    taken = minimal_system.network_settings()
    assert {"PIP_INDEX", "https_proxy", "REQUESTS_CA_BUNDLE"} <= set(taken)
    assert "LINE1_PLC_PASSWORD" not in taken


def test_folders_named_by_pip_settings_are_shown_with_their_neighbours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    certificates = tmp_path / "certificates.crt"
    certificates.touch()
    monkeypatch.setattr(minimal_system, "PIP_FILES", ())
    monkeypatch.setattr(minimal_system, "PIP_FILES_AT_HOME", ())
    said = {"PIP_EXTRA_INDEX": f"file://{tmp_path}/index/simple", "PIP_CERT": str(certificates)}
    monkeypatch.setattr(minimal_system, "network_settings", lambda: said)

    assert minimal_system.paths_named_by_settings() == {certificates, Path(*tmp_path.parts[:3])}


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_without_root_it_is_not_run_and_ci_fails(
    ci: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert fresh.main() == code

    assert capsys.readouterr().out.startswith("not run: make fresh: needs root")


def test_nothing_is_removed_behind_a_mount() -> None:
    assert "/proc" in minimal_system.mounted_below(Path("/proc"))
    assert minimal_system.mounted_below(Path("/nowhere")) == []
