"""Statements and expressions of structured text into Python: one method for each rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

BITS_32 = 1 << 32
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
LEVELS = (("OR",), ("AND",), COMPARISONS, ("+", "-"), ("*", "/", "MOD"))
"""Operators, the weakest binding first."""
WIDENING = ("+", "-", "*")
PYTHON = {"=": "==", "<>": "!=", "AND": "&", "OR": "|"}
CALLED = {"/": "quotient", "MOD": "remainder"}
FORBIDDEN: dict[str, tuple[str, ...]] = dict.fromkeys(("AND", "OR"), ("UDINT", ""))
"""Strict compilers want bit strings there, and numbers here."""
FORBIDDEN |= dict.fromkeys(("+", "-", "*", "/", "MOD"), ("BOOL", ""))
CONVERSIONS = {"UDINT_TO_DINT": ("UDINT", "DINT"), "DINT_TO_UDINT": ("DINT", "UDINT")}


class NotUnderstood(ValueError):
    """The text uses something that the translator, on purpose, does not know."""


class Declared(NamedTuple):
    """One variable: its type, how many elements (0: none), whether it is kept."""

    kind: str
    length: int
    retained: bool
    constant: bool
    start: int


class Term(NamedTuple):
    """A piece of translated expression; a number's kind is open until it meets a variable."""

    code: str
    kind: str
    value: int = 0
    wide: bool = False
    """A sum, difference or product that no variable has cut to 32 bits yet."""


def udint(value: int) -> int:
    """Return what 32 bits without a sign keep of it."""
    return value % BITS_32


