"""What the screens ask of the rest: handed in by the gateway, stood in for by the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from inspector.domain.people import Person
from inspector.domain.record import Record, RecordFilter
from inspector.domain.review_queues import Queue, Subject, Waiting
from inspector.errors import InspectorError
from inspector.ports import Clock

if TYPE_CHECKING:
    from inspector.domain.dashboard import Dashboard  # 30 MB of statistics, for this page alone

Json = dict[str, object]


class LineAway(InspectorError):
    """The line did not answer: it restarts, or hangs."""


class RecorderAway(InspectorError):
    """The recorder did not answer: nobody can sign in or out just now."""


@dataclass(frozen=True, slots=True)
class StationCard:
    """What the settings say of a station; known even while the line is away.

    Attributes:
        name: In URLs.
        title: What people call it.
        views: The views' names, in the order of the station file.
        travel_s: Eye to reject station in normal running, seconds.
        counts_per_s: Belt speed in normal running, encoder counts.
        override: The station file lets operators change a verdict in time.
        limits: Score limit of each kind of finding.
    """

    name: str
    title: str
    views: tuple[str, ...]
    travel_s: float
    counts_per_s: float
    override: bool
    limits: Mapping[str, float] = field(default_factory=dict)


class LiveView(Protocol):
    """The line as it is now."""

    def stations(self) -> Sequence[StationCard]:
        """Return the stations of this site, in the order in which they are shown."""
        ...

    def mark(self) -> object:
        """Return something that is equal as long as `line` would return the same."""
        ...

    def line(self) -> Mapping[str, object] | None:
        """Return the last state the line published (`status/line.json`), None: never any."""
        ...


class Records(Protocol):
    """What is kept of the parts; read only."""

    def records(self, wanted: RecordFilter) -> Sequence[Record]:
        """Return records, newest first."""
        ...

    def record(self, record: str) -> Record | None:
        """Return one record by its id, or None."""
        ...


class Figures(Protocol):
    """The figures of the records, with what goes beside them; read only."""

    def dashboard(self, station: str, since: datetime, until: datetime) -> Dashboard:
        """Return everything on the page of figures; "" is all stations."""
        ...

    def rejects(
        self, station: str, since: datetime, until: datetime, kind: str
    ) -> Sequence[Record]:
        """Return the newest rejects whose strongest finding is of a kind, newest first."""
        ...


class Pictures(Protocol):
    """Encoded pictures (JPEG)."""

    def picture(self, digest: str) -> bytes | None:
        """Return the picture with this BLAKE3 of its pixels: held first, then kept."""
        ...

    def latest(self, station: str, view: str) -> bytes | None:
        """Return the newest picture of a view."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person on one panel.

    Attributes:
        token: Secret, in the panel's cookie only.
        person: Who.
        csrf: Must come with every change that this session asks for.
    """

    token: str = field(repr=False)
    person: Person
    csrf: str = field(repr=False)


class People(Protocol):
    """Who is here."""

    def sign_in(self, badge: str, pin: str, address: str) -> Session:
        """Open a session.

        Args:
            badge: As scanned or typed.
            pin: Six digits.
            address: The network address of who asks: wrong tries are counted by it.

        Raises:
            NotAllowed: Wrong badge or PIN, or locked; the text says which in words for a person.
            RecorderAway: Nobody can sign in just now.
        """
        ...

    def sign_out(self, token: str) -> None:
        """End a session; one that is over already is no error. Raises `RecorderAway`."""
        ...

    def used(self, token: str) -> None:
        """Note that the person did something: an idle session ends. Never raises."""
        ...

    def session(self, token: str) -> Session | None:
        """Return the session behind a cookie, or None when it is over or was never one."""
        ...


@dataclass(frozen=True, slots=True)
class Press:
    """An operator's answer on one part.

    Attributes:
        press_id: Made by the panel; the same one gets the same answer.
        record: The part's record.
        station: Of the part; empty: not known here.
        verdict: "pass" or "reject".
        seen_revision: The part's revision on the screen when the press began.
        painted_at: When that was painted, UTC.
        person: Who is signed in; None: nobody.
        panel: Where.
    """

    press_id: str
    record: str
    station: str
    verdict: str
    seen_revision: int
    painted_at: datetime
    person: Person | None
    panel: str


@dataclass(frozen=True, slots=True)
class PressAnswer:
    """What became of a press.

    Attributes:
        state: "sent", "changed", "too_late", "superseded" or "refused".
        revision: The part's revision now.
        by: Whose word stands.
        why: For a person; empty when there is nothing to say.
    """

    state: str
    revision: int
    by: str
    why: str = ""


class Line(Protocol):
    """The line, for answers of people."""

    def override(self, press: Press) -> PressAnswer:
        """Return what became of the press; raises `LineAway` after 2 s without an answer."""
        ...


@dataclass(frozen=True, slots=True)
class By:
    """Who asks the recorder for a change, and at which screen."""

    person: Person
    panel: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A picture that one person holds until they answer, or for ten minutes.

    Attributes:
        id: All that the screen may know of a blind one.
    """

    id: str
    subject: Subject
    queue: Queue


class Reviews(Protocol):
    """What waits for people's looks, and the recorder's ear for what they say.

    What the recorder refuses raises `BadInput`, `NotThere`, `Overtaken` or `NotAllowed`; it raises
    `RecorderAway` when it does not answer.
    """

    def waiting(self, queue: Queue, person: Person) -> Waiting:
        """Return how much waits in a queue."""
        ...

    def answered_by(self, person: Person) -> int:
        """Return how many looks of a person stand from the last twelve hours."""
        ...

    def record_of(self, seed: str) -> str | None:
        """Return the record whose pictures a seeded defect is shown with."""
        ...

    def take(self, queue: Queue, by: By, count: int) -> Sequence[Claimed]:
        """Return the next pictures of a queue, those first that this person holds already."""
        ...

    def undo(self, review: int, request: str, by: By) -> tuple[Claimed | None, int]:
        """Take a person's own word back; return the picture, theirs again, and the new row."""
        ...

    def order(self, do: str, by: By, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return the recorder's answer to an order (docs/architecture.md, "Messages")."""
        ...


class Stopping(Protocol):
    """Tells the streams to end."""

    def is_set(self) -> bool:
        """Return whether the web process is ending."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait so long, or until it is ending; return whether it is."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the screens may use.

    Attributes:
        hosts: Names this server answers to beside IP addresses and "localhost" (a page of
            another name that points here could otherwise act in the operator's browser).
    """

    live: LiveView
    records: Records
    figures: Figures
    pictures: Pictures
    people: People
    line: Line
    reviews: Reviews
    clock: Clock
    stopping: Stopping
    hosts: tuple[str, ...] = ()
