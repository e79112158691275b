"""Writes a camera's features by their GenICam names, and reads each back.

A camera may take a value and do something else: round it, clip it, or ignore it. So what it has
afterwards is compared with what was asked for.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Mapping

from inspector.cameras.aravis import Aravis, GenicamFailed

Value = bool | int | float | str

STEP_SHARE = 0.01
"""A camera rounds an exposure or gain to its own steps: so far from what was asked is the same."""


def write_all(library: Aravis, device: object, features: Mapping[str, Value]) -> None:
    """Write features in their order, and raise `GenicamFailed` at the first that does not hold.

    A command is carried out where its value is true.
    """
    for name, value in features.items():
        write(library, device, name, value)


def write(library: Aravis, device: object, name: str, value: Value) -> None:
    """Write one feature, and read it back."""
    node = library.do("arv_device_get_feature", device, name.encode())
    if not node:
        msg = f"it has no feature {name}"
        raise GenicamFailed(msg)
    for kind, (writes, fitting) in KINDS.items():
        if library.is_a(node, kind):
            if not fitting(value):
                wanted = WANTED[kind]
                msg = f"its feature {name} takes {wanted}, not {_shown(value)}"
                raise GenicamFailed(msg)
            writes(library, device, name, value)
            return
    msg = f"its feature {name} is none that can be written"
    raise GenicamFailed(msg)


def _command(library: Aravis, device: object, name: str, value: Value) -> None:
    if value:
        library.attempt("arv_device_execute_command", device, name.encode())


def _enumeration(library: Aravis, device: object, name: str, value: Value) -> None:
    known = list(_entries(library, device, name))
    if value not in known:
        msg = f"its feature {name} is one of {', '.join(known)}, not {_shown(value)}"
        raise GenicamFailed(msg)
    _string(library, device, name, value)


def _string(library: Aravis, device: object, name: str, value: Value) -> None:
    key, text = name.encode(), str(value)
    library.attempt("arv_device_set_string_feature_value", device, key, text.encode())
    has = library.attempt("arv_device_get_string_feature_value", device, key)
    _compare(name, value, (has or b"").decode("utf-8", "replace"), same=has == text.encode())


def _boolean(library: Aravis, device: object, name: str, value: Value) -> None:
    key = name.encode()
    library.attempt("arv_device_set_boolean_feature_value", device, key, int(value))
    has = bool(library.attempt("arv_device_get_boolean_feature_value", device, key))
    _compare(name, value, has, same=has == value)


def _integer(library: Aravis, device: object, name: str, value: Value) -> None:
    key, low, high = name.encode(), ctypes.c_int64(), ctypes.c_int64()
    library.attempt("arv_device_get_integer_feature_bounds", device, key, low, high)
    _within(name, value, low.value, high.value)
    library.attempt("arv_device_set_integer_feature_value", device, key, value)
    has = library.attempt("arv_device_get_integer_feature_value", device, key)
    _compare(name, value, has, same=has == value)


def _float(library: Aravis, device: object, name: str, value: Value) -> None:
    key, low, high = name.encode(), ctypes.c_double(), ctypes.c_double()
    library.attempt("arv_device_get_float_feature_bounds", device, key, low, high)
    _within(name, value, low.value, high.value)
    library.attempt("arv_device_set_float_feature_value", device, key, value)
    has = library.attempt("arv_device_get_float_feature_value", device, key)
    _compare(name, value, has, same=math.isclose(has, float(value), rel_tol=STEP_SHARE))


def _within(name: str, value: Value, low: float, high: float) -> None:
    if not low <= float(value) <= high:
        msg = f"its feature {name} goes from {low:g} to {high:g}, not to {value}"
        raise GenicamFailed(msg)


def _compare(name: str, value: Value, has: Value, *, same: bool) -> None:
    if not same:
        msg = f"its feature {name} is {_shown(has)} after {_shown(value)} was written"
        raise GenicamFailed(msg)


def _entries(library: Aravis, device: object, name: str) -> Iterator[str]:
    count = ctypes.c_uint()
    listed = library.attempt(
        "arv_device_dup_available_enumeration_feature_values_as_strings",
        device,
        name.encode(),
        count,
    )
    if listed:
        names = ctypes.cast(listed, ctypes.POINTER(ctypes.c_char_p))
        for number in range(count.value):
            yield (names[number] or b"").decode("utf-8", "replace")
        library.do("g_free", listed)  # the list alone: its texts are the camera's


def _shown(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)


# In this order: an enumeration is an integer and a text too.
KINDS = {
    "enumeration": (_enumeration, _is_text),
    "boolean": (_boolean, _is_bool),
    "command": (_command, _is_bool),
    "float": (_float, _is_number),
    "integer": (_integer, _is_whole),
    "string": (_string, _is_text),
}
WANTED = {
    "enumeration": "a text",
    "boolean": "true or false",
    "command": "true or false",
    "float": "a number",
    "integer": "a whole number",
    "string": "a text",
}
