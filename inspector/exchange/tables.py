"""The tables of an export: parts with their audit weights, pictures, verdicts, and the stream."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final, Self

from inspector.domain.record import Record
from inspector.domain.selection import Cell, Population
from inspector.domain.verdict import Verdict
from inspector.domain.words import verdict_name
from inspector.errors import BadInput
from inspector.storage.sql_export import Page, Said

LOOKS: Final = "flagged", "audit", "second", "confirm", "downstream"
PARTS: Final = (
    *("record", "station", "run", "number", "triggered_at", "verdict", "outcome", "not_inspected"),
    *("recipe", "package", "model_sha256", "score", "stratum", "audit_pi", "selected", "weight"),
    *LOOKS,
)
PICTURES: Final = "record", "view", "picture", "file", "width_px", "height_px", "missed", "labelled"
VERDICTS: Final = "part_id", "ts", "source", "reviewer", "verdict", "class"
STREAM: Final = (
    *("part_id", "ts", "day", "station", "score", "ai_decision"),
    *("audit_stratum", "audit_pi", "audited"),
)
DECISIONS: Final = {Verdict.PASS: "PASS", Verdict.REJECT: "REJECT"}
SEED: Final = "SEED"
_DAY_S: Final = 86_400


class Tables(AbstractContextManager["Tables"]):
    """The open files of an export's tables; rows are written as their pages come.

    Args:
        folder: Where.
        population: What the weights stand for.
        parts, stream: Which tables: parts.csv and pictures.csv; stream.csv. verdicts.csv is always
            there.
    """

    def __init__(self, folder: Path, population: Population, *, parts: bool, stream: bool) -> None:
        self._folder, self._open = folder, ExitStack()
        self._weights = population.weights()
        self._verdicts = self._table("verdicts.csv", VERDICTS)
        self._parts = self._table("parts.csv", PARTS) if parts else None
        self._pictures = self._table("pictures.csv", PICTURES) if parts else None
        self._stream = self._table("stream.csv", STREAM) if stream else None

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self._open.close()

    def __enter__(self) -> Self:
        """Return the open tables."""
        return self

    def add(self, page: Page, files: Mapping[str, str]) -> None:
        """Write the rows of a page; `files` has the file of each picture that is there."""
        for one in page.records:
            said = page.said.get(one.id, ())
            self._verdicts.writerows(verdict_rows(said))
            if self._parts:
                self._parts.writerow(part_row(one, said, self._weights))
            if self._pictures:
                self._pictures.writerows(_picture_rows(one, page, files))
            if self._stream and one.verdict in DECISIONS:
                self._stream.writerow(stream_row(one, said))

    def add_seeds(self, said: Iterable[Said]) -> None:
        """Write what was said of seeded defects, whose ids begin with `SEED`."""
        for row in verdict_rows(said):
            part, *rest = row
            self._verdicts.writerow([part if part.startswith(SEED) else SEED + part, *rest])

    def _table(self, name: str, columns: Sequence[str]) -> Any:
        file = (self._folder / name).open("x", encoding="utf-8", newline="")
        table = csv.writer(self._open.enter_context(file), lineterminator="\n")
        table.writerow(columns)
        return table


def verdict_rows(said: Iterable[Said]) -> Iterator[list[str]]:
    """Yield the rows of verdicts.csv."""
    for one in said:
        when = f"{one.at.timestamp():.6f}"
        yield [one.of, when, one.source, one.reviewer, one.verdict, one.kind]


def part_row(one: Record, said: Sequence[Said], weights: Mapping[Cell, float]) -> list[object]:
    """Return the row of parts.csv; the last word of each kind of look stands in its column."""
    last = {look.source: look.verdict for look in sorted(said, key=lambda look: look.at)}
    judged = [one.verdict is Verdict.PASS, audited(one, said), one.stratum is not None]
    weight = weights.get((one.stratum or 0, one.audit_pi or 0.0), "") if all(judged) else ""
    return [
        *(one.id, one.station, one.run, one.number, one.triggered_at.isoformat()),
        *(verdict_name(one.verdict), one.outcome, one.not_inspected),
        *(one.recipe, one.package, one.model_sha256, one.score, one.stratum, one.audit_pi),
        *("" if one.selected is None else int(one.selected), weight),
        *(last.get(look, "") for look in LOOKS),
    ]


def stream_row(one: Record, said: Sequence[Said]) -> list[object]:
    """Return the row of stream.csv.

    Raises:
        BadInput: Its record lacks what an escape rate is estimated from.
    """
    drawn = one.stratum is not None and one.audit_pi is not None
    if one.score is None or (one.verdict is Verdict.PASS and not drawn):
        raise BadInput(
            f"record {one.id} of {one.triggered_at.isoformat()} has no score or no chance of an "
            "audit: no escape rate can be estimated from this stream; --since leaves it out"
        )
    at = one.triggered_at.timestamp()
    return [
        *(one.id, f"{at:.6f}", int(at // _DAY_S), one.station, one.score),
        *(DECISIONS[one.verdict], one.stratum, one.audit_pi, int(audited(one, said))),
    ]


def audited(one: Record, said: Sequence[Said]) -> bool:
    """Return whether a part was drawn for an audit, and an auditor has judged it."""
    return bool(one.selected) and any(look.source == "audit" for look in said)


def _picture_rows(one: Record, page: Page, files: Mapping[str, str]) -> Iterator[list[object]]:
    for view in one.views:
        file, labelled = files.get(view.picture, ""), int(view.picture in page.labels)
        what = one.id, view.view, view.picture, file, view.width_px, view.height_px
        yield [*what, view.missed, labelled]
