"""What the watches say on its way from the recorder to the line, which shows it at each station.

One small file in shared memory, so that the line never waits for a disk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from inspector.domain.health import Condition, State
from inspector.gateway.told_file import ToldFile
from inspector.ipc import write_whole

log = logging.getLogger(__name__)


def write_watched(file: Path, standing: Mapping[str, Sequence[Condition]]) -> None:
    """Let the line know what stands, by station."""
    told = {name: [asdict(one) for one in some] for name, some in standing.items()}
    write_whole(file, json.dumps(told).encode())


class WatchFile:
    """What stands, as the line sees it; `news` is asked again and again."""

    def __init__(self, file: Path) -> None:
        self._file = ToldFile(file)

    def news(self) -> dict[str, tuple[Condition, ...]] | None:
        """Return what stands by station, or None: the same as at the last question."""
        content = self._file.fresh()
        if content is None:
            return None
        try:
            told = json.loads(content)
            return {name: tuple(map(_condition, some)) for name, some in told.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("what the watches say cannot be read: %r", error)  # noqa: TRY400
            return None


def _condition(told: Mapping[str, str]) -> Condition:
    return Condition(State(told["state"]), str(told["text"]))
