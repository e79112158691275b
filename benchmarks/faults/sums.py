"""The sums of a row: what the PLC's own process said against what the journal holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.faults.codes import digest, marked
from inspector.domain.verdict import Action

ACTUATED = (Action.REJECTED, Action.FAIL_SAFE, Action.REJECTED_BY_OPERATOR)
BY_PERSON = (Action.PASSED_BY_OPERATOR, Action.REJECTED_BY_OPERATOR)
ZEROS = (
    "bad_passed",
    "rejected_twice",
    "good_rejected_by_verdict",
    "unaccounted",
    "wrong_picture",
    "wrong_record",
    "wrong_word",
)


@dataclass(slots=True)
class Fate:
    """What became of a part, as the PLC's process said it."""

    bad: bool
    action: int = 0
    actuations: int = 0


@dataclass(slots=True)
class World:
    """Everything the PLC's process said; `counted_from` parts on, fail-safe rejects count."""

    fates: dict[int, Fate] = field(default_factory=dict)
    counted_from: int = 1 << 62
    most_in_flight: int = 0

    @property
    def newest(self) -> int:
        """Return the number of the last part at the eye; 0: none."""
        return max(self.fates, default=0)

    @property
    def on_belt(self) -> list[int]:
        """Return the parts that are not decided."""
        return [number for number, fate in self.fates.items() if not fate.action]

    def hear(self, what: str, facts: Mapping[str, Any]) -> None:
        """Take in one thing it said."""
        number = facts.get("id", 0)
        match what:
            case "part":
                self.fates[number] = Fate(facts["bad"])
                self.most_in_flight = max(self.most_in_flight, len(self.on_belt))
            case "decided":
                self.fates[number].action = facts["action"]
            case "actuated":
                self.fates[number].actuations += 1


@dataclass(slots=True)
class Book:
    """What the journal holds of the parts, by number and by record."""

    numbers: dict[str, int] = field(default_factory=dict)
    pictures: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    actions: dict[int, int | None] = field(default_factory=dict)
    twice: int = 0
    gaps: set[int] = field(default_factory=set)
    latched: dict[int, str] = field(default_factory=dict)
    words: dict[int, set[str]] = field(default_factory=dict)

    def read(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry."""
        number = self.numbers.get(entry.get("record", ""), 0)
        match entry["kind"]:
            case "judged":
                self._judged(entry)
            case "gap":
                self.gaps |= set(range(entry["first"], entry["last"] + 1))
            case "decided":
                self.actions[number] = entry["action"]
            case "override":
                self.words.setdefault(number, set()).add(entry["verdict"])
            case "latched":
                self.latched[number] = entry["verdict"]

    def _judged(self, entry: Mapping[str, Any]) -> None:
        number = entry["number"]
        self.twice += number in self.pictures
        self.numbers[entry["record"]] = number
        self.pictures[number] = [(one["view"], one["picture"]) for one in entry["views"]]


@dataclass(frozen=True, slots=True)
class Sums:
    """One row's figures; docs/schemas/faults.json says what each counts."""

    parts: int
    bad: int
    bad_passed: int
    bad_rejected_once: int
    rejected_twice: int
    good_rejected_by_verdict: int
    good_fail_safe: int
    good_fail_safe_bound: int
    unaccounted: int
    wrong_picture: int
    wrong_record: int
    wrong_word: int
    by_person: int

    def broken(self) -> list[str]:
        """Return the figures that break a promise."""
        figures: dict[str, int] = asdict(self)
        broken = [name for name in ZEROS if figures[name]]
        if self.good_fail_safe > self.good_fail_safe_bound:
            broken.append("good_fail_safe")
        return broken


def sums_of(
    world: World, book: Book, *, views: Sequence[str], bound: int, wrong_words: int
) -> Sums:
    """Return a row's figures, once the belt is empty."""
    fates = world.fates.items()
    bad = {number: fate for number, fate in fates if fate.bad}
    good = {number: fate for number, fate in fates if not fate.bad}
    fail_safe = [n for n, fate in good.items() if fate.action == Action.FAIL_SAFE]
    return Sums(
        parts=len(fates),
        bad=len(bad),
        bad_passed=sum(_wrongly_passed(n, fate, book) for n, fate in bad.items()),
        bad_rejected_once=sum(fate.actuations == 1 for fate in bad.values()),
        rejected_twice=sum(fate.actuations > 1 for _, fate in fates),
        good_rejected_by_verdict=sum(fate.action == Action.REJECTED for fate in good.values()),
        good_fail_safe=sum(number >= world.counted_from for number in fail_safe),
        good_fail_safe_bound=bound,
        unaccounted=book.twice + len(_open(world, book)),
        wrong_picture=sum(_wrong_pictures(n, fate, book, views) for n, fate in fates),
        wrong_record=sum(_wrong_record(n, fate, book) for n, fate in fates),
        wrong_word=wrong_words,
        by_person=sum(fate.action in BY_PERSON for _, fate in fates),
    )


def _open(world: World, book: Book) -> set[int]:
    """Return the parts that the PLC never decided, or of which record or decision is missing."""
    recorded = book.pictures.keys() & book.actions.keys()
    return set(world.on_belt) | (world.fates.keys() - recorded - book.gaps)


def _wrongly_passed(number: int, fate: Fate, book: Book) -> bool:
    """A bad part went on, and no person's PASS on record says that it should."""
    if fate.actuations or fate.action in ACTUATED:
        return fate.action in ACTUATED and not fate.actuations
    by_person = fate.action == Action.PASSED_BY_OPERATOR and "pass" in book.words.get(number, ())
    return not by_person


def _wrong_pictures(number: int, fate: Fate, book: Book, views: Sequence[str]) -> int:
    seen = [(view, picture) for view, picture in book.pictures.get(number, ()) if picture]
    return sum(
        picture != digest(marked(number, bad=fate.bad, view=views.index(view)))
        for view, picture in seen
    )


def _wrong_record(number: int, fate: Fate, book: Book) -> bool:
    """The record says that the PLC did something else than it did, or acted where it did not."""
    action = book.actions.get(number)
    acted = fate.actuations > 0
    return (action is not None and action != fate.action) or acted != (fate.action in ACTUATED)
