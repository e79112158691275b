"""The watches by name, and what state each puts its station in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from inspector.domain.health import State


class Watch(StrEnum):
    """One watch of a station, by the name of its alarm."""

    REJECTS = "watch rejects"
    SCORES = "watch scores"
    FINDS = "watch finds"


STATES: Final[Mapping[Watch, State]] = {
    Watch.REJECTS: State.MAINTENANCE,
    Watch.SCORES: State.MAINTENANCE,
    Watch.FINDS: State.OUT_OF_SPECIFICATION,
}
"""More finds mean that bad parts pass; other rejects and scores may well be true."""
