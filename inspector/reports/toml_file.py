"""A TOML file that a person wrote, as a closed model; what is wrong is a sentence with its line."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from inspector.errors import BadInput, RowRefused
from inspector.settings import Settings

Read = TypeVar("Read", bound=Settings)
_TABLE = re.compile(r"\s*\[{1,2}\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_WORDS = {"extra_forbidden": "unknown setting", "missing": "is missing"}


class TomlFile:
    """A file and its text, to say on which line a key stands."""

    def __init__(self, path: Path) -> None:
        """Read the text; raises `BadInput`."""
        self.path = path
        try:
            self.text = path.read_text("utf-8")
        except FileNotFoundError:
            raise RowRefused(path, 1, "there is no such file") from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise RowRefused(path, line, "this is not UTF-8") from None
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from None

    def read(self, model: type[Read]) -> Read:
        """Return the file as a model; raises `RowRefused`."""
        try:
            return model.model_validate(tomllib.loads(self.text))
        except tomllib.TOMLDecodeError as error:
            place = re.search(r" \(at (?:line (\d+)|end).*\)$", str(error))
            line = int(place[1]) if place and place[1] else self.text.count("\n") + 1
            why = str(error)[: place.start()] if place else str(error)
            raise RowRefused(self.path, line, why) from None
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            why = _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            if problem["type"] not in _WORDS and not isinstance(problem["input"], dict | list):
                why += f", not {problem['input']!r}"
            raise self.refused(problem["loc"], why) from None

    def refused(self, where: Sequence[int | str], why: str) -> RowRefused:
        """Return the error about a key, by its path; a number counts tables of one name."""
        key = ".".join(str(step) for step in where)
        return RowRefused(self.path, self.line(where), f"{key}: {why}" if key else why)

    def line(self, where: Sequence[int | str]) -> int:
        """Return the line of a key, or that of its table where the key is missing; from 1."""
        found, table, seen = 1, list[int | str](), Counter[str]()
        for number, text in enumerate(self.text.splitlines(), start=1):
            if opened := _TABLE.match(text):
                name = opened[1]
                several = text.lstrip().startswith("[[")
                path = table = [*name.split("."), *([seen[name]] if several else [])]
                seen[name] += 1
            elif key := _KEY.match(text):
                path = [*table, key[1]]
            else:
                continue
            if path == list(where[: len(path)]):
                found = number
        return found
