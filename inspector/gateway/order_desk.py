"""What `recorder.sock` answers to people beside reviews: alarms, lots and seeded defects.

A row and its entry in the audit log are one commit.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from inspector.audit.entry import Change, Who
from inspector.domain.people import Right
from inspector.errors import BadInput, NotThere, Overtaken
from inspector.gateway.audit import Auditing
from inspector.gateway.desk_values import LONGEST_KIND, LONGEST_REASON, allowed, text_of, whole_of
from inspector.gateway.recorder_socket import Answer
from inspector.ports import Clock
from inspector.storage.feedback_schema import seeded_defects
from inspector.storage.schema import alarms, stations, views
from inspector.storage.sql_feedback import add_seeded_defect, answer_alarm, begin_lot

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class OrderDesk:
    """Answers to alarms, lots, and seeded defects."""

    def __init__(self, auditing: Auditing, clock: Clock) -> None:
        """Use the recorder's connection."""
        self._auditing, self._clock = auditing, clock

    def answer_alarm(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Note who has seen an alarm, and what they did."""
        allowed(by, Right.ANSWER_ALARM)
        alarm = whole_of(ask["alarm"], "alarm", least=1, most=2**53)
        did, now = text_of(ask.get("did") or "", LONGEST_REASON), self._clock.now()

        def write(connection: Connection) -> tuple[None, list[Change]]:
            answer_alarm(connection, alarm, person=by.id, did=did, now=now)
            row = connection.execute(select(alarms).where(alarms.c.id == alarm)).one()
            after = {"alarm": row.name, "text": row.text, "did": did}
            what = f"alarm {alarm}"
            change = Change(now.isoformat(), by, "alarm answered", what, row.station, after=after)
            return None, [change]

        self._auditing.write(write)
        return {"ok": True}

    def begin_lot(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Begin a lot at a station; the one that stands already changes nothing."""
        allowed(by, Right.BEGIN_LOT)
        station, name = text_of(ask["station"]), " ".join(text_of(ask["name"]).split())
        if not name or not name.isprintable() or not station:
            raise BadInput("a lot needs a station and a name of printable characters")
        now = self._clock.now()

        def write(connection: Connection) -> tuple[bool, list[Change]]:
            before = begin_lot(connection, station, name, now)
            if before is None:
                return False, []
            what, after = f"lot of station {station}", {"lot": name}
            change = Change(now.isoformat(), by, "lot begun", what, station, {"lot": before}, after)
            return True, [change]

        return {"ok": True, "begun": self._auditing.write(write)}

    def add_seeded_defect(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Put a picture with a known defect among those of the audit."""
        allowed(by, Right.SEED_DEFECT)
        names = "station", "picture", "made_from"
        fields = {name: text_of(ask[name]) for name in names}
        fields["kind"] = text_of(ask["kind"], LONGEST_KIND)
        if not _DIGEST.fullmatch(fields["picture"]) or not fields["kind"]:
            raise BadInput("a seeded defect needs its kind and the digest of its picture")
        seed, now = f"SEED-{uuid.uuid4().hex[:16]}", self._clock.now()

        def write(connection: Connection) -> tuple[None, list[Change]]:
            _check_seed(connection, fields)
            add_seeded_defect(connection, now, id=seed, person=by.id, **fields)
            what, station = f"seeded defect {seed}", fields["station"]
            change = Change(now.isoformat(), by, "defect seeded", what, station, after=fields)
            return None, [change]

        self._auditing.write(write)
        return {"ok": True, "seed": seed}


def _check_seed(connection: Connection, fields: Mapping[str, str]) -> None:
    known = select(stations.c.name).where(stations.c.name == fields["station"])
    picture = select(views.c.picture).where(views.c.picture == fields["picture"])
    if connection.execute(known).first() is None:
        raise NotThere(f"there are no records of a station {fields['station']}")
    if connection.execute(picture.limit(1)).first() is None:
        raise NotThere("no record has this picture")
    again = select(seeded_defects.c.id).where(seeded_defects.c.picture == fields["picture"])
    if connection.execute(again).first() is not None:
        raise Overtaken("this picture is a seeded defect already")
