"""A translator of the structured text that the function blocks use into Python, for the tests.

It knows BOOL, UDINT and DINT, one-dimensional arrays from 0, assignments, IF, CASE, FOR and WHILE,
and refuses everything else. It is stricter than a PLC where that finds mistakes: UDINT and DINT do
not mix, a condition is a BOOL, an index out of bounds raises, and AND and OR evaluate both sides,
as a PLC may. A UDINT sum or difference must be assigned before it is compared or divided: only then
has every controller cut it to 32 bits.

    Block        the text once translated: declarations and the code of one scan
    Block.fresh  a running instance: its variables are attributes, `scan()` is one cycle
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from types import CodeType
from typing import Any

from tests.plc_blocks.statements import (
    Declared,
    NotUnderstood,
    Translator,
    dint,
    number,
    quotient,
    remainder,
    udint,
)

COMMENT = re.compile(r"\(\*.*?\*\)|//[^\n]*|\{[^}]*\}", re.S)
LOCAL = re.compile(r"(?<!16)#")
"""SCL's mark of a block's own variables."""
DECLARED_IN_COMMENT = re.compile(r"\(\* DECLARE\n(.*?)\nEND_DECLARE \*\)", re.S)
SECTION = re.compile(r"\bVAR(?:_\w+)?((?: RETAIN| CONSTANT)?)\b(.*?)\bEND_VAR\b", re.S)
VARIABLE = re.compile(
    r"(\w+)\s*:\s*(?:ARRAY\[0\.\.(\d+)\]\s+OF\s+)?(BOOL|UDINT|DINT)\s*(?::=\s*([-\w#]+)\s*)?;", re.I
)
TOKEN = re.compile(r"16#[0-9A-F_]+|\d+|\w+|:=|<>|<=|>=|[-+*/=<>()\[\],:;]", re.I)
RESERVED = {"AT", "ACTION", "WORD", "BYTE", "STEP", "TASK", "TYPE", "TIME", "DATE", "INT", "ON"}


class Words(list[int]):
    """An array that has no elements before the first: Python's negative indices would hide that."""

    def __getitem__(self, at: Any) -> Any:
        return super().__getitem__(self._within(at))

    def __setitem__(self, at: Any, value: Any) -> None:
        super().__setitem__(self._within(at), value)

    def _within(self, at: Any) -> Any:
        if not isinstance(at, slice) and not 0 <= at < len(self):
            raise IndexError(at)
        return at


WRAPPED: dict[str, Callable[[int], int]] = {"UDINT": udint, "DINT": dint, "BOOL": int}
NAMES = {one.__name__: one for one in (udint, dint, quotient, remainder)}


@dataclass
class Running:
    """An instance of a block; its variables are its attributes."""

    block: Block

    def __getattr__(self, name: str) -> Any:
        """Say that there may be any variable; called only for those that there are not."""
        raise AttributeError(name)

    def scan(self, **inputs: int) -> None:
        """Set inputs and run one cycle."""
        for name, value in inputs.items():
            if name not in self.block.variables:
                raise NotUnderstood(f"no input {name}")
            setattr(self, name, value)
        exec(self.block.code, NAMES | {"self": self})  # noqa: S102

    def restarted(self, *, keep_all: bool) -> Running:
        """Return the block after a stop of the program: what is not kept starts anew."""
        after = self.block.fresh()
        for name, declared in self.block.variables.items():
            if keep_all or declared.retained:
                setattr(after, name, deepcopy(getattr(self, name)))
        return after


@dataclass
class Block:
    """A translated function block."""

    variables: dict[str, Declared]
    code: CodeType
    python: str

    def fresh(self) -> Running:
        """Return an instance that has never run."""
        made = Running(self)
        for name, one in self.variables.items():
            setattr(made, name, Words([one.start] * one.length) if one.length else one.start)
        return made


def translated(text: str) -> Block:
    """Return the block of a text, or raise `NotUnderstood`."""
    text = DECLARED_IN_COMMENT.sub(r"\1", text)
    plain = LOCAL.sub("", COMMENT.sub(" ", text))
    variables = dict(_declarations(plain))
    body = plain[[*SECTION.finditer(plain)][-1].end() :]
    body = re.sub(r"^\s*BEGIN\b|\bEND_FUNCTION_BLOCK\b.*", "", body, flags=re.S)
    lines = Translator(variables, _tokens(body)).program()
    python = "\n".join(lines)
    return Block(variables, compile(python, "block", "exec"), python)


def _declarations(plain: str) -> Iterator[tuple[str, Declared]]:
    for modifier, inside in SECTION.findall(plain):
        left = VARIABLE.sub("", inside).strip()
        if left:
            raise NotUnderstood(f"declaration {left.splitlines()[0]}")
        for name, last, kind, start in VARIABLE.findall(inside):
            if name.upper() in RESERVED:
                raise NotUnderstood(f"{name} is a word of the language")
            yield (
                name,
                Declared(
                    kind=kind.upper(),
                    length=int(last) + 1 if last else 0,
                    retained=modifier.strip() == "RETAIN",
                    constant=modifier.strip() == "CONSTANT",
                    start=WRAPPED[kind.upper()](number(start or "0")),
                ),
            )


def _tokens(body: str) -> list[str]:
    unknown = TOKEN.sub("", body).strip()
    if unknown:
        raise NotUnderstood(f"characters {unknown[:10]}")
    return TOKEN.findall(body)
