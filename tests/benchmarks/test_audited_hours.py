"""The demo factory knows the truth: the escape interval holds it, the naive share does not."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.audited_hours.coverage import Held, Study, chance, study
from benchmarks.audited_hours.drawing import ChanceDraws, KeyedDraws, Lot, Planning
from benchmarks.audited_hours.factory import START, Day, Plant, days_of
from benchmarks.audited_hours.people import BAD, GOOD, NONE, People, audited
from benchmarks.audited_hours.picture import hours_svg
from benchmarks.audited_hours.running import Row, running
from benchmarks.audited_hours.scores import FILE, REJECTS_FROM, kept_scores, score
from benchmarks.audited_hours.shifts import FactoryDay, factory_days
from benchmarks.audited_hours.stream import StreamFiles
from inspector.domain.audit_sampling import AuditPlan, Strata
from inspector.domain.auditing import OPERATOR_STRATUM, Looks, Word, concluded
from inspector.streams.figures import figures
from inspector.vision.manifest import open_package

SEEN = kept_scores()
SLOW_BELT = Plant(SEEN, rate_hz=0.1, audits_per_day=100.0)
"""A tenth of the demo's parts: a run takes a fraction of a second, and nothing else changes."""
IMPERFECT = People(sensitivity=0.8)
RUNS = 100


def days(plant: Plant, people: People, seed: int = 1, *, keyed: bool = False) -> list[FactoryDay]:
    return list(factory_days(plant, people, chance(seed, keyed=keyed)))


def counted(people: People) -> Study:
    return study(SLOW_BELT, people, runs=RUNS, seed=1, tell=lambda _: None)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_with_perfect_auditors_the_interval_holds_the_truth_and_the_naive_share_does_not() -> None:
    found = counted(People())
    assert found.interval.keeps, str(found.interval)
    assert found.shipped.keeps, str(found.shipped)
    assert not found.naive.keeps, str(found.naive)
    assert found.times_too_high > 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_with_auditors_who_miss_the_corrected_bound_holds_the_truth() -> None:
    found = counted(IMPERFECT)
    assert found.corrected.keeps, str(found.corrected)
    assert not found.naive.keeps, str(found.naive)


def test_a_bound_that_holds_too_seldom_is_told_from_one_that_holds() -> None:
    assert Held(100, 95).keeps
    assert Held(100, 91).keeps, "by chance, once in a hundred studies"
    assert not Held(100, 85).keeps
    assert not Held(1000, 930).keeps


def test_the_kept_scores_are_those_of_the_demos_packages() -> None:
    kept = json.loads(FILE.read_text())
    assert kept["command"].startswith("python -m benchmarks.audited_hours.scores")
    for name, one in kept["stations"].items():
        assert one["model_sha256"] == open_package(Path("models") / name).model_sha256, name
    assert set(kept["stations"]) == {"blister", "board", "ring"}


@pytest.mark.parametrize("name", SEEN)
def test_the_kept_scores_reject_as_the_packages_evaluation_says(name: str) -> None:
    """Fewer parts than the manifest's figures: within what chance allows."""
    seen = SEEN[name]
    said = open_package(Path("models") / name).manifest.metrics
    count, of = str(said["good_parts_rejected"]).split(" = ")[0].split("/")
    expected, total = int(count) / int(of), len(seen.good)
    rejected = (seen.good >= REJECTS_FROM).mean()
    assert abs(rejected - expected) < 4 * (expected / total) ** 0.5
    assert 0.9 < (seen.bad >= REJECTS_FROM).mean() <= 1


def test_a_score_is_half_at_the_limit_of_its_class_and_nothing_seen_is_none() -> None:
    limits = {"dent": 0.1, "burr": 0.4}
    assert score({"dent": 0.1, "burr": 0.01}, limits) == pytest.approx(REJECTS_FROM)
    assert score({"dent": 0.2, "burr": 0.39}, limits) > REJECTS_FROM
    assert score({"burr": 0.39}, limits) < REJECTS_FROM
    assert score({}, limits) == 0


