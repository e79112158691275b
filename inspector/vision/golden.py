"""The golden pictures of a package, and what a session makes of one."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inspector.domain.frame import BgrImage
from inspector.errors import ModelFailed
from inspector.vision.manifest import Package
from inspector.vision.picture_files import decoded
from inspector.vision.runtime import Session


@dataclass(frozen=True, slots=True)
class Look:
    """What a session made of one golden picture.

    Attributes:
        verdict: "pass" or "reject" by the package's own limits; "" where it failed.
        scores: The highest of each class, from 0.01.
        failed: Why the answer could not be used; "" when it could.
        took_s: How long it looked.
    """

    verdict: str
    scores: Mapping[str, float]
    failed: str = ""
    took_s: float = 0.0


def golden_pictures(package: Package) -> list[BgrImage]:
    """Return the package's golden pictures, in the manifest's order."""
    return [
        decoded(package.contents[golden.file], name=str(package.folder / golden.file))
        for golden in package.manifest.golden
    ]


def looks(package: Package, session: Session, pictures: list[BgrImage]) -> list[Look]:
    """Return what comes of each golden picture in this session."""
    return [_look(package.manifest.limits, session, picture) for picture in pictures]


def fingerprint(seen: Iterable[Look]) -> str:
    """Return the SHA-256 of all scores: equal when they are, to the last bit."""
    scores = [sorted(look.scores.items()) for look in seen]
    return hashlib.sha256(json.dumps(scores).encode()).hexdigest()


def difference(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the largest difference of a class's score; a class that is missing has 0."""
    return max((abs(one.get(k, 0.0) - other.get(k, 0.0)) for k in {*one, *other}), default=0.0)


def _look(limits: Mapping[str, float], session: Session, picture: BgrImage) -> Look:
    started_s = time.perf_counter()
    try:
        findings, scores, _ = session.detect(picture)
    except ModelFailed as error:
        return Look("", {}, str(error))
    took_s = time.perf_counter() - started_s
    over = any(finding.score >= limits[finding.kind] for finding in findings)
    return Look("reject" if over else "pass", scores, took_s=took_s)
