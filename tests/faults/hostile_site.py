"""Two stations of the demo, one with a hostile model; for benchmarks/hostile.py too."""

from __future__ import annotations

import shutil
from pathlib import Path

from inspector.config.site import Site
from tests.inspector.vision import tiny

ROOT = Path(__file__).parents[2]
CLOSEST_MS = 80
"""The empty belt's trigger comes half a spacing before the next part's."""


def hostile_site(folder: Path, onnx: bytes) -> Path:
    """Return a site with the demo's blisters, and boards that a hostile model looks at."""
    (folder / "stations").mkdir(parents=True)
    shutil.copytree(ROOT / "stations" / "plc", folder / "stations" / "plc")
    shutil.copy(ROOT / "stations" / "blister.toml", folder / "stations")
    shutil.copytree(ROOT / "models" / "blister", folder / "models" / "blister")
    text = (ROOT / "stations" / "board.toml").read_text("utf-8")
    text = text.replace('precision = "auto"', 'precision = "FP32"')
    text = text.replace("check = ", "# ")  # an empty belt must reach the model
    text = text.replace("answer_by_counts = 3000", "answer_by_counts = 7000")  # also on a busy one
    (folder / "stations" / "board.toml").write_text(text, "utf-8")
    tiny.write_package(folder / "models" / "board", onnx=onnx)
    return folder


def close_parts(site: Site) -> Site:
    """Return the site with parts that may come as close as a trigger without a part does."""
    stations = tuple(
        one.model_copy(
            update={"belt": one.belt.model_copy(update={"smallest_spacing_ms": CLOSEST_MS})}
        )
        for one in site.stations
    )
    return site.model_copy(update={"stations": stations})
