"""What a person says of a drawn part over HTTP is kept, audited, and given to nobody twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from inspector.cli.audit import audit_command
from tests.faults.live import LiveDemo, forget, live_demo
from tests.faults.running import copied_site

pytestmark = pytest.mark.timeout(300)  # a whole run of the demo, at its own pace


@pytest.mark.slow
def test_a_drawn_part_is_judged_blind_in_the_running_demo(tmp_path: Path) -> None:
    copied_site(tmp_path)
    station = tmp_path / "stations" / "board.toml"
    station.write_text(station.read_text("utf-8") + "\n[audit]\nstart_share = 1.0\n", "utf-8")
    with live_demo(tmp_path, "--rate", "1", "--defect-rate", "0") as demo:
        demo.sign_in("quality")
        item = demo.wait_for("audit", lambda: _next(demo), 60)
        assert item["blind"]
        assert "record" not in item
        answer = {"request": "press-1", "claim": item["claim"], "verdict": "NOK", "kind": "scratch"}
        review = demo.ask("/api/v1/reviews", answer)["review"]
        undone = demo.ask(f"/api/v1/reviews/{review}/undo", {"request": "undo-1"})
        again = {"request": "press-2", "claim": undone["item"]["claim"], "verdict": "OK"}
        assert demo.ask("/api/v1/reviews", again)["review"] > undone["review"]
        assert demo.ask("/api/v1/reviews/waiting")["answered"] == 1
        assert demo.ask("/api/v1/stations/board/lots", {"name": "lot 7"})["begun"]
    ran = CliRunner().invoke(audit_command, ["verify", "--site", str(tmp_path)])
    assert (ran.exit_code, ran.stdout[:16]) == (0, "audit log clean:"), ran.output
    ran = CliRunner().invoke(audit_command, ["export", "--site", str(tmp_path)])
    said = [json.loads(json.loads(line)["body"]) for line in ran.stdout.splitlines()[1:]]
    of_people = [entry["action"] for entry in said if entry["who"]["role"] == "quality"]
    assert of_people == ["review", "review taken back", "review", "lot begun"]
    forget(tmp_path)


def _next(demo: LiveDemo) -> Any:
    """Return the next audit, None while no drawn part has been recorded."""
    items = demo.ask("/api/v1/reviews/next", {"queue": "audit", "count": 1})["items"]
    return items[0] if items else None
