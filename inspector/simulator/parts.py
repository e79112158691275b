"""The demo factory's parts: what is wrong with each, and its pictures.

Everything follows from station, view and seed. A part's defects lie where its seed puts them; a
part of the same seed made good is drawn alike but without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.domain.frame import BgrImage
from inspector.simulator.drawing import Pose, belt, laid, lit, taken
from inspector.simulator.marks import Mark, box_of, impose, moved
from inspector.simulator.products.blister import BLISTER
from inspector.simulator.products.board import BOARD
from inspector.simulator.products.product import Product
from inspector.simulator.products.ring import RING

STATIONS: tuple[str, ...] = ("board", "ring", "blister")
SECOND_DEFECT_SHARE = 0.1
"""Share of bad parts that have two defects, of different kinds."""

_PRODUCTS = {"board": BOARD, "ring": RING, "blister": BLISTER}
_CHOICE, _POSE, _BODY, _LOOK, _MARK = range(5)
"""Streams of random numbers, one for each question, so that one answer does not shift the next."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of a part, shown by one view.

    Attributes:
        kind: one of `kinds_of(station)`.
        view: the view that shows it.
        box: x, y, width, height in px.
        sigma: its contrast in units of the local noise; see `contrast`.
    """

    kind: str
    view: str
    box: Box
    sigma: float


@dataclass(frozen=True, slots=True)
class PartTruth:
    """What a part really is."""

    station: str
    seed: int
    defects: tuple[Defect, ...]

    @property
    def bad(self) -> bool:
        """Return whether it has a defect."""
        return bool(self.defects)


def views_of(station: str) -> tuple[str, ...]:
    """Return the names of a station's views."""
    return _PRODUCTS[station].views


def kinds_of(station: str) -> tuple[str, ...]:
    """Return a station's kinds of defect, in the order of the model's classes."""
    return tuple(_PRODUCTS[station].kinds)


def make_part(station: str, seed: int, *, bad: bool) -> PartTruth:
    """Return the part of this seed, good or bad.

    A bad one has one defect, or now and then two of different kinds.
    """
    if not bad:
        return PartTruth(station, seed, ())
    rng = _stream(station, seed, _CHOICE)
    kinds = rng.permutation(list(_PRODUCTS[station].kinds)).tolist()
    count = 2 if rng.random() < SECOND_DEFECT_SHARE else 1
    defects = [_drawn_defect(station, seed, kind, rng) for kind in kinds[:count]]
    if count == 2 and _touch(defects[0], defects[1]):
        defects.pop()
    return PartTruth(station, seed, tuple(defects))


def draw_part(truth: PartTruth, view: str) -> BgrImage:
    """Return one view of a part as its camera takes it."""
    product = _PRODUCTS[truth.station]
    rng = _stream(truth.station, truth.seed, _LOOK, view)
    pose = _pose(truth.station, truth.seed, view)
    body = product.body(view, _stream(truth.station, truth.seed, _BODY, view))
    picture = laid(body, product.silhouette(view), on=belt(rng), pose=pose)
    for defect in truth.defects:
        if defect.view == view:
            impose(picture, _mark(truth.station, truth.seed, defect.kind, view), sigma=defect.sigma)
    return taken(lit(picture, rng=rng, seed=truth.seed), rng=rng)


def draw_empty(station: str, view: str, seed: int) -> BgrImage:
    """Return the empty belt: what a camera sees at a trigger without a part."""
    rng = _stream(station, seed, _LOOK, view)
    return taken(lit(belt(rng), rng=rng, seed=seed), rng=rng)


def _drawn_defect(station: str, seed: int, kind: str, rng: np.random.Generator) -> Defect:
    entry = _PRODUCTS[station].kinds[kind]
    view = entry.views[int(rng.integers(len(entry.views)))]
    sigma = entry.contrast.drawn(rng)
    return Defect(kind, view, box_of(_mark(station, seed, kind, view)), sigma)


def _mark(station: str, seed: int, kind: str, view: str) -> Mark:
    product: Product = _PRODUCTS[station]
    rng = _stream(station, seed, _MARK + list(product.kinds).index(kind), view)
    return moved(product.marked(kind, view, rng), _pose(station, seed, view))


def _pose(station: str, seed: int, view: str) -> Pose:
    return _PRODUCTS[station].posed(view, _stream(station, seed, _POSE, view))


def _stream(station: str, seed: int, question: int, view: str | None = None) -> np.random.Generator:
    place = 0 if view is None else 1 + _PRODUCTS[station].views.index(view)
    return np.random.default_rng((STATIONS.index(station), seed, question, place))


def _touch(one: Defect, other: Defect) -> bool:
    if one.view != other.view:
        return False
    (x, y, w, h), (u, v, s, t) = one.box, other.box
    return x < u + s and u < x + w and y < v + t and v < y + h
