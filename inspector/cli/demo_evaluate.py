"""`inspector demo --evaluate`: the models on freshly drawn parts, without a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from math import isfinite

import click

from inspector.config.site import Site
from inspector.domain.frame import BgrImage
from inspector.errors import BadInput
from inspector.simulator.evaluate import (
    Evaluation,
    evaluated,
    evaluation_parts,
    judged,
    report,
)
from inspector.simulator.seeds import RANGES
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model


def evaluate_demo(site: Site, *, parts: int, draw: int, as_json: bool) -> None:
    """Judge `parts` good and `parts` bad parts of each station; print misses and false rejects.

    Raises:
        BadInput: There are not so many draws.
    """
    if (draw + 1) * 2 * parts > len(RANGES["evaluation"]):
        msg = f"--seed {draw}: with --parts {parts} there are not so many draws of fresh parts"
        raise BadInput(msg)
    results = {}
    for station in site.stations:
        package = open_package(site.package_folder(station))
        model = open_model(package, threads=2, limits=station.limits)
        truths = evaluation_parts(station.name, good=parts, bad=parts, draw=draw)
        with click.progressbar(
            truths, length=2 * parts, label=station.name, file=sys.stderr
        ) as bar:
            seen = [judged(truth, partial(_kinds_in, model)) for truth in bar]
        results[station.name] = evaluated(station.name, seen)
        if not as_json:
            click.echo(report(results[station.name]))
    if as_json:
        shown = {name: _as_json(one) for name, one in results.items()}
        click.echo(json.dumps({"schema": 1, "parts": parts, "stations": shown}))


def _kinds_in(model: Model, image: BgrImage) -> Sequence[str]:
    return [finding.kind for finding in model.look("any", image).findings]


def _as_json(one: Evaluation) -> dict[str, object]:
    return {
        "missed_clear": one.missed_clear.as_json(),
        "false_rejects": one.false_rejects.as_json(),
        "kind_right": one.kind_right.as_json(),
        "missed": [
            {"kind": kind, "from_sigma": low, "below_sigma": _finite(high), **share.as_json()}
            for (kind, low, high), share in one.missed.items()
        ],
    }


def _finite(sigma: float) -> float | None:
    return sigma if isfinite(sigma) else None
