"""Whether the processor's clock is held back, as far as Linux tells."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
LOOK_EACH_S = 5.0
SHOWN_S = 60.0
"""A processor that is too hot throttles in bursts: it is said for so long after the last one."""


class ProcessorClock:
    """Looks at what the kernel shows of each CPU.

    Intel's processors count each time they throttled for heat. Elsewhere the kernel lowers the
    limit of the clock instead, which is also what a person does who caps it: the times a model was
    chosen by hold in neither case. A virtual machine shows none of this.

    Args:
        cpus: The kernel's folder.
    """

    def __init__(self, cpus: Path = CPUS) -> None:
        self._counters = sorted(cpus.glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
        self._limits = sorted(cpus.glob("cpu[0-9]*/cpufreq/scaling_max_freq"))
        self._count = sum(_numbers(self._counters))
        self._looked_s = self._rose_s = float("-inf")
        self._complaint = ""

    def complaint(self, now_s: float) -> str:
        """Return what holds the clock back, in words, or ""; called often, it looks now and then.

        Args:
            now_s: Monotonic clock.
        """
        if now_s - self._looked_s >= LOOK_EACH_S:
            self._looked_s = now_s
            self._complaint = self._look(now_s)
        return self._complaint

    def _look(self, now_s: float) -> str:
        before, self._count = self._count, sum(_numbers(self._counters))
        if self._count > before:
            self._rose_s = now_s
        if now_s - self._rose_s < SHOWN_S:
            return "the processor throttles its clock: it is too hot"
        for limit in self._limits:
            pair = list(_numbers([limit, limit.with_name("cpuinfo_max_freq")]))
            if len(pair) == 2 and pair[0] < pair[1]:
                return (
                    f"the processor's clock is held at {pair[0] // 1000} of {pair[1] // 1000} MHz"
                )
        return ""


def _numbers(files: Iterable[Path]) -> Iterable[int]:
    """Yield what stands in the files; one that went away with its CPU has nothing to say."""
    for file in files:
        with suppress(OSError, ValueError):
            yield int(file.read_text("ascii"))
