"""What every product of the demo factory offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from inspector.domain.frame import BgrImage
from inspector.simulator.contrast import Contrast
from inspector.simulator.drawing import Mask, Pose
from inspector.simulator.marks import Mark


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of defect: the views that can show it, and its range of contrast."""

    views: tuple[str, ...]
    contrast: Contrast


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its views, its kinds of defect and how to draw them.

    Attributes:
        views: the names of its views.
        kinds: its kinds of defect by name, in class order.
        posed: how a piece lies, for a view.
        body: a piece without defects, in product coordinates.
        silhouette: 255 where the product covers the belt.
        marked: a defect's mark, for a kind and a view.
    """

    views: tuple[str, ...]
    kinds: Mapping[str, Kind]
    posed: Callable[[str, np.random.Generator], Pose]
    body: Callable[[str, np.random.Generator], BgrImage]
    silhouette: Callable[[str], Mask]
    marked: Callable[[str, str, np.random.Generator], Mark]
