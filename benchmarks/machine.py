"""The computer that is measured on, and what else ran on it when the measuring began."""

from __future__ import annotations

import os
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
BUSY_SHARE = 0.15
"""Above this share of all cores, something else runs, and the output says so."""
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on.

    Attributes:
        cpu: The processor's name.
        flags: Those of `FLAGS` that it has.
        cores: That this process may use.
        load: Load average over the last minute, at the start.
        busy: Share of all cores that others used in the second before the start, 0 to 1.
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
            f"computer: {self.cpu} ({flags}), {self.cores} cores; at the start load average "
            f"{self.load:.2f}, others used {self.busy:.0%} of the cores"
        ]
        if "amx_bf16" not in self.flags:
            said.append("note: the targets are for 2 cores with AMX; this processor has no AMX")
        if self.busy > BUSY_SHARE:
            said.append("note: MEASURED WHILE SOMETHING ELSE RAN: times are longer than they are")
        return said

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


def this_machine() -> Machine:
    """Return the facts of this computer; looks for `LOOK_S` at what else runs."""
    text = Path("/proc/cpuinfo").read_text("utf-8")
    name = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)", text, re.MULTILINE)
    known = set(flags.group(1).split()) if flags else set()
    load = os.getloadavg()[0]
    return Machine(
        cpu=name.group(1).strip() if name else "unknown processor",
        flags=tuple(flag for flag in FLAGS if flag in known),
        cores=len(os.sched_getaffinity(0)),
        load=round(load, 2),
        busy=round(busy_share(LOOK_S), 3),
    )


def busy_share(for_s: float) -> float:
    """Return the share of all cores that was used in the next `for_s` seconds."""
    before = _times()
    time.sleep(for_s)
    after = _times()
    spent = [new - old for old, new in zip(before, after, strict=True)]
    return 1 - (spent[3] + spent[4]) / max(sum(spent), 1)


def _times() -> list[int]:
    """Return user, nice, system, idle, iowait, irq, softirq, steal in clock ticks (proc(5))."""
    with Path("/proc/stat").open("r", encoding="utf-8") as file:
        return [int(word) for word in file.readline().split()[1:9]]
