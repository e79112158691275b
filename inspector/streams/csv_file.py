"""A CSV file in blocks of columns; whatever is wrong with it is one sentence with file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.errors import BadInput, RowRefused

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

BLOCK_ROWS = 2048
LARGEST = 1e15
"""A whole number beyond is not exact in the columns."""
FORMATS = ("a Unix time", "an ISO 8601 time")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file.

    Attributes:
        first: The number of the first among the file's rows below the header, from 0.
        columns: The texts of each column, by name.
    """

    first: int
    columns: Mapping[str, Sequence[str]]


class CsvFile:
    """A file with a header row, of which some columns are wanted and the others ignored."""

    def __init__(self, path: Path, wanted: Mapping[str, str]) -> None:
        """Name the file.

        Args:
            path: UTF-8, with or without a byte order mark.
            wanted: Columns that must be there, each with what is impossible without it, or "".
        """
        self.path, self._wanted = path, wanted
        self._time_format: str = ""

    def blocks(self) -> Iterator[Block]:
        """Yield the rows; raises `RowRefused`."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as text:
                yield from self._blocks(csv.reader(text))
        except FileNotFoundError:
            raise RowRefused(self.path, 1, "there is no such file") from None
        except UnicodeDecodeError:
            raise RowRefused(self.path, self._line_without_text(), "this is not UTF-8") from None
        except OSError as error:
            raise BadInput(f"{self.path}: cannot be read: {error.strerror}") from None

    def _blocks(self, reader: CsvReader) -> Iterator[Block]:
        header = [name.strip() for name in next(reader, [])]
        self._check_header(header)
        rows = filter(None, self._readable(reader))
        first = 0
        while chunk := list(islice(rows, BLOCK_ROWS)):
            if set(map(len, chunk)) != {len(header)}:
                uneven = next(i for i, row in enumerate(chunk) if len(row) != len(header))
                why = f"{len(chunk[uneven])} cells under a header of {len(header)}"
                raise self.refused(first + uneven, why)
            columns = dict(zip(header, zip(*chunk, strict=True), strict=True))
            yield Block(first, {name: columns[name] for name in self._wanted})
            first += len(chunk)

    def _readable(self, reader: CsvReader) -> Iterator[list[str]]:
        try:
            yield from reader
        except csv.Error as error:
            raise RowRefused(self.path, reader.line_num, f"{error}") from None

    def _check_header(self, header: Sequence[str]) -> None:
        for name, otherwise in self._wanted.items():
            if name not in header:
                without = f": without it {otherwise}" if otherwise else ""
                raise RowRefused(self.path, 1, f"the column {name} is missing{without}")
            if header.count(name) > 1:
                raise RowRefused(self.path, 1, f"the column {name} stands twice")

    def refused(self, row: int, why: str) -> RowRefused:
        """Return the error about a row, with the line on which that row ends."""
        with self.path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text)
            next(reader, None)
            next(islice(filter(None, reader), row, None), None)
            return RowRefused(self.path, reader.line_num, why)

    def _line_without_text(self) -> int:
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    return number
        return 1

    # --- reading columns ---

    def values(self, block: Block, name: str, read: Callable[[str], Value]) -> list[Value]:
        """Return a column through `read`, which raises `ValueError` with what is wrong."""
        texts = block.columns[name]
        try:
            return list(map(read, texts))
        except ValueError:
            for row, text in enumerate(texts, start=block.first):
                try:
                    read(text)
                except ValueError as error:
                    raise self.refused(row, f"{error}") from None
            raise

    def words(self, block: Block, name: str, known: Mapping[str, Value]) -> list[Value]:
        """Return a column of which every text is a known one."""

        def read(text: str) -> Value:
            try:
                return known[text]
            except KeyError:
                names = " or ".join(known)
                raise ValueError(f"{name} must be {names}, not {text!r}") from None

        return self.values(block, name, read)

    def numbers(
        self, block: Block, name: str, *, empty: float | None = None
    ) -> NDArray[np.float64]:
        """Return a column of finite numbers; `empty` stands for a cell without one."""

        def read(text: str) -> float:
            try:
                return float(text)
            except ValueError:
                if empty is not None and not text.strip():
                    return empty
                raise ValueError(f"{name} must be a number, not {text!r}") from None

        try:
            found = np.array(list(map(float, block.columns[name])))
        except ValueError:
            found = np.array(self.values(block, name, read), dtype=np.float64)
        allowed = np.isfinite(found)
        if empty is not None and np.isnan(empty):
            allowed |= np.array([not text.strip() for text in block.columns[name]])
        self.check(block, name, allowed, "a finite number")
        return found

    def check(self, block: Block, name: str, fits: NDArray[np.bool_], what: str) -> None:
        """Refuse the first row whose value does not fit."""
        if not fits.all():
            row = int(np.argmin(fits))
            why = f"{name} must be {what}, not {block.columns[name][row]!r}"
            raise self.refused(block.first + row, why)

    def whole_numbers(
        self, block: Block, name: str, *, empty: float | None = None
    ) -> NDArray[np.float64]:
        """Return a column of whole numbers, which may be written as 3.0."""
        found = self.numbers(block, name, empty=empty)
        self.check(block, name, np.isnan(found) | (found == np.floor(found)), "a whole number")
        short = np.isnan(found) | (abs(found) < LARGEST)
        self.check(block, name, short, "a whole number of at most 15 digits")
        return found

    def times(self, block: Block) -> NDArray[np.float64]:
        """Return the column `ts` as Unix seconds; one file has one format."""
        if not self._time_format:
            self._time_format = FORMATS[0] if _is_number(block.columns["ts"][0]) else FORMATS[1]
        read = _unix_time if self._time_format == FORMATS[0] else _iso_time
        found = np.array(self.values(block, "ts", read), dtype=np.float64)
        self.check(block, "ts", np.isfinite(found), "a finite number")
        return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unix_time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(_other_time(text, FORMATS[0])) from None


def _iso_time(text: str) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(_other_time(text, FORMATS[1])) from None
    if text.strip().isdigit():  # 20261101 would be a day
        raise ValueError(_other_time(text, FORMATS[1]))
    if found.tzinfo is None:
        raise ValueError(f"ts {text!r} lacks its zone, like Z or +01:00")
    return found.timestamp()


def _other_time(text: str, expected: str) -> str:
    mixed = _is_number(text) or (expected == FORMATS[0] and _is_iso(text))
    rest = "; a file may not mix them" if mixed else ""
    return f"ts must be {expected}, not {text!r}{rest}"


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True
