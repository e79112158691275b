"""A limit moves by a signature alone: proposed from records, signed with a PIN, taken back."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from inspector.audit.entry import Who, read_body
from inspector.cli import commands
from inspector.domain.advice import FLAGGED_ONLY
from inspector.domain.people import Role
from inspector.errors import BadInput
from inspector.gateway import recorder_desk
from inspector.gateway.audit import Auditing
from inspector.storage.database import database_file, writing
from inspector.storage.schema import audit
from inspector.storage.sql_feedback import Review, add_review
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from inspector.vision.manifest import open_package
from inspector.vision.runtime import limits_of
from tests.databases import put_blank
from tests.faults.running import copied_site
from tests.journal_entries import START, decided, judged, numbered, view

ROOT = Path(__file__).parents[3]
PASSED, REJECTED = range(1, 201), range(201, 241)
WINDOW = (
    *("--since", START.isoformat()),
    *("--until", (START + timedelta(hours=1)).isoformat()),
)
COSTS = 'currency = "EUR"\nescape = 100.0\nfalse_reject = 1.0\n'


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one takes 50 ms by design."""
    monkeypatch.setattr(recorder_desk, "pin_is_right", lambda kept, pin: kept == f"hash of {pin}")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """200 parts passed and audited without a find, 40 rejects, all of them found good."""
    copied_site(tmp_path)
    put_blank(tmp_path / "data")
    package = open_package(tmp_path / "models" / "ring")
    kind, limits = "scratch", limits_of(package)
    entries = []
    for n in (*PASSED, *REJECTED):
        rejected = n in REJECTED
        score = limits[kind] + n / 10_000 if rejected else limits[kind] * n / 250
        drawn: dict[str, Any] = {"stratum": 0, "audit_pi": 1.0, "selected": True}
        entries += [
            judged(
                n,
                "reject" if rejected else "pass",
                limits=sorted(limits.items()),
                model_sha256=package.model_sha256,
                views=[view(top_scores={kind: score}, findings=[])],
                **({} if rejected else drawn),
            ),
            decided(n, 2 if rejected else 1),
        ]
    with writing(tmp_path / "data") as engine:
        auditing = Auditing(engine, tmp_path / "data")
        SqlStore(engine, auditing.log).apply("r", numbered(entries), offset=1, now=START)
        said(engine, PASSED, "audit")
        said(engine, REJECTED, "flagged")
        people = SqlPeople(engine, auditing.log)
        for name, role in {"Quinn": Role.QUALITY, "Otto": Role.OPERATOR}.items():
            by = Who("ada")
            people.add(name, role, name.lower(), "hash of 123456", now=START, by=by)
        auditing.publish()
    (tmp_path / "costs.toml").write_text(COSTS)
    return tmp_path


def said(engine: Engine, numbers: range, source: str) -> None:
    with engine.begin() as connection:
        for n in numbers:
            review = Review(f"{source}-{n}", source, "OK", "quinn", record=f"ring-{n:06d}")
            add_review(connection, review, START)


def limits(site: Path, *words: str, pin: str = "") -> Result:
    typed = f"{pin}\n" if pin else None
    return CliRunner().invoke(commands, ["limits", *words, "--site", str(site)], input=typed)


def propose(site: Path, *more: str) -> Result:
    of = ("--station", "ring", "--class", "scratch", "--costs", str(site / "costs.toml"))
    return limits(site, "propose", *of, *WINDOW, *more)


def sign(site: Path, number: int = 1, badge: str = "quinn", pin: str = "123456") -> Result:
    words = "sign", str(number), "--reason", "all of them good", "--badge", badge
    return limits(site, *words, pin=pin)


def refused(result: Result) -> str:
    assert isinstance(result.exception, BadInput), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def told(site: Path) -> dict[str, Any]:
    result = limits(site, "list", "--station", "ring", "--json")
    assert result.exit_code == 0, result.output
    value = json.loads(result.stdout)
    schema = json.loads((ROOT / "docs" / "schemas" / "limits.json").read_text("utf-8"))
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
    (one,) = value["stations"]
    return dict(one)


def actions(site: Path) -> list[str]:
    with writing(site / "data") as engine, engine.connect() as connection:
        bodies = connection.execute(select(audit.c.body).order_by(audit.c.seq)).scalars()
        return [str((read_body(body) or {})["action"]) for body in bodies]


def in_file(site: Path) -> dict[str, float]:
    read = tomllib.loads((site / "stations" / "ring.toml").read_text("utf-8"))
    return dict(read.get("limits", {}))


