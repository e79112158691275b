"""The audit's plans on their way from the recorder, which has the database, to the line.

One small file in shared memory, so that the line never waits for a disk. No secret is in it: the
line makes each month's key of the site's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from inspector.domain.audit_sampling import AuditPlan, Strata
from inspector.errors import BadInput
from inspector.gateway.told_file import ToldFile
from inspector.ipc import write_whole

log = logging.getLogger(__name__)


def write_plans(file: Path, plans: Mapping[str, AuditPlan]) -> None:
    """Let the line know the plans in force, by station."""
    told = {
        station: {
            "version": plan.strata.version,
            "limits": plan.strata.limits,
            "pis": plan.pis,
        }
        for station, plan in plans.items()
    }
    write_whole(file, json.dumps(told).encode())


class PlansFile:
    """The file as the line sees it; `news` is asked again and again."""

    def __init__(self, file: Path) -> None:
        self._file = ToldFile(file)

    def news(self) -> dict[str, AuditPlan]:
        """Return the plans when the file is another one than at the last question, else none."""
        content = self._file.fresh()
        if content is None:
            return {}
        try:
            told = json.loads(content)
            return {station: _plan(one) for station, one in told.items()}
        except (ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
            log.error("the audit's plans cannot be read: %r", error)  # noqa: TRY400
            return {}


def _plan(told: Mapping[str, list[float]]) -> AuditPlan:
    strata = Strata(int(str(told["version"])), tuple(map(float, told["limits"])))
    return AuditPlan(strata, tuple(map(float, told["pis"])))
