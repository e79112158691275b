"""How the last picture of each view compares with its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inspector.config.station import Station
from inspector.ipc import Runtime, read_status
from inspector.vision.picture_check import CheckLimits

NAMES = {
    "mean": "mean grey",
    "contrast": "contrast",
    "part_share": "part share",
    "sharpness": "sharpness",
    "likeness": "likeness",
    "shift": "shift px",
}


def pictures_of(runtime: Runtime, station: Station) -> dict[str, Any]:
    """Return the last picture's features and the limits, by view."""
    worker = read_status(runtime, f"worker-{station.name}") or {}
    views = worker.get("views")
    live = views if isinstance(views, dict) else {}
    return {
        view.name: {
            "last": live.get(view.name, {}).get("picture"),
            "limits": view.check.model_dump(),
        }
        for view in station.views
    }


def picture_lines(pictures: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each view that has had a picture."""
    for view, one in pictures.items():
        if one["last"]:
            limits = CheckLimits(**one["limits"])
            said = (
                f"{words} {one['last'][name]:.3g} ({limit_words(name, limits)})"
                for name, words in NAMES.items()
                if name in one["last"]
            )
            yield f"view {view}: {', '.join(said)}"


def limit_words(feature: str, limits: CheckLimits) -> str:
    """Return what a feature must be, for people."""
    if feature == "mean":
        return f"{limits.darkest_mean:g} to {limits.brightest_mean:g}"
    if feature == "shift":
        return f"mean to {limits.most_shift_px:g}" if limits.most_shift_px else "not checked"
    least = float(getattr(limits, f"least_{feature}"))
    return f"from {least:g}" if least else "not checked"
