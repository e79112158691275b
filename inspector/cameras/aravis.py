"""A thin layer over libaravis-0.8, which speaks GigE Vision and USB3 Vision.

Only what `genicam_connection.py` asks of it. The library is Debian's and optional: nothing is
loaded before a station has such a camera. Calls release Python's lock, as all of ctypes' do.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint32, c_uint64
from ctypes import c_void_p as pointer
from functools import cache
from typing import Any, Final

DEBIAN_PACKAGE: Final = "libaravis-0.8-0"
LIBRARIES: Final = (
    "libaravis-0.8.so.0",
    "libgio-2.0.so.0",
    "libgobject-2.0.so.0",
    "libglib-2.0.so.0",
)


class _Error(ctypes.Structure):
    """GLib's GError."""

    _fields_ = (("domain", c_uint32), ("code", c_int), ("message", c_char_p))


_failing = POINTER(POINTER(_Error))
# name: (what it returns, what it takes); those that can fail take a GError last.
SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "g_inet_address_new_from_string": (pointer, (c_char_p,)),
    "g_object_unref": (None, (pointer,)),
    "g_type_check_instance_is_a": (c_int, (pointer, c_size_t)),
    "g_free": (None, (pointer,)),
    "g_error_free": (None, (POINTER(_Error),)),
    "arv_gv_device_new": (pointer, (pointer, pointer, _failing)),
    "arv_gv_device_is_controller": (c_int, (pointer,)),
    "arv_gv_device_set_stream_options": (None, (pointer, c_int)),
    "arv_gv_device_set_packet_size_adjustment": (None, (pointer, c_int)),
    "arv_open_device": (pointer, (c_char_p, _failing)),
    "arv_disable_interface": (None, (c_char_p,)),
    "arv_update_device_list": (None, ()),
    "arv_get_n_devices": (c_uint, ()),
    "arv_get_device_id": (c_char_p, (c_uint,)),
    "arv_get_device_vendor": (c_char_p, (c_uint,)),
    "arv_get_device_model": (c_char_p, (c_uint,)),
    "arv_get_device_serial_nbr": (c_char_p, (c_uint,)),
    "arv_gc_boolean_get_type": (c_size_t, ()),
    "arv_gc_command_get_type": (c_size_t, ()),
    "arv_gc_enumeration_get_type": (c_size_t, ()),
    "arv_gc_float_get_type": (c_size_t, ()),
    "arv_gc_integer_get_type": (c_size_t, ()),
    "arv_gc_string_get_type": (c_size_t, ()),
    "arv_device_get_feature": (pointer, (pointer, c_char_p)),
    "arv_device_read_memory": (c_int, (pointer, c_uint64, c_uint32, pointer, _failing)),
    "arv_device_execute_command": (None, (pointer, c_char_p, _failing)),
    "arv_device_get_boolean_feature_value": (c_int, (pointer, c_char_p, _failing)),
    "arv_device_set_boolean_feature_value": (None, (pointer, c_char_p, c_int, _failing)),
    "arv_device_get_float_feature_value": (c_double, (pointer, c_char_p, _failing)),
    "arv_device_set_float_feature_value": (None, (pointer, c_char_p, c_double, _failing)),
    "arv_device_get_float_feature_bounds": (
        None,
        (pointer, c_char_p, POINTER(c_double), POINTER(c_double), _failing),
    ),
    "arv_device_get_integer_feature_value": (c_int64, (pointer, c_char_p, _failing)),
    "arv_device_set_integer_feature_value": (None, (pointer, c_char_p, c_int64, _failing)),
    "arv_device_get_integer_feature_bounds": (
        None,
        (pointer, c_char_p, POINTER(c_int64), POINTER(c_int64), _failing),
    ),
    "arv_device_get_string_feature_value": (c_char_p, (pointer, c_char_p, _failing)),
    "arv_device_set_string_feature_value": (None, (pointer, c_char_p, c_char_p, _failing)),
    "arv_device_dup_available_enumeration_feature_values_as_strings": (
        pointer,
        (pointer, c_char_p, POINTER(c_uint), _failing),
    ),
    "arv_device_create_stream": (pointer, (pointer, pointer, pointer, _failing)),
    "arv_stream_push_buffer": (None, (pointer, pointer)),
    "arv_stream_timeout_pop_buffer": (pointer, (pointer, c_uint64)),
    "arv_stream_get_info_uint64_by_name": (c_uint64, (pointer, c_char_p)),
    "arv_buffer_new_allocate": (pointer, (c_size_t,)),
    "arv_buffer_get_status": (c_int, (pointer,)),
    "arv_buffer_get_frame_id": (c_uint64, (pointer,)),
    "arv_buffer_get_timestamp": (c_uint64, (pointer,)),
    "arv_buffer_get_image_data": (pointer, (pointer, POINTER(c_size_t))),
    "arv_buffer_get_image_pixel_format": (c_uint32, (pointer,)),
    "arv_buffer_get_image_width": (c_int, (pointer,)),
    "arv_buffer_get_image_height": (c_int, (pointer,)),
    "arv_buffer_get_image_padding": (None, (pointer, POINTER(c_int), POINTER(c_int))),
}


class GenicamFailed(Exception):
    """A camera is not what it should be, or does not do what it should."""


class Aravis:
    """The library's functions by name."""

    def __init__(self) -> None:
        """Load it, or raise `GenicamFailed`."""
        try:
            self._libraries = [ctypes.CDLL(name) for name in LIBRARIES]
        except OSError as error:
            why = f"the Debian package {DEBIAN_PACKAGE} is missing: apt-get install it"
            raise GenicamFailed(why) from error
        self._functions = {name: self._declared(name, *types) for name, types in SIGNATURES.items()}
        self.set_properties = self._found("g_object_set")  # takes any number of arguments

    def do(self, name: str, *given: object) -> Any:
        """Return what a function that cannot fail returns."""
        return self._functions[name](*given)

    def attempt(self, name: str, *given: object) -> Any:
        """Return what a function returns, or raise `GenicamFailed` with what it says."""
        error: Any = POINTER(_Error)()
        returned = self._functions[name](*given, ctypes.byref(error))
        if error:
            said = error.contents.message.decode("utf-8", "replace")
            self.do("g_error_free", error)
            raise GenicamFailed(said)
        return returned

    def is_a(self, node: object, kind: str) -> bool:
        """Return whether a feature's node is of a kind, `boolean` for one."""
        of_kind = self.do(f"arv_gc_{kind}_get_type")
        return bool(self.do("g_type_check_instance_is_a", node, of_kind))

    def _declared(self, name: str, returned: Any, taken: tuple[Any, ...]) -> Any:
        function = self._found(name)
        function.restype, function.argtypes = returned, taken
        return function

    def _found(self, name: str) -> Any:
        for library in self._libraries:
            try:
                return library[name]  # a function of its own, not one shared with others
            except AttributeError:
                continue
        msg = f"this {DEBIAN_PACKAGE} has no {name}: version 0.8.20 or newer is needed"
        raise GenicamFailed(msg)


@cache
def aravis() -> Aravis:
    """Return the library, loaded once per process; raises `GenicamFailed` where it is missing."""
    return Aravis()
