"""What both runtimes need to put a model on a device, and no other device in its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from inspector.errors import ProviderUnavailable

HINTS = {"FP32": "f32", "BF16": "bf16"}
DEVICES = ("CPU", "GPU", "NPU")


def refuse_missing(*devices: str, here: Sequence[str]) -> None:
    """Return when one of these devices is here; raises `ProviderUnavailable`."""
    if not {*devices} & {*DEVICES} & {*here}:
        raise ProviderUnavailable(
            f"device {' or '.join(devices)} was asked for, "
            f"and this computer has only {', '.join(here) or 'none'}"
        )


def enough_threads(threads: int, *, device: str, sizes_follow: bool, file: Path) -> int:
    """Return the CPU threads with which OpenVINO reports whatever goes wrong in a model.

    With one it loses an error, a memory bound that was met for one, in a model whose sizes follow
    the picture, and goes on with wrong answers.

    Args:
        threads: That were asked for.
        device: That it runs on.
        sizes_follow: Whether the sizes of the model's tensors follow the picture.
        file: The model's, for the message.

    Raises:
        ProviderUnavailable: This process may use a single processor core only.
    """
    if device != "CPU" or not sizes_follow:
        return threads
    if len(os.sched_getaffinity(0)) < 2:
        raise ProviderUnavailable(
            f"{file}: its sizes follow the picture, which needs two processor cores"
        )
    return max(threads, 2)


def without_numbers(devices: Sequence[str]) -> list[str]:
    """Return OpenVINO's names of devices without the numbers of several: GPU for GPU.0, GPU.1."""
    return sorted({name.partition(".")[0] for name in devices})


def short(error: Exception) -> str:
    """Return the telling line of a native error, not its page of places in the source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = lines[-1] if lines else type(error).__name__
    return told.removeprefix("[ONNXRuntimeError] : ")[-200:]
