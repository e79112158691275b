"""One station's line: takes events in, lets the pure belt decide, and acts on what it returns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from inspector.domain import entries, tracking
from inspector.domain.accounted import Accounted
from inspector.domain.belt import (
    PLC_RESTARTED,
    AskGap,
    AskPicture,
    Belt,
    Decided,
    Effect,
    Gap,
    Judged,
    Latched,
    Layout,
    Part,
    Step,
    SyncLost,
    empty_belt,
)
from inspector.domain.entries import Circumstances
from inspector.domain.finding import RanOn
from inspector.domain.health import Condition, State
from inspector.domain.numbers import record_id
from inspector.domain.overriding import Answer, Outcome, Press, pressed
from inspector.domain.reconciling import Around, reconciled
from inspector.domain.run_of_rejects import RejectRun
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.sync import Arrival
from inspector.domain.verdict import Action, Verdict
from inspector.line.alarms import (
    DIFFERENCE,
    OTHER_GATEWAY,
    WORKER_ENDED,
    Alarms,
    out_of_sync,
    two_gateways,
)
from inspector.line.audit import AuditDraw
from inspector.line.ledger import Ledger, Lost, PartNumber
from inspector.line.link import Link
from inspector.line.model import RunningModel
from inspector.line.pictures import HeldPictures
from inspector.line.presses import Presses
from inspector.line.reconciling import Decisions
from inspector.line.rejects import RejectWatch
from inspector.line.restoring import Restored, belt_after
from inspector.line.voice import Token, Voice
from inspector.ports import Clock, Journal, Plc

JOURNAL_FULL = "the journal was full for too long"
NO_WORKER = "the vision worker is not running"


class StationLine:
    """The imperative shell around one station's belt.

    Args:
        layout: The station's fixed facts.
        plc: Where words go.
        journal: Where everything is written before it is said.
        clock: Time.
        key: The site's key for record ids.
        tell_worker: Sends keep, drop and take to the station's worker.
        keep: Whether a passed part's pictures are kept as a sample, by record id.
        start_share: Of the passed parts that are audited until there is a plan.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        plc: Plc,
        journal: Journal,
        clock: Clock,
        key: bytes,
        tell_worker: Callable[[Mapping[str, object]], None],
        keep: Callable[[str], bool],
        start_share: float,
    ) -> None:
        self.layout = layout
        self.belt = self._first_belt(empty_belt(layout), clock)
        self.link = Link()
        self.ran_on = RanOn()
        self.model = RunningModel()
        self.latencies_ms: deque[float] = deque(maxlen=2000)
        self.decisions = Decisions()
        self.worker_alarms: dict[str, Condition] = {}
        self.watched: tuple[Condition, ...] = ()
        self._worker_end = ""
        self.ledger = Ledger(journal, clock, layout.station)
        self.alarms = Alarms(self.ledger, clock)
        self._rejects = RejectWatch(RejectRun(layout.run_rule), self.alarms)
        self._plc, self._clock, self._key = plc, clock, key
        self._keep, self._tell_worker = keep, tell_worker
        self.audit = AuditDraw(layout.station, start_share=start_share, site_key=key, clock=clock)
        self._pictures = HeldPictures(tell_worker, clock)
        self._voice = Voice(layout, plc, clock)
        self._presses = Presses()
        self._around = Around()
        self._numbers: dict[str, int] = {}
        self._unwritten: set[int] = set()
        self._muting = ""

    def restore(self, journal: Iterable[Mapping[str, Any]]) -> None:
        """Take up where the journal of an earlier process ended."""
        from_journal = Restored(self.layout)
        for entry in journal:
            if entry.get("station") == self.layout.station:
                from_journal.read(entry)
        self.belt = self._first_belt(from_journal.belt(), self._clock)
        self._voice.epoch = from_journal.epoch
        self._presses.restore(from_journal.words)
        self.alarms.restore(from_journal.alarms)
        self._rejects.restore(from_journal.rejects)
        self.audit.restore(from_journal.drawn)
        for number, part in self.belt.parts.items():
            self._numbers[self.record_of(part)] = number

    @property
    def epoch(self) -> int:
        """Return our epoch; 0 before the first session."""
        return self._voice.epoch

    @staticmethod
    def _first_belt(belt: Belt, clock: Clock) -> Belt:
        """Number the sync requests from the time on: the PLC ignores a number it knows."""
        return replace(belt, asked=int(clock.now().timestamp() * 16) % (1 << 31))

    def start_after(self, known: Accounted) -> None:
        """Take up where the database ended, when the journal is gone (a power cut)."""
        self.belt = belt_after(self.belt, known)

    def record(self, number: int) -> str:
        """Return the record id of a part of this count run."""
        return record_id(self._key, self.layout.station, self.belt.run, number)

    def record_of(self, part: Part) -> str:
        """Return a part's record id, also when the PLC's count has fallen back since."""
        return record_id(self._key, self.layout.station, part.run, part.number)

    # --- events from the worker -------------------------------------------------------------

    def camera(self, view: str, *, session: int, up: bool, why: str) -> None:
        """A camera connected anew or went away."""
        step = tracking.camera_changed(self.belt, view, session=session, up=up, why=why)
        self._apply(step)

    def worker_gone(self) -> None:
        """The station's worker ended: its cameras are not watched, its alarms void."""
        for name in tuple(self.worker_alarms):
            self.worker_alarm(name, "", on=False)
        why, self._worker_end = self._worker_end or NO_WORKER, ""
        for view in self.layout.views:
            session = self.belt.tracks[view].session
            self.camera(view, session=session, up=False, why=why)

    def change_model(self) -> None:
        """The worker has another model ready: tell it from which frames on that one looks."""
        number, places = tracking.first_frames(self.belt)
        self._tell_worker({"do": "change", "first": number, "from": places})

    def worker_ends(self, why: str) -> None:
        """The station's worker is about to end: `worker_gone` will say why, so does an alarm."""
        self._worker_end = why
        self.alarms.came(WORKER_ENDED, why)

    def frame(self, view: str, session: int, arrival: Arrival) -> None:
        """A frame came; its ring entry is wanted at once, while the model looks."""
        self._apply(tracking.frame_came(self.belt, view, session, arrival))
        self._plc.read_soon(self.layout.station)

    def seen(self, view: str, session: int, counter: int, view_object: Mapping[str, Any]) -> None:
        """The worker has looked at a frame."""
        result = entries.result_from(view_object)
        if not result.missed:  # by the time it is judged another model may run
            result = replace(result, ran_on=self.ran_on)
            self.model.took_ms.append(result.model_ms)
        self._pictures.came(result.picture)
        self._apply(tracking.view_seen(self.belt, view, session, counter, result))

    def worker_alarm(
        self, name: str, text: str, *, on: bool, state: State = State.OUT_OF_SPECIFICATION
    ) -> None:
        """Something at the worker came or went: shown for as long as it stands, and recorded."""
        if on:
            self.worker_alarms[name] = Condition(state, text)
        else:
            self.worker_alarms.pop(name, None)
        self.ledger.write({"kind": "alarm", "name": name, "text": text, "on": on})

    # --- events from the PLC ----------------------------------------------------------------

    def plc_up(self) -> None:
        """A fresh session stands; the first read tells what happened meanwhile."""
        self.link.opened(self._clock.monotonic_s())
        self._voice.plc_up()

    def plc_down(self, why: str) -> None:
        """The session ended; everything unanswered is said again later."""
        self.link.ended(why)
        self.belt = tracking.link_lost(self.belt)
        self._voice.plc_down()

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        """A station was read."""
        self._around = self._as_seen(snapshot)
        self.link.read(snapshot)
        restarted = tracking.restarted(self.belt, snapshot)
        if self._voice.fenced:
            self._voice.fresh = False
        elif self._voice.fresh or restarted:
            self._greet(snapshot, restarted=restarted)
        elif self._is_foreign(snapshot):
            self._fence(snapshot.epoch)
        self._voice.hear(snapshot.epoch)
        self._apply(tracking.plc_read(self.belt, snapshot))

    def _is_foreign(self, snapshot: PlcSnapshot) -> bool:
        return self.layout.epoch and snapshot.epoch > self.epoch

    def _as_seen(self, snapshot: PlcSnapshot) -> Around:
        before = self.link.snapshot
        return Around(
            watched=not self._voice.fresh,
            alive=snapshot.alive is not False and (before is None or before.alive is not False),
            foreign=self._is_foreign(snapshot),
            operator_table=self.layout.operator_table,
        )

    def plc_acked(self, token: Token, at_s: float) -> None:
        """A machine word was acknowledged."""
        _, number, epoch = token
        part = self.belt.parts.get(number)
        if epoch != self.epoch or part is None or part.said:
            return
        self.belt = tracking.acked(self.belt, number)
        if not self.layout.operator_table and part.operator:
            self.ledger.write(entries.latched(self.record_of(part), part.operator))
        if part.decision is None or part.decision.not_inspected:
            return  # it waited for a view until it was due: that is no latency
        if part.undone:
            return  # it was acknowledged before, and has been said again since
        latency_ms = round((at_s - part.ready_s) * 1000, 3) if part.ready_s else None
        if latency_ms is not None:  # an earlier process took the picture
            self.latencies_ms.append(latency_ms)
        self.ledger.write(entries.acked(self.record_of(part), latency_ms=latency_ms, late=False))

    # --- a person ---------------------------------------------------------------------------

    def press(self, record: str, press: Press, who: Mapping[str, object]) -> Outcome:
        """Take a person's word: journaled first, then sent; the same press gets the same answer."""
        if before := self._presses.record_of(press):
            part = self.belt.parts.get(self._numbers.get(before, -1))
            return self._presses.again(press, part)
        part = self.belt.parts.get(self._numbers.get(record, -1))
        if part is None:
            outcome = Outcome(Answer.TOO_LATE, 0, why="the part has been decided")
        elif self._voice.fenced:
            return Outcome(Answer.REFUSED, 0, why="another gateway is at work on this station")
        else:
            belt, outcome = pressed(self.belt, part, press)
            outcome = self._take(record, belt, press, outcome, who)
        if outcome.answer is Answer.TOO_LATE:
            self.ledger.write(entries.correction(record, press, why=outcome.why, who=who))
        self._presses.keep(record, press, outcome)
        self._speak()
        return outcome

    def knows(self, record: str) -> bool:
        """Return whether a part with this record is on the belt."""
        return record in self._numbers

    # --- time -------------------------------------------------------------------------------

    def tick(self) -> None:
        """Beat, pay what is owed to the journal, say again what was not heard.

        Called by the decision stage itself: when it hangs, the beat stops and the PLC takes
        its safe branch.
        """
        for number in self.ledger.pay():
            self.belt = tracking.journal_failed(self.belt, number, failed=False)
        if lost := self.ledger.forgiven():
            self._write_again(lost)
        self.alarms.tick()
        self._speak()
        self._pictures.drop_strays(self.belt)
        self._voice.beat(self.belt)

    # --- acting -----------------------------------------------------------------------------

    def _greet(self, snapshot: PlcSnapshot, *, restarted: bool) -> None:
        """First read of a session: claim the epoch, and say again what is undecided."""
        self._voice.fresh = False
        self.alarms.went(OTHER_GATEWAY)
        if restarted:
            self._raise_epoch(snapshot.epoch, snapshot.boot_count, PLC_RESTARTED)
        elif self.belt.away:
            self._raise_epoch(snapshot.epoch, snapshot.boot_count, "the gateway was started")
        elif self._is_foreign(snapshot):
            # Under another gateway's epoch nothing of ours would count.
            self._raise_epoch(snapshot.epoch, snapshot.boot_count, "another gateway was at work")
        else:
            self._voice.claim()
            self.belt = tracking.say_again(self.belt, "the session to the PLC is new")

    def _fence(self, theirs: int) -> None:
        """Another gateway claimed the station while we were at it: say nothing any more."""
        self._voice.fenced = True
        self.alarms.came(OTHER_GATEWAY, two_gateways(theirs, self.epoch))

    def _raise_epoch(self, theirs: int, boot: int | None, why: str) -> None:
        if self.layout.epoch:
            self._voice.epoch = max(self.epoch, theirs) + 1
        else:
            self._muting = why
        self._journal_boot(boot)
        self._voice.claim()
        self.belt = tracking.say_again(self.belt, why)

    def _journal_boot(self, boot: int | None) -> None:
        self.ledger.write({"kind": "boot", "epoch": self.epoch, "plc_boot": boot})

    def _apply(self, step: Step) -> None:
        self.belt, effects = step
        self._unwritten = {e.part.number for e in effects if isinstance(e, Judged)}
        self._unwritten |= {e.first for e in effects if isinstance(e, Gap)}
        for effect in sorted(effects, key=lambda one: isinstance(one, Gap)):
            self._do(effect)
        lost = [effect for effect in effects if isinstance(effect, SyncLost)]
        if lost:
            theirs = self.link.snapshot.epoch if self.link.snapshot else 0
            self._raise_epoch(theirs, self.belt.boot, f"view {lost[0].view}: {lost[0].why}")
        if self._muting:  # also what this step has met
            self.belt, self._muting = tracking.muted(self.belt, self._muting), ""
        for view, track in self.belt.tracks.items():
            if track.proven:
                self.alarms.went(out_of_sync(view))
        self._speak()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Judged(part):
                self._journal_verdict(part)
                self._rejects.judged(part)
            case Decided(part, action):
                self._close(part, action)
            case Latched(part) if part.operator:
                self.ledger.write(entries.latched(self.record_of(part), part.operator))
            case Gap():
                snapshot = self.link.snapshot
                totals = snapshot.counts if snapshot else {}
                self._unwritten.discard(effect.first)
                self.ledger.write(entries.gap(effect, run=self.belt.run, totals=totals))
            case SyncLost(view, why):
                self._alarm_of_sync(view, why)
            case AskGap(view, request):
                self._voice.ask_gap(view, request)
            case AskPicture(view):
                self._tell_worker({"do": "take", "view": view})

    def _journal_verdict(self, part: Part) -> None:
        record = self.record_of(part)
        self._numbers[record] = part.number
        self._unwritten.discard(part.number)  # what the same step judged is not in the journal yet
        now_s = self._clock.monotonic_s()
        entered_at = self._clock.now() - timedelta(seconds=now_s - part.entered_s)
        around = Circumstances(
            record=record,
            run=part.run,
            epoch=self.epoch,
            oldest_open=min(self._unwritten | {self.belt.oldest_open}),
            triggered_at=entered_at.isoformat(),
            plc_boot=self.belt.boot,
            ready_to_judged_ms=round((now_s - part.ready_s) * 1000, 3) if part.ready_s else None,
        )
        looked = [one.ran_on for one in part.results.values() if one.ran_on]
        ran_on = looked[-1] if looked else self.ran_on
        entry = entries.judged(part, ran_on=ran_on, around=around)
        entry |= self.audit.of(part, record)
        written = self.ledger.write(entry, number=part.number)
        self.belt = tracking.journal_failed(self.belt, part.number, failed=not written)

    def _write_again(self, lost: Lost) -> None:
        """There is room again: verdicts of parts on the belt as they were, the others as gaps."""
        kept = [n for n in sorted(lost.on_belt) if (part := self._part(n)) and part.decision]
        self._unwritten = {number for _, number in kept}
        self._unwritten |= {first for run, first, _ in lost.ranges if run == self.belt.run}
        for part in filter(None, map(self._part, kept)):
            self._journal_verdict(part)
        for run, first, last in lost.ranges:
            self._unwritten.discard(first)
            self.ledger.write(entries.gap(Gap(first, last, JOURNAL_FULL), run=run, totals={}))
        if lost.counts["boot"]:
            self._journal_boot(self.belt.boot)
        self.ledger.write({"kind": "alarm", "name": "journal", "text": lost.text(), "on": False})

    def _part(self, number: PartNumber) -> Part | None:
        part = self.belt.parts.get(number[1])
        return part if part and part.run == number[0] else None

    def _close(self, part: Part, action: Action | None) -> None:
        record = self.record_of(part)
        one = reconciled(part, action, self._around)
        override = self._presses.settled(record, one.person)
        at = self._clock.now().isoformat()
        for entry in self.decisions.close(one, record=record, override=override, at=at):
            self.ledger.write(entry)
        if one.differs:
            self.alarms.came(DIFFERENCE, one.why)
        self._numbers.pop(record, None)
        self._voice.forget(part.number)
        drawn = self.audit.settled(record)
        kept = drawn or action is not Action.PASSED or self._keep(record)
        self._pictures.settle((one.picture for one in part.results.values()), keep=kept)

    def _take(
        self, record: str, belt: Belt, press: Press, outcome: Outcome, who: Mapping[str, object]
    ) -> Outcome:
        if not outcome.new:
            return outcome
        entry = entries.override(record, press, revision=outcome.revision, who=who)
        owe = press.verdict is Verdict.REJECT  # a PASS that is refused must never be written
        if not self.ledger.write(entry, owe=owe) and not owe:
            return Outcome(Answer.REFUSED, outcome.revision - 1, why="the journal is full")
        self._presses.taken(record, entry)
        self.belt = belt
        return outcome

    def _speak(self) -> None:
        if self.link.program_runs:  # or a word would count as taken that nobody has looked at
            self.belt = self._voice.speak(self.belt)

    def _alarm_of_sync(self, view: str, why: str) -> None:
        """A view lost sync; in a line that stands nobody need come."""
        if self.link.executes:
            self.alarms.came(out_of_sync(view), why)
