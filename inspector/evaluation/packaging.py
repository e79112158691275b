"""Makes a package out of an exported detector and labelled pictures.

Golden pictures are chosen by a rule, not by hand: in the order of their names, the first picture
that shows each class, and the first `GOOD_GOLDENS` good ones; one of which a score lies within
`SCORE_TOLERANCE` of its limit is passed over, because another processor may turn its verdict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import tomlkit

from inspector.domain.frame import BgrImage
from inspector.domain.share import Share
from inspector.errors import InspectorError
from inspector.evaluation.evaluating import Evaluation, Judged, Limits
from inspector.vision.manifest import MANIFEST, Manifest, Package
from inspector.vision.onnx_scan import refuse_unsafe
from inspector.vision.parity import SCORE_TOLERANCE
from inspector.vision.picture_files import read_picture
from inspector.vision.runtime import Model, Ran, Session

MODEL = "model.onnx"
GOOD_GOLDENS, MOST_KINDS = 2, 100
GOLDEN_RULE = (
    "by name the first picture of each class and the first "
    f"{GOOD_GOLDENS} good ones, none with a score within {SCORE_TOLERANCE} of its limit"
)
NOTE = (
    "Trained and exported with Ultralytics, whose exporter marks the weights AGPL-3.0: read it "
    "before you give them to others, or let others use them over a network."
)
_PROVISIONAL = 0.25


@dataclass(frozen=True, slots=True)
class GoldenPicture:
    """A golden picture and what the reference makes of it.

    Attributes:
        name: Of its file.
        image: Its pixels.
        verdict: "pass" or "reject".
        scores: The highest of each class, from 0.01.
    """

    name: str
    image: BgrImage
    verdict: str
    scores: Mapping[str, float]


def manifest_table(
    name: str, classes: Sequence[str], *, px: int, training: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the manifest of a detector of Ultralytics without limits, golden pictures, figures."""
    return {
        **{"schema": 1, "name": name, "task": "detect", "classes": list(classes)},
        **{"licence": "AGPL-3.0", "licence_note": NOTE},
        "input": {
            **{"width": px, "height": px, "colour": "rgb", "scale": 1 / 255},
            **{"letterbox": "pad", "pad_value": 114},
        },
        "output": {"layout": "yolo-raw"},
        "limits": dict.fromkeys(classes, _PROVISIONAL),
        "precision": {"reference": "FP32"},
        "training": dict(training),
    }


def draft_model(table: Mapping[str, Any], onnx: bytes, *, threads: int) -> Model:
    """Return the model of a package that has no golden pictures yet: FP32 on the CPU.

    Raises:
        PackageRefused: The model may not be built, or is not what the manifest says.
    """
    file = "golden/none.png"
    draft = Manifest.model_validate(
        {
            **table,
            "files": {MODEL: hashlib.sha256(onnx).hexdigest(), file: "0" * 64},
            "golden": [{"file": file, "verdict": "pass", "scores": {}}],
        }
    )
    refuse_unsafe(onnx, file=MODEL)
    package = Package(Path(draft.name), draft, {MODEL: onnx}, MODEL)
    session = Session(package, device="CPU", precision="FP32", threads=threads)
    return Model(package, session, Ran("CPU", "FP32", "FP32", "the reference"), draft.limits)


def golden_pictures_of(
    judged: Sequence[Judged], limits: Limits, model: Model
) -> list[GoldenPicture]:
    """Return the golden pictures by the rule above, with the reference's scores and verdicts.

    Raises:
        InspectorError: Every picture has a score at a limit.
    """
    chosen: list[GoldenPicture] = []
    for one in _candidates(judged, limits):
        image = read_picture(one.inspected.file)
        findings, scores, _ = model.session.detect(image)
        over = any(found.score >= limits[found.kind] for found in findings)
        rounded = {kind: round(score, 6) for kind, score in scores.items()}
        name = f"golden/{len(chosen) + 1:02}.png"
        chosen.append(GoldenPicture(name, image, "reject" if over else "pass", rounded))
    if not chosen:
        raise InspectorError("no picture can be golden: each has a score at a limit")
    return chosen


def _candidates(judged: Sequence[Judged], limits: Limits) -> list[Judged]:
    clear = sorted(
        (one for one in judged if one.looked and _clear_of(one, limits)),
        key=lambda one: one.inspected.file.name,
    )
    chosen: list[Judged] = []
    for kind in list(limits)[:MOST_KINDS]:
        of_kind = (one for one in clear if any(mark.kind == kind for mark in one.marked))
        chosen += [one for one in of_kind if one not in chosen][:1]
    return chosen + [one for one in clear if not one.marked][:GOOD_GOLDENS]


def _clear_of(one: Judged, limits: Limits) -> bool:
    """Return whether no score of a picture lies at its limit."""
    seen = one.inspected.seen
    return all(abs(found.score - limits[found.kind]) > SCORE_TOLERANCE for found in seen)


def metrics_of(result: Evaluation, *, data: str, limits_rule: str) -> dict[str, Any]:
    """Return the manifest's [metrics]: figures with what they were got on."""
    whole = result.precision
    figures: dict[str, Any] = {
        "data": data,
        "limits_rule": limits_rule,
        "golden_rule": GOLDEN_RULE,
        "pictures_missed": _told(result.rates.missed),
        "good_pictures_rejected": _told(result.rates.false_rejects),
        "not_inspected": result.not_inspected,
    }
    if whole:
        figures |= {"map50": round(whole.ap50, 4), "map50_95": round(whole.ap50_95, 4)}
    figures["classes"] = {
        one.kind: {
            "boxes": one.boxes,
            "ap50": round(one.precision.ap50, 4),
            "ap50_95": round(one.precision.ap50_95, 4),
        }
        for one in result.classes
        if one.precision
    }
    return figures


def _told(share: Share) -> str:
    return str(share) if share.total else "not measured: there were none"


def write_package(
    folder: Path,
    table: Mapping[str, Any],
    onnx: bytes,
    goldens: Sequence[GoldenPicture],
    framework: Sequence[Mapping[str, float]],
) -> None:
    """Write a package's files and its manifest, with the SHA-256 of each file.

    Args:
        folder: Made new.
        table: The manifest without files and golden pictures.
        onnx: The model.
        goldens: The golden pictures.
        framework: What the training framework itself gave for each of them.
    """
    contents = {MODEL: onnx, **{one.name: _png(one.image) for one in goldens}}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    whole = {
        **table,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "golden": [
            {
                **{"file": one.name, "verdict": one.verdict},
                **{"scores": dict(one.scores), "framework": dict(given)},
            }
            for one, given in zip(goldens, framework, strict=True)
        ],
    }
    (folder / MANIFEST).write_text(tomlkit.dumps(whole), "utf-8")


def _png(image: BgrImage) -> bytes:
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