def test_a_proposal_is_signed_in_force_on_file_and_taken_back(site: Path) -> None:
    before = (site / "stations" / "ring.toml").read_text("utf-8")
    made = propose(site)
    assert made.exit_code == 0, made.output
    assert "proposal 1: `inspector limits sign 1` puts it in force. It lowers" in made.output
    assert (site / "stations" / "ring.toml").read_text("utf-8") == before
    (proposal,) = told(site)["proposals"]
    evidence = proposal["evidence"]
    assert (evidence["parts"], evidence["audited"]) == (240, 200)
    assert evidence["rails"]["finds"] == 40
    assert -0.5 <= evidence["rails"]["rejects_change"] < 0
    assert len(evidence["curve"]["cost"]) == len(evidence["curve"]["limit"])

    done = sign(site)
    assert done.exit_code == 0, done.output
    assert "signed by Quinn: version 2 of ring" in done.output
    assert "begins with them at its next start" in done.output
    assert in_file(site) == {"scratch": proposal["proposed"]}
    newest, first = told(site)["versions"]
    assert (newest["by"], newest["why"], newest["first"]) == ("Quinn", "all of them good", None)
    assert first["first"]["record"] == "ring-000001"

    back = limits(site, *("take-back", "--station", "ring", "--reason", "r"), pin="quinn\n123456")
    assert back.exit_code == 0, back.output
    assert in_file(site) == {"scratch": first["limits"]["scratch"]}
    assert told(site)["versions"][0]["takes_back"] == 2
    wanted = ["limit proposed", "limits signed", "limits taken back"]
    assert actions(site)[-3:] == wanted


def test_verdicts_on_rejects_alone_give_no_proposal(site: Path) -> None:
    with writing(site / "data") as engine, engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER parts_no_update")
        connection.exec_driver_sql("UPDATE parts SET selected = 0")
        connection.exec_driver_sql("DROP TRIGGER reviews_no_delete")
        connection.exec_driver_sql("DELETE FROM reviews WHERE source = 'audit'")
    assert refused(propose(site)) == FLAGGED_ONLY
    assert told(site)["proposals"] == []


def test_a_wrong_pin_a_wrong_role_and_nobody_sign_nothing(site: Path) -> None:
    propose(site)
    assert refused(sign(site, pin="000000")) == recorder_desk.WRONG
    assert refused(sign(site, badge="nobody")) == recorder_desk.WRONG
    assert refused(sign(site, badge="otto")) == "Otto is operator: limits are signed by quality"
    for _ in range(5):
        refused(sign(site, pin="000000"))
    assert refused(sign(site)).startswith("Too many wrong PINs: try again in ")
    assert len(told(site)["versions"]) == 1
    assert in_file(site) == {}


def test_a_proposal_is_signed_once_and_not_when_the_limits_are_others_by_now(site: Path) -> None:
    propose(site)
    propose(site)
    assert refused(sign(site, 3)) == "there is no proposal 3"
    assert sign(site, 2).exit_code == 0
    assert refused(sign(site, 2)) == "proposal 2 was signed before, as version 2"
    why = "proposal 1 is for version 1 of ring, which has version 2 now: make another proposal"
    assert refused(sign(site, 1)) == why
    assert limits(site, "list").output.count("out of date: it was for version 1") == 1


def test_an_edited_file_is_not_signed_over(site: Path) -> None:
    propose(site)
    file = site / "stations" / "ring.toml"
    file.write_text(file.read_text("utf-8") + "\n[limits]\ndent = 0.77\n", "utf-8")
    assert "the files of ring have other limits or another model" in refused(sign(site))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("propose", "--station", "moon", "--class", "dent"), "there is no station moon"),
        (("propose", "--station", "ring", "--class", "moon"), "ring has no limit for 'moon'"),
        (("propose", "--station", "board", "--class", "dent"), "no part of board was judged yet"),
        (("apply", "--station", "board"), "no part of board was judged yet"),
        (("list", "--station", "moon"), "there is no station moon"),
    ],
)
def test_bad_input_is_one_sentence(site: Path, words: tuple[str, ...], why: str) -> None:
    costs = ("--costs", str(site / "costs.toml")) if words[0] == "propose" else ()
    assert why in refused(limits(site, *words, *costs))


def test_costs_come_from_the_site_where_no_file_is_named(site: Path) -> None:
    of = "propose", "--station", "ring", "--class", "scratch", *WINDOW
    file = site / "site.toml"
    without = re.sub(r"(?ms)^\[costs\].*?(?=^\[|\Z)", "", file.read_text("utf-8"))
    file.write_text(without, "utf-8")
    assert "site.toml has no [costs]" in refused(limits(site, *of))
    file.write_text(f"{without}\n[costs]\n{COSTS}", "utf-8")
    assert "proposal 1" in limits(site, *of).output
    assert told(site)["proposals"][0]["evidence"]["rails"]["escapes_at_most"] == 0.01


def test_an_empty_reason_and_nothing_to_take_back_are_refused(site: Path) -> None:
    words = "take-back", "--station", "ring", "--badge", "quinn", "--reason"
    assert "needs a reason" in refused(limits(site, *words, " ", pin="123456"))
    why = "ring: the limits in force are no signed proposal to take back"
    assert refused(limits(site, *words, "r", pin="123456")) == why


def test_a_record_names_the_version_that_judged_it(site: Path) -> None:
    with closing(SqlRecords(database_file(site / "data"))) as records:
        record = records.record("ring-000001")
    assert record is not None
    assert record.limits_version == 1