def test_scores_are_drawn_as_they_were_measured() -> None:
    seen = SEEN["ring"]
    bad = np.arange(100_000) < 50_000
    drawn = seen.drawn(np.random.default_rng(1), bad)
    for at in (0.5, 0.9, 0.99):
        assert np.quantile(drawn[~bad], at) == pytest.approx(np.quantile(seen.good, at), rel=0.1)
        assert np.quantile(drawn[bad], at) == pytest.approx(np.quantile(seen.bad, at), rel=0.1)


def test_two_hundred_hours_are_five_weeks_with_a_plan_for_each() -> None:
    made = list(days_of(replace(SLOW_BELT, hours=200)))
    assert len(made) == 25
    assert {day.begins.weekday() for day in made} == set(range(5))
    assert made[-1].begins.month == START.month + 1, "another month, another key"
    plans = Planning(SLOW_BELT, "ring")
    versions = []
    for day in made:
        versions.append(plans.plan_for(day).strata.version)
        plans.passed(np.linspace(0, 0.49, 100))
    assert versions == [1 + week for week in range(5) for _ in range(5)]


def test_strata_are_cut_by_the_parts_passed_the_week_before() -> None:
    plans = Planning(SLOW_BELT, "ring")
    for day in days_of(replace(SLOW_BELT, hours=40)):
        plans.plan_for(day)
        plans.passed(np.linspace(0, 0.1, 1001))
    assert plans.plan_for(Day(5, 8)).strata.limits == pytest.approx((0.08, 0.095, 0.099))
    plans.passed(np.linspace(0, 0.4, 1001))
    assert plans.plan_for(Day(10, 8)).strata.limits == pytest.approx((0.32, 0.38, 0.396))


def test_the_last_day_may_be_short() -> None:
    assert [day.hours for day in days_of(replace(SLOW_BELT, hours=20))] == [8, 8, 4]


def test_the_first_week_is_audited_by_size_alone_and_later_weeks_by_strata() -> None:
    plans = Planning(SLOW_BELT, "ring")
    first = plans.plan_for(Day(0, 8)).pis
    plans.passed(np.linspace(0, 0.49, 10_000))
    later = plans.plan_for(Day(5, 8)).pis
    assert max(first) < 1.6 * min(first)
    assert later[3] > 5 * later[0]


@pytest.mark.parametrize("by_operator", [False, True])
def test_drawing_by_key_and_by_chance_give_the_same_record(by_operator: bool) -> None:
    plan = AuditPlan(Strata(1, (0.1, 0.2, 0.3)), (0.05, 0.1, 0.3, 0.6), operator_pi=0.5)
    marks = np.random.default_rng(1).random(10_000) * 0.5
    marks[:4] = 0.1, 0.2, 0.3, 0.0
    lot, lucky = Lot("ring", START, np.arange(10_000)), ChanceDraws(np.random.default_rng(2))
    one = KeyedDraws(1).audit(plan, lot, marks, by_operator=by_operator)
    other = lucky.audit(plan, lot, marks, by_operator=by_operator)
    np.testing.assert_array_equal(one.stratum, other.stratum)
    np.testing.assert_array_equal(one.pi, other.pi)
    assert one.selected.mean() == pytest.approx(one.pi.mean(), abs=0.02)
    assert other.selected.mean() == pytest.approx(one.pi.mean(), abs=0.02)
    assert set(one.stratum.tolist()) == ({OPERATOR_STRATUM} if by_operator else {0, 1, 2, 3})


def test_the_chain_finds_what_the_domain_says_of_each_part() -> None:
    random = np.random.default_rng(1)
    bad = random.random(3000) < 0.3
    chain = audited(People(0.7, 0.1), random, bad, random.random(3000) < 0.3)
    words = {NONE: None, GOOD: Word.GOOD, BAD: Word.BAD}
    triples = zip(chain.audit, chain.second, chain.confirm, strict=True)
    for found, (first, second, last) in zip(chain.found, triples, strict=True):
        end = concluded(Looks(words[first], words[second], words[last]))
        assert (end.bad, end.open, end.unconfirmed) == (found, False, False)
    assert not chain.found[~bad].any(), "a false alarm is called good by whoever confirms"
    once = chain.second[bad & (chain.audit == GOOD)]
    assert set(once.tolist()) == {NONE, GOOD, BAD}
    assert 0.7 < chain.found[bad].mean() < 0.85, "second looks find some of what the first missed"


