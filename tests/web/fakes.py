"""A stand-in for everything the screens ask of the rest: a line that a test can steer."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from inspector.domain.dashboard import Dashboard
from inspector.domain.kpi import Window
from inspector.domain.people import Person, Role
from inspector.domain.record import Record, RecordFilter
from inspector.domain.review_queues import Queue, Waiting
from inspector.domain.verdict import Verdict
from inspector.errors import NotAllowed
from web.services import (
    By,
    Claimed,
    LineAway,
    Press,
    PressAnswer,
    Reviews,
    Services,
    Session,
    StationCard,
)

START = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
PICTURE = "ab" * 32
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")

BOARD = StationCard("board", "Circuit boards", ("top",), 15.0, 1000.0, override=True)
RING = StationCard("ring", "Machined rings", ("top", "side"), 15.0, 1000.0, override=True)
BLISTER = StationCard("blister", "Blister packs", ("top",), 15.0, 1000.0, override=True)


def somebody(name: str = "Mia Roth", role: Role = Role.OPERATOR, badge: str = "1001") -> Person:
    return Person(f"id-{badge}", name, role, badge, active=True, created_at=START)


def part(number: int, verdict: str = "reject", **more: Any) -> dict[str, Any]:
    """One part as the line publishes it; `left` counts before its deadline at encoder 0."""
    findings = [
        {
            "view": "top",
            "kind": "missing_part",
            "score": 0.93,
            "limit": 0.4,
            "box": [120, 90, 60, 40],
        }
    ]
    views = [{"view": "top", "picture": PICTURE, "width_px": 400, "height_px": 400, "missed": ""}]
    said = {
        "record": f"r{number:06d}",
        "number": number,
        "verdict": verdict,
        "reasons": {
            "reject": ["missing_part 0.93 ≥ 0.40"],
            "unknown": ["view top missing"],
        }.get(verdict, []),
        "findings": findings if verdict == "reject" else [],
        "views": views,
        "encoder": 0,
        "reject_at": 12_000,
        "revision": 0,
        "operator": "",
        "by": "",
        "operator_state": "",
        "can_pass": verdict == "reject",
    }
    return said | more


class Gate:
    """Something that hangs while it is shut, 5 s at most."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def clear(self) -> None:
        self._open.set()

    def wait(self) -> None:
        self._open.wait(5)


class FakeClock:
    """Time that moves when told, or really (`real`)."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return 1000.0 + self.passed_s


class FakeLive:
    """The line's published state, as a test sets it."""

    def __init__(self, cards: Sequence[StationCard], clock: FakeClock) -> None:
        self.cards = tuple(cards)
        self.clock = clock
        self.beat_s: float | None = clock.monotonic_s()
        self.said = {card.name: self.station(card) for card in self.cards}
        self.silent = False
        self.hangs = Gate()

    def station(self, card: StationCard) -> dict[str, Any]:
        return {
            "title": card.title,
            "state": "good",
            "state_why": "",
            "running": True,
            "packml": 6,
            "counts": {"triggered": 1204, "passed": 1180, "rejected": 22, "fail_safe": 2},
            "device": "CPU",
            "precision": "BF16",
            "model_sha256": "3cfd0e6a" * 8,
            "model": {
                "device_asked": "CPU",
                "precision_asked": "auto",
                "why": "FP32 8.2 ms, BF16 4.3 ms, the same golden verdicts",
                "since": START.isoformat(),
                "ms": {"p50": 4.31, "p99": 6.24, "max": 12.5},
                "takt_ms": 400.0,
            },
            "travel_s": card.travel_s,
            "counts_per_s": 1000.0,
            "override": card.override,
            "encoder": 0,
            "encoder_at_s": self.clock.monotonic_s(),
            "views": {
                view: {"synced": True, "camera_up": True, "last_frame_s": 999.0, "why": ""}
                for view in card.views
            },
            "waiting": [],
            "in_flight": [],
            "recent": [],
        }

    def stations(self) -> Sequence[StationCard]:
        return self.cards

    def mark(self) -> object:
        self.hangs.wait()
        return object()

    def line(self) -> Mapping[str, object] | None:
        if self.beat_s is None:
            return None
        if not self.silent:
            self.beat_s = self.clock.monotonic_s()
        return {
            "process": "line",
            "beat_s": self.beat_s,
            "plc": {"demo": {"up": True, "why": "", "policy": "Basic256Sha256"}},
            "stations": self.said,
        }


@dataclass
class FakeRecords:
    """Records that a test put here."""

    kept: list[Record] = field(default_factory=list)
    asked: list[RecordFilter] = field(default_factory=list)

    def records(self, wanted: RecordFilter) -> Sequence[Record]:
        self.asked.append(wanted)
        return [one for one in self.kept if wanted.station in ("", one.station)][: wanted.limit]

    def record(self, record: str) -> Record | None:
        return next((one for one in self.kept if one.id == record), None)


