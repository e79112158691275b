"""What passed is drawn for the audit by the key, whatever restarts, and its pictures are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from inspector.domain.audit_sampling import (
    AuditPlan,
    PartKey,
    Strata,
    key_of_month,
    select,
    site_name,
    start_plan,
)
from inspector.domain.verdict import Action
from tests.factory import LAYOUT, SITE_KEY, Factory

SHARE = 0.3
PASSED = Action.PASSED
START = start_plan(SHARE)
DRAWN = {"stratum", "audit_pi", "selected", "strata_version", "audit_key"}
Entry = dict[str, object]


def drawn_again(entry: Entry, plan: AuditPlan) -> Entry:
    """Return what a record must say, by whoever has the site's key."""
    key = key_of_month(SITE_KEY, datetime.fromisoformat(str(entry["at"])))
    part = PartKey(
        *(site_name(SITE_KEY), str(entry["station"])),
        *(int(str(entry["run"])), int(str(entry["number"]))),
    )
    one = select(plan, key, part, float(str(entry["score"])))
    said = {"stratum": one.stratum, "audit_pi": one.audit_pi, "selected": one.selected}
    return {**said, "strata_version": one.strata_version, "audit_key": key.id}


def passed(factory: Factory) -> list[Entry]:
    return [entry for entry in factory.journal.of("judged") if entry["verdict"] == "pass"]


def numbers(entries: list[Entry]) -> set[object]:
    return {entry["number"] for entry in entries if entry["selected"]}


def test_whoever_has_the_key_draws_the_same_parts_also_across_a_restart_of_the_line() -> None:
    factory = Factory(start_share=SHARE)
    factory.run(30)
    factory.restart_line()
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()
    said = passed(factory)
    assert len(said) > 60
    for entry in said:
        assert {key: entry[key] for key in DRAWN} == drawn_again(entry, START)
    assert 0.1 < len(numbers(said)) / len(said) < 0.5


def test_stations_draw_different_parts() -> None:
    drawn = []
    for station in ("ring", "board"):
        factory = Factory(line_layout=replace(LAYOUT, station=station), start_share=SHARE)
        factory.run(30)
        drawn.append(numbers(passed(factory)))
    assert drawn[0]
    assert drawn[1]
    assert drawn[0] != drawn[1]


def test_a_part_that_did_not_pass_is_not_drawn_and_has_a_score_only_when_it_was_seen() -> None:
    factory = Factory(start_share=1.0)
    factory.cameras["top"].faults = {20: "drop"}
    factory.run(30)
    factory.run_until_empty()
    others = [entry for entry in factory.journal.of("judged") if entry["verdict"] != "pass"]
    assert {entry["verdict"] for entry in others} == {"reject", "unknown"}
    for entry in others:
        assert not DRAWN & entry.keys()
        assert ("score" in entry) == (entry["verdict"] == "reject")


def test_pictures_of_drawn_parts_are_kept_also_when_the_line_restarted_in_between() -> None:
    factory = Factory(start_share=SHARE, bad_share=0)
    factory.run(30)
    factory.restart_line()
    factory.run_until_empty()
    kept = {one["picture"] for one in factory.to_worker if one["do"] == "keep"}
    dropped = {one["picture"] for one in factory.to_worker if one["do"] == "drop"}
    said = [e for e in passed(factory) if factory.fates[int(str(e["number"]))].action is PASSED]
    assert numbers(said)
    for entry in said:
        shown = {view["picture"] for view in entry["views"]}  # type: ignore[attr-defined]
        assert shown <= (kept if entry["selected"] else dropped)


def test_a_new_plan_and_a_new_month_hold_from_the_next_part_on() -> None:
    factory = Factory(start_share=SHARE)
    factory.run(20)
    before = len(passed(factory))
    plan = AuditPlan(Strata(4, (0.005, 0.5)), (0.25, 0.5, 1.0))
    factory.line.audit.plan = plan
    factory.clock.s += 8 * 86_400  # from the 23rd of November to the 1st of December
    factory.run(20)
    said = passed(factory)[before:]
    assert {entry["audit_key"] for entry in said} == {"2026-12"}
    assert {entry["strata_version"] for entry in said} == {4}
    for entry in said:
        assert {key: entry[key] for key in DRAWN} == drawn_again(entry, plan)
