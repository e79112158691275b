"""A plan reaches the line once, and a damaged file costs none that holds."""

from __future__ import annotations

from pathlib import Path

from inspector.domain.audit_sampling import AuditPlan, Strata
from inspector.gateway.audit_plans import PlansFile, write_plans

PLAN = AuditPlan(Strata(3, (5e-324, 0.25, 0.5)), (0.01, 0.02, 0.5, 1.0))


def test_the_line_hears_of_a_plan_as_it_was_made_and_once(tmp_path: Path) -> None:
    file = PlansFile(tmp_path / "plans.json")
    assert file.news() == {}
    write_plans(tmp_path / "plans.json", {"ring": PLAN})
    assert file.news() == {"ring": PLAN}
    assert file.news() == {}


def test_a_damaged_file_is_no_news(tmp_path: Path) -> None:
    for content in (b"", b"[1]", b'{"ring": {"version": 1}}', b'{"ring": 7}', b"\xff"):
        path = tmp_path / f"{content.hex()}.json"
        path.write_bytes(content)
        assert PlansFile(path).news() == {}
    write_plans(tmp_path / "bad.json", {"ring": PLAN})
    text = (tmp_path / "bad.json").read_text().replace("0.02", "2.0")
    (tmp_path / "bad.json").write_text(text)
    assert PlansFile(tmp_path / "bad.json").news() == {}
