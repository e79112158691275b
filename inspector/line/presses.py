"""Persons' words of one station: what was answered to a press, and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from inspector.domain.belt import Part
from inspector.domain.entries import Entry
from inspector.domain.overriding import Outcome, Press, state_of
from inspector.domain.reconciling import PersonsWord

KEPT_PRESSES = 4096


class Presses:
    """Remembers presses, so that the same one gets the same answer, and the words on the belt."""

    def __init__(self) -> None:
        self._answered: OrderedDict[str, tuple[str, Outcome]] = OrderedDict()
        self._words: dict[str, Entry] = {}

    def restore(self, words: Mapping[str, Entry]) -> None:
        """Take the newest override of each part on the belt from the journal, by record."""
        self._words = dict(words)

    def record_of(self, press: Press) -> str:
        """Return the record that this press was about before; empty for a new press."""
        return self._answered.get(press.press_id, ("", None))[0]

    def again(self, press: Press, part: Part | None) -> Outcome:
        """Return the answer to a press that came before, as things stand now."""
        _, outcome = self._answered[press.press_id]
        said = part.operator if part else None
        if part and said and said.press_id == press.press_id:
            return Outcome(state_of(part), outcome.revision, outcome.by)
        return outcome

    def keep(self, record: str, press: Press, outcome: Outcome) -> None:
        """Keep the answer to a press."""
        self._answered[press.press_id] = record, outcome
        if len(self._answered) > KEPT_PRESSES:
            self._answered.popitem(last=False)

    def taken(self, record: str, override: Entry) -> None:
        """Keep the entry of a word that goes to the PLC, until the part is decided."""
        self._words[record] = override

    def settled(self, record: str, word: PersonsWord | None) -> Entry | None:
        """Forget a decided part's word; return its entry when there is one.

        A press that is sent again later is answered with what became of it.
        """
        override = self._words.pop(record, None)
        if override and word:
            about, before = self._answered.get(override["press_id"], ("", None))
            if before:
                now = Outcome(word.state, before.revision, before.by, word.why)
                self._answered[override["press_id"]] = about, now
        return override