def dint(value: int) -> int:
    """Return what 32 bits with a sign keep of it."""
    return (value + BITS_32 // 2) % BITS_32 - BITS_32 // 2


def quotient(left: int, right: int) -> int:
    """Divide as PLCs do: towards zero."""
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def remainder(left: int, right: int) -> int:
    """Return the remainder of `quotient`: it has the sign of `left`."""
    return left - quotient(left, right) * right


WRAPS = {"UDINT": "udint", "DINT": "dint"}


def number(text: str) -> int:
    if text.upper() in ("TRUE", "FALSE"):
        return int(text.upper() == "TRUE")
    return int(text[3:].replace("_", ""), 16) if text.startswith("16#") else int(text)


@dataclass
class Translator:
    """Reads the tokens from left to right; one method for each rule of the language."""

    variables: dict[str, Declared]
    tokens: list[str]
    at: int = 0
    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def program(self) -> list[str]:
        self._statements(until=())
        return self.lines

    # --- statements ---

    def _statements(self, until: tuple[str, ...]) -> None:
        while self._next() not in until and self._next():
            self._statement()

    def _block(self, head: str, until: tuple[str, ...]) -> None:
        self._line(head)
        self.depth += 1
        self._line("pass")
        self._statements(until)
        self.depth -= 1

    def _statement(self) -> None:
        known = {"IF": self._if, "CASE": self._case, "FOR": self._for, "WHILE": self._while}
        known.get(self._next().upper(), self._assignment)()

    def _assignment(self) -> None:
        name = self._next()
        target = self._variable()
        if self.variables[name].constant:
            raise NotUnderstood(f"{name} is a constant")
        self._take(":=")
        self._line(f"{target.code} = {self._as(self._expression(), target.kind)}")
        self._take(";")

    def _if(self) -> None:
        word = "if"
        while self._next() in ("IF", "ELSIF"):
            self._take(self._next())
            condition = self._condition()
            self._take("THEN")
            self._block(f"{word} {condition}:", ("ELSIF", "ELSE", "END_IF"))
            word = "elif"
        if self._next() == "ELSE":
            self._take("ELSE")
            self._block("else:", ("END_IF",))
        self._end("END_IF")

    def _case(self) -> None:
        self._take("CASE")
        chosen = self._expression()
        self._take("OF")
        word = "if"
        while self._next() != "END_CASE":
            labels = [self._label()]
            while self._next() == ",":
                self._take(",")
                labels.append(self._label())
            self._take(":")
            self._line(f"{word} {chosen.code} in ({', '.join(labels)},):")
            self.depth += 1
            while self._next() != "END_CASE" and not self._next().isdigit():
                self._statement()
            self.depth -= 1
            word = "elif"
        self._end("END_CASE")

    def _for(self) -> None:
        self._take("FOR")
        variable = self._variable()
        self._take(":=")
        first = self._as(self._expression(), variable.kind)
        self._take("TO")
        last = self._as(self._expression(), variable.kind)
        self._take("DO")
        self._block(f"for {variable.code} in range({first}, {last} + 1):", ("END_FOR",))
        self._end("END_FOR")

    def _while(self) -> None:
        self._take("WHILE")
        condition = self._condition()
        self._take("DO")
        self._block(f"while {condition}:", ("END_WHILE",))
        self._end("END_WHILE")

    # --- expressions, from the weakest binding to the strongest ---

    def _condition(self) -> str:
        return self._as(self._expression(), "BOOL")

    def _expression(self, level: int = 0) -> Term:
        if level == len(LEVELS):
            return self._single()
        left = self._expression(level + 1)
        while self._next() in LEVELS[level]:
            sign = self._word(self._next())
            left = self._operated(sign, left, self._expression(level + 1))
        return left

    def _operated(self, sign: str, left: Term, right: Term) -> Term:
        kind = self._common(left, right)
        if kind in FORBIDDEN.get(sign, ()):
            raise NotUnderstood(f"{sign} of {kind}: {left.code}, {right.code}")
        if kind == "UDINT" and sign not in WIDENING and (left.wide or right.wide):
            raise NotUnderstood(f"{sign} before the bits above 32 are cut: {left.code}")
        one, other = self._as(left, kind), self._as(right, kind)
        if sign in CALLED:
            code = f"({CALLED[sign]}({one}, {other}))"
        else:
            code = f"({one} {PYTHON.get(sign, sign)} {other})"
        if sign in COMPARISONS:
            return Term(code, "BOOL")
        return Term(f"{WRAPS.get(kind, '')}{code}", kind, wide=sign in WIDENING)

    def _single(self) -> Term:
        word = self._next()
        if word == "NOT":
            self._take("NOT")
            return Term(f"(not {self._as(self._single(), 'BOOL')})", "BOOL")
        if word == "(":
            self._take("(")
            inside = self._expression()
            self._take(")")
            return inside
        if word in CONVERSIONS:
            return self._conversion(*CONVERSIONS[self._word(word)])
        if word in ("TRUE", "FALSE"):
            return Term(self._word(word).capitalize(), "BOOL")
        if word[:1].isdigit():
            return Term(str(number(word)), "", number(self._word(word)))
        return self._variable()

    def _conversion(self, given: str, wanted: str) -> Term:
        self._take("(")
        inside = self._as(self._expression(), given)
        self._take(")")
        return Term(f"{WRAPS[wanted]}({inside})", wanted)

    def _variable(self) -> Term:
        name = self._next()
        declared = self.variables.get(name)
        if declared is None:
            raise NotUnderstood(f"{name} is not declared")
        self._take(name)
        if not declared.length:
            return Term(f"self.{name}", declared.kind)
        self._take("[")
        index = self._as(self._expression(), "DINT")
        self._take("]")
        return Term(f"self.{name}[{index}]", declared.kind)

    # --- types ---

    def _common(self, left: Term, right: Term) -> str:
        kinds = {left.kind, right.kind} - {""}
        if len(kinds) > 1:
            raise NotUnderstood(f"{left.kind} and {right.kind} mixed: {left.code}, {right.code}")
        return kinds.pop() if kinds else ""

    def _as(self, term: Term, kind: str) -> str:
        if term.kind == "" and kind in ("UDINT", "DINT"):
            return str(udint(term.value) if kind == "UDINT" else dint(term.value))
        if term.kind != kind:
            raise NotUnderstood(f"{term.kind or 'a number'} where {kind} belongs: {term.code}")
        return term.code

    # --- tokens ---

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise NotUnderstood(f"{self._next() or 'the end'} where {wanted} belongs")
        self.at += 1

    def _word(self, wanted: str) -> str:
        self._take(wanted)
        return wanted

    def _end(self, word: str) -> None:
        self._take(word)
        self._take(";")

    def _label(self) -> str:
        label = self._next()
        if not label.isdigit():
            raise NotUnderstood(f"label {label}")
        return self._word(label)

    def _line(self, code: str) -> None:
        self.lines.append("    " * self.depth + code)
