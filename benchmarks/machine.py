"""The computer that is measured on, and what else ran on it when the measuring began."""

from __future__ import annotations

import os
import re
import resource
from dataclasses import asdict, dataclass
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
BUSY_SHARE = 0.15
"""Above this share of all cores, something else runs, and the output says so."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on.

    Attributes:
        cpu: The processor's name.
        flags: Those of `FLAGS` that it has.
        cores: That this process may use.
        load: Load average over the last minute, at the start.
        busy: Share of all cores that others used while it was looked at, 0 to 1.
    """

    cpu: str
    flags: tuple[str, ...]
    cores: int
    load: float
    busy: float

    def lines(self) -> list[str]:
        """Return it for people."""
        flags = " ".join(self.flags) or "no AVX2"
        said = [
            f"computer: {self.cpu} ({flags}), {self.cores} cores; load average at the start "
            f"{self.load:.2f}; others used {self.busy:.0%} of the cores while this measured"
        ]
        if "amx_bf16" not in self.flags:
            said.append("note: the targets are for 2 cores with AMX; this processor has no AMX")
        if self.busy > BUSY_SHARE:
            said.append("note: MEASURED WHILE SOMETHING ELSE RAN: times are longer than they are")
        return said

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


class Watch:
    """Looks at the computer from now on, until `machine` is asked for."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]
        self._times, self._ours_s = _times(), _ours_s()

    def machine(self) -> Machine:
        """Return the facts; of the processes that we started, those that have ended are ours."""
        times = [now - then for then, now in zip(self._times, _times(), strict=True)]
        ours = (_ours_s() - self._ours_s) * os.sysconf("SC_CLK_TCK")
        used = sum(times) - times[3] - times[4]
        busy = min(max((used - ours) / max(sum(times), 1), 0.0), 1.0)
        return _machine(self._load, busy)


def _machine(load: float, busy: float) -> Machine:
    text = Path("/proc/cpuinfo").read_text("utf-8")
    name = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)", text, re.MULTILINE)
    known = set(flags.group(1).split()) if flags else set()
    return Machine(
        cpu=name.group(1).strip() if name else "unknown processor",
        flags=tuple(flag for flag in FLAGS if flag in known),
        cores=len(os.sched_getaffinity(0)),
        load=round(load, 2),
        busy=round(busy, 3),
    )


def _ours_s() -> float:
    """Return the processor time of this process and of all that it started and that have ended."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, both))


def _times() -> list[int]:
    """Return user, nice, system, idle, iowait, irq, softirq, steal in clock ticks (proc(5))."""
    with Path("/proc/stat").open("r", encoding="utf-8") as file:
        return [int(word) for word in file.readline().split()[1:9]]