def test_seeds_find_the_sensitivity_of_the_chain() -> None:
    plant = replace(SLOW_BELT, rate_hz=0.01, seeds_per_day=200)
    (*_, row) = running(days(plant, IMPERFECT))
    assert row.seeds.judged == 5000
    assert row.seeds.found / row.seeds.judged == pytest.approx(0.8 + 0.2 * 0.1 * 0.8, abs=0.02)


def test_the_truth_is_counted_from_the_parts_themselves() -> None:
    made = days(replace(SLOW_BELT, hours=40), IMPERFECT)
    parts = [shift.parts for day in made for shift in day.shifts]
    passed = sum(int(one.passed.sum()) for one in parts)
    escaped = sum(int((one.passed & one.bad).sum()) for one in parts)
    (*_, row) = running(made)
    assert row.by_model.truth == escaped / passed
    assert row.by_model.estimate.passed == passed
    assert row.shipped.estimate.passed == passed + row.overridden
    assert row.shipped.truth > 0
    assert row.overridden > 0


# --- what is shown and written ---


def test_the_picture_has_every_line_and_the_figures_at_the_end() -> None:
    rows = list(running(days(SLOW_BELT, IMPERFECT)))
    drawn = hours_svg(rows, title="a <b>", command="python -m x")
    assert "<title>a &lt;b&gt;</title>" in drawn
    assert "Drawn by: python -m x</desc>" in drawn
    lines = re.findall(r'<polyline points="([^"]*)"', drawn)
    assert [len(line.split()) for line in lines] == [25, 25, 25, 25]
    assert len(re.findall("<polygon", drawn)) == 1
    said = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", drawn))
    assert f"{rows[-1].by_model.truth:.4%}" in said
    assert f"{rows[-1].by_model.naive:.4%}" in said


def written(folder: Path, made: list[FactoryDay]) -> tuple[list[dict[str, str]], ...]:
    with StreamFiles(folder) as files:
        for day in made:
            files.add(day)
    texts = ((folder / name).read_text("utf-8") for name in ("stream.csv", "verdicts.csv"))
    return tuple(list(csv.DictReader(text.splitlines())) for text in texts)


def sums(made: list[FactoryDay]) -> Row:
    (*_, row) = running(made)
    return row


def test_the_files_say_what_the_run_knows_and_no_more(tmp_path: Path) -> None:
    made = days(replace(SLOW_BELT, hours=16), IMPERFECT, keyed=True)
    stream, verdicts = written(tmp_path, made)
    row = sums(made)
    assert len(stream) == row.parts == len({one["part_id"] for one in stream})
    times = [float(one["ts"]) for one in stream]
    assert times == sorted(times)
    assert not {"bad", "truth"} & stream[0].keys()
    passed = [one for one in stream if one["ai_decision"] == "PASS"]
    assert len(passed) == row.by_model.estimate.passed
    assert sum(one["audited"] == "1" for one in passed) == row.by_model.estimate.audited
    assert all(float(one["score"]) < REJECTS_FROM for one in passed)
    rejected = Counter(one["audit_pi"] for one in stream if one["ai_decision"] == "REJECT")
    assert rejected == {"1.0": row.overridden, "": row.rejected - row.overridden}
    said = Counter((one["source"], one["verdict"]) for one in verdicts)
    assert said["flagged", "OK"] == row.overridden
    assert said["seed", "OK"] + said["seed", "NOK"] == row.seeds.judged
    assert all(one["part_id"].startswith("SEED") for one in verdicts if one["source"] == "seed")
    assert said["confirm", "OK"] > 0
    assert said["second", "OK"] > 0


def test_the_figures_of_the_files_are_those_of_the_run(tmp_path: Path) -> None:
    made = days(replace(SLOW_BELT, hours=24), IMPERFECT)
    written(tmp_path, made)
    row, read = sums(made), figures(tmp_path)
    assert read.escapes == row.by_model.estimate
    assert read.seeds == row.seeds
    assert (read.parts, read.rejects.rejected) == (row.parts, row.rejected)
    assert (read.rejects.called_good, read.unconfirmed) == (row.overridden, 0)
    assert read.downstream_found >= row.found_downstream, "the late ones are in the file"