@dataclass
class FakeFigures:
    """The page of figures as a test sets it, and what was asked for."""

    board: Dashboard | None = None
    kept: list[Record] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def dashboard(self, station: str, since: datetime, until: datetime) -> Dashboard:
        self.asked.append((station, since, until))
        return self.board or Dashboard(Window(since, until), "UTC", empty="no part came")

    def rejects(
        self, station: str, since: datetime, until: datetime, kind: str
    ) -> Sequence[Record]:
        self.asked.append((station, since, until, kind))
        return self.kept


@dataclass
class FakePictures:
    """One picture for everything that is known."""

    content: bytes = JPEG

    def picture(self, digest: str) -> bytes | None:
        return self.content if digest == PICTURE else None

    def latest(self, station: str, view: str) -> bytes | None:
        return self.content


class FakePeople:
    """Mia, who may; Vic, who may only look; Quinn and Rita, who review. All have the PIN 123456."""

    def __init__(self) -> None:
        self.people = [
            somebody(),
            somebody("Vic Lund", Role.VIEWER, "1002"),
            somebody("Quinn Quality", Role.QUALITY, "1003"),
            somebody("Rita Quality", Role.QUALITY, "1004"),
        ]
        self.sessions: dict[str, Session] = {}
        self.addresses: list[str] = []
        self.uses: list[str] = []
        self.away: Exception | None = None

    def sign_in(self, badge: str, pin: str, address: str) -> Session:
        if self.away:
            raise self.away
        self.addresses.append(address)
        found = [one for one in self.people if one.badge == badge]
        if not found or pin != "123456":
            raise NotAllowed("Badge or PIN is wrong.")
        session = Session(secrets.token_urlsafe(32), found[0], secrets.token_urlsafe(32))
        self.sessions[session.token] = session
        return session

    def sign_out(self, token: str) -> None:
        if self.away:
            raise self.away
        self.sessions.pop(token, None)

    def used(self, token: str) -> None:
        self.uses.append(token)

    def session(self, token: str) -> Session | None:
        return self.sessions.get(token)


@dataclass
class FakeLine:
    """Answers presses as told, and keeps them."""

    presses: list[Press] = field(default_factory=list)
    answer: PressAnswer = field(default_factory=lambda: PressAnswer("sent", 1, "Mia Roth"))
    away: bool = False
    hangs: Gate = field(default_factory=Gate)

    def override(self, press: Press) -> PressAnswer:
        self.presses.append(press)
        self.hangs.wait()
        if self.away:
            raise LineAway("no answer")
        return replace(self.answer, by=press.person.name if press.person else press.panel)


@dataclass
class FakeReviews:
    """Nothing waits; what is ordered is kept."""

    orders: list[tuple[str, By, Mapping[str, object]]] = field(default_factory=list)
    answer: Mapping[str, object] = field(default_factory=lambda: {"ok": True})

    def waiting(self, queue: Queue, person: Person) -> Waiting:
        return Waiting(0, 0, None)

    def answered_by(self, person: Person) -> int:
        return 0

    def record_of(self, seed: str) -> str | None:
        return None

    def take(self, queue: Queue, by: By, count: int) -> Sequence[Claimed]:
        return ()

    def undo(self, review: int, request: str, by: By) -> tuple[Claimed | None, int]:
        return None, review + 1

    def order(self, do: str, by: By, fields: Mapping[str, object]) -> Mapping[str, object]:
        self.orders.append((do, by, fields))
        return self.answer


@dataclass
class FakeFactory:
    """All of it."""

    cards: Sequence[StationCard] = (BOARD, RING, BLISTER)
    clock: FakeClock = field(default_factory=FakeClock)
    records: FakeRecords = field(default_factory=FakeRecords)
    figures: FakeFigures = field(default_factory=FakeFigures)
    pictures: FakePictures = field(default_factory=FakePictures)
    people: FakePeople = field(default_factory=FakePeople)
    line: FakeLine = field(default_factory=FakeLine)
    reviews: Reviews = field(default_factory=FakeReviews)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.live = FakeLive(self.cards, self.clock)

    def services(self) -> Services:
        return Services(
            live=self.live,
            records=self.records,
            figures=self.figures,
            pictures=self.pictures,
            people=self.people,
            line=self.line,
            reviews=self.reviews,
            clock=self.clock,
            stopping=self.stopping,
            hosts=("panel.example",),
        )


def kept(record: str = "r000001", station: str = "board") -> Record:
    return Record(
        id=record,
        station=station,
        run=1,
        number=1,
        triggered_at=START,
        judged_at=START,
        verdict=Verdict.REJECT,
        reasons=("missing_part 0.93 ≥ 0.40",),
        not_inspected="",
        recipe="standard",
        package="board",
        model_sha256="00" * 32,
        device_asked="CPU",
        device="CPU",
        precision="FP32",
        epoch=1,
        encoder=0,
        ready_to_judged_ms=6.0,
        latency_ms=8.0,
        late=False,
        stratum=None,
        audit_pi=None,
        selected=None,
        views=(),
        decision=None,
        events=(),
    )
