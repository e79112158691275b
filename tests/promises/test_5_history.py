"""History is never edited.

An override or a correction stands beside the record, with person and time; the record stays.
"""

from __future__ import annotations

from inspector.audit.checking import Keys, Walk
from inspector.audit.entry import Change, Who, body_of
from inspector.audit.merkle import Tree, leaf_hash
from inspector.domain.overriding import Press
from inspector.domain.verdict import Verdict
from tests.auditing import SIGNER
from tests.factory import Factory


def test_a_press_adds_an_entry_and_changes_none() -> None:
    factory = Factory(bad_share=1)
    factory.run(20)
    before = [dict(entry) for entry in factory.journal.entries]
    part = next(p for p in factory.line.belt.parts.values() if p.decision)
    record = factory.line.record(part.number)
    said = Press("p1", Verdict.PASS, "Ada", True, 0, "2026-11-23T00:00:00+00:00")
    factory.line.press(record, said, {"role": "operator", "panel": "panel 1"})
    factory.run_until_empty()
    late = Press("p2", Verdict.PASS, "Bo", True, 1, "2026-11-23T00:00:01+00:00")
    factory.line.press(record, late, {"role": "operator", "panel": "panel 1"})
    assert factory.journal.entries[: len(before)] == before
    words = [e for e in factory.journal.entries if e.get("press_id") in ("p1", "p2")]
    assert [(word["kind"], word["person"]) for word in words] == [
        ("override", "Ada"),
        ("correction", "Bo"),
    ]
    assert all(word["at"] and word["painted_at"] for word in words)
    judged = [e for e in factory.journal.of("judged") if e["record"] == record]
    assert [entry["verdict"] for entry in judged] == ["reject"]


def test_an_entry_of_the_audit_log_that_is_edited_shows() -> None:
    """tests/inspector/gateway/test_audit.py has each way of tampering, with a real database."""
    tree, rows = Tree(), []
    for seq in range(1, 8):
        body = body_of(Change("2026-11-23T00:00:00+00:00", Who("Ada"), "override", "a part"), seq)
        rows.append((seq, body, b"".join(tree.append(leaf_hash(body)))))
    rows[4] = (5, rows[4][1].replace(b"Ada", b"Bob"), rows[4][2])
    found = list(Walk(Keys(SIGNER.verifier)).findings(rows, []))
    assert [(one.kind, one.first) for one in found if one.kind == "edited"] == [("edited", 5)]
