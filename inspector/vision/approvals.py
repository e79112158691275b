"""Where a package was proven: on which device class, with which runtime, with which scores."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from inspector.vision.engines import engine_of
from inspector.vision.golden import fingerprint
from inspector.vision.manifest import Approved, Package
from inspector.vision.verifying import Verified

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


def approval(package: Package, result: Verified, ms: Mapping[str, float]) -> Approved:
    """Return what is kept of a package that was verified here and passed.

    Args:
        package: That was verified.
        result: What came of it.
        ms: Median time of a picture by precision; empty where nothing was compared.
    """
    return Approved.model_validate(
        {
            "device": result.device,
            "device_class": device_class(result.device),
            "runtime": engine_of(package).RUNTIME,
            "model_sha256": package.model_sha256,
            "scores_sha256": fingerprint(row.device for row in result.rows if row.device),
            "precision": result.precision,
            "ms": {name: round(taken, 2) for name, taken in ms.items()},
            "difference": round(max(row.off_device or 0.0 for row in result.rows), 6),
            "why": result.why,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        }
    )


def stands_for(entry: Approved, package: Package, *, device: str, precision: str) -> bool:
    """Return whether an entry is about this model, on this device and runtime, asked for so."""
    runtime = engine_of(package).RUNTIME
    here = (device, device_class(device), runtime, package.model_sha256)
    there = (entry.device, entry.device_class, entry.runtime, entry.model_sha256)
    return here == there and precision in ("auto", entry.precision)
