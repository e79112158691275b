"""The choice of a precision for a device, written into a package's manifest with its evidence."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import onnxruntime
import tomlkit
from tomlkit.items import AoT

from inspector.vision.golden import golden_pictures
from inspector.vision.manifest import Approved, Package
from inspector.vision.parity import measured_ms
from inspector.vision.runtime import Session
from inspector.vision.verifying import Verified

RUNTIME = f"onnxruntime-openvino {onnxruntime.__version__}"
_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")
"""Instruction sets for which OpenVINO's CPU device has kernels of their own."""


def device_class(device: str) -> str:
    """Return what of a device decides about scores and speed.

    Of the CPU its instruction sets, and the cap that oneDNN is given by its environment variable;
    of others the name alone, because the provider tells no more.
    """
    if device != "CPU":
        return device
    found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text("ascii"), re.MULTILINE)
    flags = found[1].split() if found else []
    named = " ".join(flag for flag in _FLAGS if flag in flags) or "no AVX2"
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return f"x86-64 {named}" + (f", capped at {cap}" if cap else "")


def approval(package: Package, result: Verified, *, threads: int) -> Approved:
    """Return what is written of a package that was verified with precision "auto" and passed."""
    ms = dict(result.ms)
    if not ms:  # only FP32 may run here, so nothing was compared
        session = Session(package, device=result.device, precision="FP32", threads=threads)
        ms = measured_ms({"FP32": session}, golden_pictures(package)[0])
    return Approved.model_validate(
        {
            "device": result.device,
            "device_class": device_class(result.device),
            "runtime": RUNTIME,
            "precision": result.precision,
            "ms": {name: round(taken, 2) for name, taken in ms.items()},
            "difference": round(max(row.off_device or 0.0 for row in result.rows), 6),
            "why": result.why,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        }
    )


def with_approval(manifest: str, entry: Approved) -> str:
    """Return a manifest's text with the entry, in place of an older one of the same device.

    Everything else stays as it is, comments too.
    """
    table = tomlkit.parse(manifest)
    kept = [one for one in table.pop("approved", []) if not _same(one, entry)]
    entries = AoT([])
    for one in [*kept, entry.model_dump()]:
        entries.append(tomlkit.item(one))
    table["approved"] = entries
    return tomlkit.dumps(table)


def _same(one: object, entry: Approved) -> bool:
    of = Approved.model_validate(tomlkit.item(one).unwrap())
    keys = ("device", "device_class", "runtime")
    return all(getattr(of, key) == getattr(entry, key) for key in keys)
