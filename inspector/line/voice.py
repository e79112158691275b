"""What a station's line says to its PLC, and when it keeps silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from inspector.domain import tracking
from inspector.domain.belt import Belt, Layout, Part
from inspector.domain.words import MachineWord, OperatorWord
from inspector.ports import Clock, Plc

REPEAT_S = 0.3
"""A word without its acknowledgement or echo is said again after this."""

Token = tuple[str, int, int]
"""What an acknowledgement brings back: (station, part number, epoch); number 0: an operator's."""


@dataclass(slots=True)
class Told:
    """What was said and when, so that nothing is repeated faster than it can be answered."""

    at_s: dict[tuple[str, int], float] = field(default_factory=dict)

    def due(self, word: str, number: int, now_s: float) -> bool:
        """Return whether a word may be said (again), and note that it is."""
        if now_s - self.at_s.get((word, number), -REPEAT_S) < REPEAT_S:
            return False
        self.at_s[word, number] = now_s
        return True

    def forget(self, number: int) -> None:
        """Forget a part that has left the belt."""
        self.at_s.pop(("machine", number), None)
        self.at_s.pop(("operator", number), None)


class Voice:
    """Says words, the epoch and the heartbeat.

    Attributes:
        epoch: Ours; 0 before the first session, and for ever where the PLC keeps none.
        fresh: A session stands whose first read has not come: nothing is said before it.
        fenced: Another gateway has raised the epoch above ours: nothing is said until this
            process is started anew, for two gateways must never fight over a station.
    """

    def __init__(self, layout: Layout, plc: Plc, clock: Clock) -> None:
        self.epoch = 0
        self.fresh = self.fenced = False
        self._up = False
        self._layout, self._plc, self._clock = layout, plc, clock
        self._told = Told()
        self._beats = 0
        self._in_force = -1

    def plc_up(self) -> None:
        """A fresh session stands."""
        self._up = self.fresh = True

    def plc_down(self) -> None:
        """The session ended: nobody hears us, and what is unanswered is said again later."""
        self._up = False
        self._told = Told()

    @property
    def may_speak(self) -> bool:
        """Return whether anything may be said now."""
        return self._up and not self.fresh and not self.fenced

    def claim(self) -> None:
        """Say our epoch, and then every word again; no word of a lower one counts any more."""
        self._told = Told()
        self._say_epoch()

    def hear(self, in_force: int) -> None:
        """Take the epoch in force at the PLC, and say ours again until it is that.

        The acknowledgement of a write proves only that it was stored: one of an earlier process,
        executed late, may have taken its place before the PLC's program looked.
        """
        self._in_force = in_force
        if self.may_speak and not self._reigns:
            self._say_epoch()

    @property
    def _reigns(self) -> bool:
        """Return whether the PLC has been read with our epoch in force, where it keeps one."""
        return not self._layout.epoch or self._in_force == self.epoch

    def _say_epoch(self) -> None:
        if self._layout.epoch and self._told.due("epoch", self.epoch, self._clock.monotonic_s()):
            self._plc.raise_epoch(self._layout.station, self.epoch)

    def speak(self, belt: Belt) -> Belt:
        """Say every word that is due, persons' words first; return the belt that knows it."""
        if not self.may_speak:
            return belt
        now_s = self._clock.monotonic_s()
        self._say_operators(tracking.to_say_operator(belt), now_s)
        for part in tracking.to_say(belt):
            verdict = belt.machine_word(part)
            if verdict and self._told.due("machine", part.number, now_s):
                word = MachineWord(part.number, self.epoch, verdict).pack()
                token = (self._layout.station, part.number, self.epoch)
                self._plc.say(self._layout.station, part.number, word, token)
                belt = tracking.sent(belt, part.number)
        return belt

    def beat(self, belt: Belt) -> None:
        """Write the heartbeat; our epoch reigns first, or old words would count again."""
        if self.may_speak and self._reigns and tracking.beats(belt):
            self._beats = (self._beats + 1) % (1 << 32)
            self._plc.beat(self._layout.station, self._beats)

    def ask_gap(self, view: str, request: int) -> None:
        """Ask the PLC for a gap on a camera's output."""
        if not self.fenced:
            self._plc.ask_sync(self._layout.station, view, request)

    def forget(self, number: int) -> None:
        """Forget a part that has left the belt."""
        self._told.forget(number)

    def _say_operators(self, parts: Iterable[Part], now_s: float) -> None:
        station = self._layout.station
        for part in parts:
            said = part.operator
            if said and self._told.due("operator", part.number, now_s):
                word = OperatorWord(part.number, self.epoch, said.revision, said.verdict).pack()
                self._plc.say_operator(station, part.number, word, (station, 0, self.epoch))
