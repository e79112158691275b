"""Journal entries as the line writes them, for the tests of what reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DIGEST = "a" * 64
Entry = dict[str, Any]


def at(n: int) -> str:
    """Return the n-th second."""
    return (START + timedelta(seconds=n)).isoformat()


def view(name: str = "top", **changes: Any) -> Entry:
    return {
        "view": name,
        "missed": "",
        "picture": DIGEST,
        "width_px": 400,
        "height_px": 300,
        "model_ms": 6.1,
        "top_scores": {"scratch": 0.93, "dent": 0.02},
        "findings": [["scratch", 0.93, [1.0, 2.0, 3.0, 4.0]]],
        **changes,
    }


def judged(n: int, verdict: str = "pass", *, station: str = "ring", **changes: Any) -> Entry:
    return {
        "kind": "judged",
        "at": at(n),
        "station": station,
        "record": f"{station}-{n:06d}",
        "run": 1,
        "number": n,
        "oldest_open": n,
        "triggered_at": at(n),
        "encoder": n * 500,
        "verdict": verdict,
        "reasons": [] if verdict == "pass" else ["scratch 0.93 in view top"],
        "not_inspected": "",
        "views": [view()],
        "recipe": "standard",
        "package": station,
        "model_sha256": "b" * 64,
        "device_asked": "GPU",
        "device": "CPU",
        "precision": "BF16",
        "epoch": 3,
        "ready_to_judged_ms": 7.5,
        **changes,
    }


def about(n: int, kind: str, *, station: str = "ring", **fields: Any) -> Entry:
    """Return an entry that speaks of part n's record."""
    record = f"{station}-{n:06d}"
    return {"kind": kind, "at": at(n), "station": station, "record": record, **fields}


def acked(n: int, **changes: Any) -> Entry:
    return about(n, "acked", **{"latency_ms": 9.25, "late": False, **changes})


def decided(n: int, action: int | None = 1, **changes: Any) -> Entry:
    return about(
        n, "decided", **{"run": 1, "number": n, "action": action, "agrees": True, **changes}
    )


def pressed(n: int, kind: str = "override", press: str = "p1", **changes: Any) -> Entry:
    fields = {
        "press_id": press,
        "verdict": "pass",
        "person": "Olga Operator",
        "role": "operator",
        "signed_in": True,
        "panel": "line side",
        "painted_at": at(n),
        "seen_revision": 0,
        **({"revision": 1} if kind == "override" else {"why": "too late"}),
    }
    return about(n, kind, **{**fields, **changes})


def latched(n: int, **changes: Any) -> Entry:
    return about(n, "latched", **{"revision": 1, "verdict": "pass", **changes})


def gap(first: int, last: int, **changes: Any) -> Entry:
    return {
        "kind": "gap",
        "at": at(last),
        "station": "ring",
        "run": 1,
        "first": first,
        "last": last,
        "cause": "the PLC was away",
        "totals": {"passed": 1, "rejected": 2},
        **changes,
    }


def alarm(n: int, **changes: Any) -> Entry:
    fields = {"kind": "alarm", "at": at(n), "station": "ring", "name": "lost_sync"}
    return {**fields, "text": "frame 7 came 40 ms early", "on": True, **changes}


def boot(n: int) -> Entry:
    return {"kind": "boot", "at": at(n), "station": "ring", "epoch": 3, "plc_boot": 1}


def numbered(entries: list[Entry], start: int = 0) -> list[tuple[int, Entry]]:
    """Return entries with offsets, as the journal's reader gives them."""
    return [(8 * (start + n + 1), entry) for n, entry in enumerate(entries)]
