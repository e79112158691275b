"""Parts rejected one behind the other: a camera, a lamp or the process has changed just now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final, Self

from inspector.domain.verdict import Verdict

PartKey = tuple[int, int]
"""Count run and number: the order on the belt."""


@dataclass(frozen=True, slots=True)
class RunRule:
    """When rejects are an alarm.

    Attributes:
        count: So many rejects are one; 0: none is.
        of: Among so many parts; at least `count`.
        same_kind: Only rejects that have a kind of defect in common are counted together.
    """

    count: int = 0
    of: int = 0
    same_kind: bool = True


NO_RULE: Final = RunRule()


@dataclass(frozen=True, slots=True)
class RejectRun:
    """The newest parts of a station that a verdict passed or rejected.

    Parts that were not inspected neither make nor end a run: their cause is said elsewhere.

    Attributes:
        parts: What each was rejected for, in the order of the belt; nothing: it passed.
        standing: What the run that stands was rejected for; None without one.
    """

    rule: RunRule
    parts: tuple[tuple[PartKey, frozenset[str]], ...] = ()
    standing: str | None = None

    def after(self, part: PartKey, verdict: Verdict | None, kinds: frozenset[str]) -> Self:
        """Return it after the verdict on one more part, which may come late."""
        if not self.rule.count or verdict not in (Verdict.PASS, Verdict.REJECT):
            return self
        if not self.rule.same_kind:
            kinds = frozenset({""})
        told = {**dict(self.parts), part: kinds if verdict is Verdict.REJECT else frozenset[str]()}
        newest = tuple(sorted(told.items()))[-self.rule.of :]
        return replace(self, parts=newest, standing=self._standing(newest))

    def _standing(self, newest: tuple[tuple[PartKey, frozenset[str]], ...]) -> str | None:
        """Return what stands now: a run ends once so many parts are clean that none is left."""
        kinds = [kinds for _, kinds in newest]
        clean = self.rule.of - self.rule.count + 1
        if self.standing is not None and any(self.standing in some for some in kinds[-clean:]):
            return self.standing
        counted = Counter(kind for some in kinds for kind in sorted(some))
        kind, count = next(iter(counted.most_common(1)), ("", 0))
        return kind if count >= self.rule.count else None

    @property
    def text(self) -> str:
        """Return what a person reads, and can do; empty without a run."""
        if self.standing is None:
            return ""
        rule = self.rule
        many = f"{rule.count} parts in a row were"
        if rule.of > rule.count:
            many = f"{rule.count} of {rule.of} parts were"
        what = f" for {self.standing}" if self.standing else ""
        return (
            f"{many} rejected{what}. Look at them: bad parts come from before this station, "
            "good ones from its lamp, lens or part position"
        )
