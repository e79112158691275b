"""The translator computes as a PLC does, and refuses what it does not know."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.numbers import BITS_32
from tests.plc_blocks.statements import NotUnderstood, dint, quotient, remainder, udint
from tests.plc_blocks.structured_text import Running, translated

DECLARED = """FUNCTION_BLOCK Tried
VAR_INPUT a : UDINT; b : UDINT; c : DINT; d : DINT; yes : BOOL; END_VAR
VAR_OUTPUT u : UDINT; s : DINT; out : BOOL; (* a comment: u := 1; *) END_VAR
VAR RETAIN kept : UDINT := 16#FF; END_VAR
VAR list : ARRAY[0..3] OF DINT; i : DINT; lost : UDINT := 7; END_VAR
VAR CONSTANT FOUR : DINT := 4; END_VAR
"""
UNSIGNED, SIGNED = st.integers(0, BITS_32 - 1), st.integers(-(2**31), 2**31 - 1)


def ran(body: str, **inputs: int) -> Running:
    made = translated(f"{DECLARED}{body}\nEND_FUNCTION_BLOCK\n").fresh()
    made.scan(**inputs)
    return made


@given(UNSIGNED, UNSIGNED)
def test_udint_wraps_at_32_bits(a: int, b: int) -> None:
    for sign, python in (("+", operator.add), ("-", operator.sub), ("*", operator.mul)):
        assert ran(f"u := a {sign} b;", a=a, b=b).u == python(a, b) % BITS_32
    assert ran("u := a - b; out := u < 2147483648;", a=a, b=b).out == ((a - b) % BITS_32 < 2**31)


@given(SIGNED, SIGNED)
def test_dint_wraps_with_its_sign(c: int, d: int) -> None:
    for sign, python in (("+", operator.add), ("-", operator.sub), ("*", operator.mul)):
        wanted = (python(c, d) + 2**31) % BITS_32 - 2**31
        assert ran(f"s := c {sign} d;", c=c, d=d).s == wanted
    assert ran("s := c OR d;", c=c, d=d).s == c | d
    assert ran("s := c AND 16#FFFF_FF00;", c=c).s % BITS_32 == c % BITS_32 & 0xFFFFFF00


@pytest.mark.parametrize(("left", "right"), [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3)])
def test_division_goes_towards_zero_and_the_remainder_has_the_sign_of_the_left(
    left: int, right: int
) -> None:
    assert quotient(left, right) == int(left / right)
    assert remainder(left, right) == left - int(left / right) * right
    assert ran("s := c MOD d;", c=left, d=right).s == remainder(left, right)


@given(UNSIGNED)
def test_a_conversion_keeps_the_bits(a: int) -> None:
    assert ran("s := UDINT_TO_DINT(a);", a=a).s == dint(a)
    assert ran("u := DINT_TO_UDINT(UDINT_TO_DINT(a));", a=a).u == udint(a)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("u := 2 + 3 * a;", 32),
        ("u := (a + 3) * a;", 130),
        ("u := 100 - a - 5;", 85),
        ("IF a = 9 THEN u := 1; ELSIF a = 10 THEN u := 2; ELSE u := 3; END_IF;", 2),
        ("IF a > 9 AND NOT yes OR yes THEN u := 1; END_IF;", 1),
        ("CASE a OF 1, 2: u := 1; 9, 10: u := 2; kept := 3; END_CASE; u := u + kept;", 5),
        ("FOR i := 0 TO FOUR - 1 DO u := u + 1; END_FOR;", 4),
        ("FOR i := 0 TO FOUR - 5 DO u := u + 1; END_FOR;", 0),
        ("u := a; WHILE u < 15 DO u := u + 2; END_WHILE;", 16),
        ("list[3] := 5; list[FOUR - 2] := list[3] + 1; u := DINT_TO_UDINT(list[2]);", 6),
        ("#u := #a; // SCL's mark", 10),
        ("u := kept;", 255),
    ],
)
def test_statements_do_what_they_say(body: str, wanted: int) -> None:
    assert ran(body, a=10).u == wanted


@pytest.mark.parametrize(
    "body",
    [
        "u := c;",
        "u := a + c;",
        "u := (2 + 3) * a;",
        "out := a - b < 5;",
        "u := (a + b) MOD 16;",
        "IF a THEN u := 1; END_IF;",
        "u := a AND 15;",
        "s := SHL(c, 8);",
        "FOUR := 5;",
        "nobody := 1;",
        "u := 1",
        "IF yes THEN u := 1;",
        "out := yes + yes;",
        "u := a ^ b;",
        "list[a] := 1;",
    ],
)
def test_what_it_does_not_know_is_refused(body: str) -> None:
    with pytest.raises(NotUnderstood):
        ran(body)


@pytest.mark.parametrize("index", [-1, 4])
def test_an_index_out_of_bounds_is_found(index: int) -> None:
    with pytest.raises(IndexError):
        ran("list[c] := 1;", c=index)


@pytest.mark.parametrize("declared", ["at : UDINT;", "x : STRING;", "x : ARRAY[1..4] OF DINT;"])
def test_a_declaration_that_is_not_portable_is_refused(declared: str) -> None:
    with pytest.raises(NotUnderstood):
        translated(f"VAR {declared} END_VAR")


@pytest.mark.parametrize(("keep_all", "lost"), [(False, 7), (True, 3)])
def test_a_start_keeps_what_is_retained(keep_all: bool, lost: int) -> None:
    before = ran("kept := 2; lost := 3;")
    after = before.restarted(keep_all=keep_all)
    assert (after.kept, after.lost) == (2, lost)


def test_an_input_that_the_block_does_not_have_is_refused() -> None:
    with pytest.raises(NotUnderstood):
        ran("u := 1;", nobody=1)
