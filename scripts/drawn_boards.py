"""Draws more boards for DeepPCB, whose pictures show only a handful of board designs.

python -m scripts.drawn_boards DATA FIT.txt TARGET --number 6000 --seed 1

Each picture shows a layout - stripes, traces, shapes, or the defect-free template of a board that
FIT.txt lists, turned and scaled at random - with fresh defects. A defect is a stroke of the other
colour, of a pen or in the shape of a real one, and what it touches says what it is: substrate
drawn on copper is a pin-hole (it touches no substrate), a mousebite (on one side) or an open (on
two); copper drawn on substrate is copper, a spur or a short. The boards of FIT.txt are added four
times: as they are, transposed, with copper and substrate exchanged (their defects' names with
them), and both. TARGET/data.yaml lists all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt

PX = 640
NAMES = ("open", "short", "mousebite", "spur", "copper", "pin-hole")
OPEN, SHORT, MOUSEBITE, SPUR, COPPER, PINHOLE = range(6)
EXCHANGED = {OPEN: SHORT, SHORT: OPEN, MOUSEBITE: SPUR, SPUR: MOUSEBITE}
EXCHANGED |= {COPPER: PINHOLE, PINHOLE: COPPER}
TRIED = (0.26, 0.26, 0.14, 0.14, 0.1, 0.1)
"""How often each class is tried: a way across is rarely found."""
DEFECTS = (8, 36)
"""On a drawn board, from and below: more than on a real one, so that a look teaches more."""
REAL_SHARE = 0.6
"""Of the defects, so many have the shape of a real one of the boards of FIT.txt."""
LARGEST = 1.6
"""A real defect is made so much larger at most: it would be as wide as long."""
WINDOW_PX = 100
"""A defect is drawn within so much around its beginning."""
MARGIN_PX = 10
"""Between a defect and its box, as measured on the boards of DeepPCB (median of each side)."""
SLIT_PX, BROAD_PX = (18, 70), (9, 30)
"""How long the long strokes are that do not go across, and how thick the broad ones."""
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 92)
BY_SIDES = {(True, 0): PINHOLE, (True, 1): MOUSEBITE, (True, 2): OPEN}
BY_SIDES |= {(False, 0): COPPER, (False, 1): SPUR, (False, 2): SHORT}
"""(drawn on copper, sides touched) -> class."""

Box = tuple[int, int, int, int]
Mask = npt.NDArray[np.uint8]
"""640 x 640; 1 is copper."""
Draw = Callable[[np.random.Generator], Mask]


# --- layouts ---


def stripes(rng: np.random.Generator) -> Mask:
    """Return parallel stripes of any direction, most often upright or lying."""
    across = np.zeros(2 * PX, np.uint8)
    widest, at = int(rng.integers(12, 110)), 0
    while at < len(across):
        wide = int(rng.integers(6, widest))
        across[at : at + wide] = 1
        at += wide + int(rng.integers(8, 70))
    angle = float(rng.choice([0, 90, 45, 135, rng.uniform(0, 180)]))
    return _turned(np.tile(across, (2 * PX, 1)), angle, 1.0)


def traces(rng: np.random.Generator) -> Mask:
    """Return bundles of traces with bends of 45 degrees, pads, and vias."""
    board = np.zeros((PX, PX), np.uint8)
    for _ in range(int(rng.integers(2, 6))):
        _draw_bundle(board, rng)
    for _ in range(int(rng.integers(0, 12))):
        _draw_pad(board, rng, int(rng.integers(8, 60)))
    for _ in range(int(rng.integers(0, 25))):
        cv2.circle(board, _point(rng), int(rng.integers(5, 14)), 1, -1)
    return board


def shapes(rng: np.random.Generator) -> Mask:
    """Return large discs, rings, slabs and polygons, with clearances between them."""
    board = np.zeros((PX, PX), np.uint8)
    for _ in range(int(rng.integers(3, 9))):
        value, size = int(rng.integers(0, 2)), int(rng.integers(30, 330))
        kind = rng.integers(0, 4)
        if kind == 0:
            cv2.circle(board, _point(rng), size, value, -1)
        elif kind == 1:
            cv2.circle(board, _point(rng), size, value, int(rng.integers(8, 60)))
        elif kind == 2:
            box = cv2.boxPoints((_point(rng), (size, rng.uniform(30, 400)), _angle(rng)))
            cv2.fillPoly(board, [box.astype(np.int32)], value)
        else:
            corners = np.array([_point(rng) for _ in range(5)], np.int32)
            cv2.fillPoly(board, [cv2.convexHull(corners)], value)
    for _ in range(int(rng.integers(0, 5))):
        cv2.line(board, _point(rng), _point(rng), int(rng.integers(0, 2)), _width(rng))
    return board


def _drill(board: Mask, rng: np.random.Generator) -> None:
    """Draw holes and dots of a design: alike and round, as no defect is, and away from edges."""
    radius = int(rng.integers(4, 12))
    for _ in range(int(rng.integers(1, 40))):
        x, y = _point(rng)
        near = board[
            max(y - 2 * radius, 0) : y + 2 * radius, max(x - 2 * radius, 0) : x + 2 * radius
        ]
        if near.min() == near.max():
            cv2.circle(board, (x, y), radius, int(1 - board[y, x]), -1)


def _draw_bundle(board: Mask, rng: np.random.Generator) -> None:
    width, gap = _width(rng), int(rng.integers(6, 40))
    path = _path(rng)
    step = np.array([1.0, 1.0]) if rng.random() < 0.5 else np.array([1.0, -1.0])
    for number in range(int(rng.integers(1, 7))):
        points = (path + number * (width + gap) * step).astype(np.int32)
        cv2.polylines(board, [points], isClosed=False, color=1, thickness=width)
        if rng.random() < 0.5:
            end = (int(points[-1][0]), int(points[-1][1]))
            cv2.circle(board, end, int(width * rng.uniform(0.7, 2.0)) + 3, 1, -1)


def _path(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    points, heading = [rng.uniform(-60, PX, 2)], int(rng.integers(0, 8))
    for _ in range(int(rng.integers(2, 6))):
        turn = heading * np.pi / 4
        points.append(points[-1] + rng.uniform(60, 400) * np.array([np.cos(turn), np.sin(turn)]))
        heading += int(rng.choice([-1, 1]))
    return np.array(points)


def _draw_pad(board: Mask, rng: np.random.Generator, size: int) -> None:
    x, y = _point(rng)
    if rng.random() < 0.5:
        cv2.circle(board, (x, y), size, 1, -1)
    else:
        wide, high = size, int(size * rng.uniform(0.5, 2))
        cv2.rectangle(board, (x - wide, y - high), (x + wide, y + high), 1, -1)
    if rng.random() < 0.5:
        cv2.circle(board, (x, y), max(size // 2, 4), 0, -1)


def _point(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, PX)), int(rng.integers(0, PX))


def _angle(rng: np.random.Generator) -> float:
    return float(rng.choice([0, 0, 45, rng.uniform(0, 180)]))


def _width(rng: np.random.Generator) -> int:
    return int(5 + rng.exponential(14))


def _turned(wide: Mask, angle: float, scale: float) -> Mask:
    """Return the middle of a picture, turned; beyond its border it is mirrored."""
    height, width = wide.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    matrix[:, 2] += (PX - width) / 2, (PX - height) / 2
    return cv2.warpAffine(wide, matrix, (PX, PX), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)


def of_templates(files: Sequence[Path]) -> Draw:
    """Return what draws one of these defect-free boards, turned and scaled."""

    def draw(rng: np.random.Generator) -> Mask:
        board = (_read(files[int(rng.integers(len(files)))]) < 128).astype(np.uint8)
        angle = float(rng.choice([0, 90, 180, 270, rng.uniform(0, 360)]))
        return _turned(board, angle, rng.uniform(0.7, 1.7))

    return draw


def layout(rng: np.random.Generator, draws: Sequence[Draw]) -> Mask:
    """Return a whole board with rough edges, of one drawing or of two beside each other."""
    board = draws[int(rng.integers(len(draws)))](rng)
    if rng.random() < 0.3:
        other, at = draws[int(rng.integers(len(draws)))](rng), int(rng.integers(150, PX - 150))
        board[:, at:] = other[:, at:]
        board[:, at : at + 12] = 0
    if rng.random() < 0.4:
        board = 1 - board
    if rng.random() < 0.5:
        _drill(board, rng)
    noise = cv2.GaussianBlur(rng.standard_normal((PX, PX)), (0, 0), rng.uniform(1, 3))
    rough = rng.uniform(0, 0.11) * noise / noise.std()
    soft = cv2.GaussianBlur(board.astype(np.float64), (0, 0), 1.5)
    return np.asarray(soft + rough > 0.5, np.uint8)


# --- defects ---


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a real defect changed: the pixels, and whether it lies inside, at an edge, or across."""

    way: str
    pixels: Mask


WAYS = {OPEN: "across", SHORT: "across", MOUSEBITE: "edge", SPUR: "edge"}
WAYS |= {COPPER: "inside", PINHOLE: "inside"}


class Ground:
    """Where strokes of one colour may begin: copper for substrate drawn on it, or the reverse."""

    def __init__(self, field: Mask) -> None:
        self.field = field
        self._depth = np.asarray(cv2.distanceTransform(field, cv2.DIST_L2, 3), np.float32)
        shown = np.zeros_like(field)
        shown[WINDOW_PX:-WINDOW_PX, WINDOW_PX:-WINDOW_PX] = 1
        self._inside = np.argwhere((self._depth > 9) & (shown > 0))
        self._edge = np.argwhere((self._depth > 0) & (self._depth < 1.5) & (shown > 0))

    def place(self, rng: np.random.Generator, way: str) -> Place | None:
        """Return where a stroke of this way begins, and its direction; None: nowhere."""
        among = self._inside if way == "inside" else self._edge
        if not len(among):
            return None
        y, x = (int(one) for one in among[int(rng.integers(len(among)))])
        if way == "inside":
            angle = rng.uniform(0, 2 * np.pi)
            return Place(x, y, np.array([np.cos(angle), np.sin(angle)]), 0)
        near = self._depth[y - 4 : y + 5, x - 4 : x + 5]
        down, right = np.gradient(near)
        toward = np.array([right.mean(), down.mean()], float)
        length = float(np.hypot(*toward))
        if length < 0.05:
            return None
        toward /= length
        across = self._across(x, y, toward) if way == "across" else 0
        return None if across is None else Place(x, y, toward, across)

    def _across(self, x: int, y: int, toward: npt.NDArray[np.float64]) -> int | None:
        """Return how far it is to the other side; None: too far."""
        for step in range(4, WINDOW_PX - 10):
            if not self.field[int(y + step * toward[1]), int(x + step * toward[0])]:
                return step
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stroke begins, where it goes, and how far it is to the other side (0: no matter)."""

    x: int
    y: int
    toward: npt.NDArray[np.float64]
    across: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Return the rows and columns around it."""
        return tuple(slice(at - WINDOW_PX, at + WINDOW_PX) for at in (self.y, self.x))  # type: ignore[return-value]


def pen_stroke(rng: np.random.Generator, place: Place, way: str) -> Mask:
    """Return a wobbling stroke of a pen in its window, or a few thin ones beside each other."""
    drawn = np.zeros((2 * WINDOW_PX, 2 * WINDOW_PX), np.uint8)
    slit, broad = rng.random(2) < (0.3, 0.35)
    long = place.across + 6 if place.across else rng.uniform(*(SLIT_PX if slit else (4, 22)))
    back = 0.0 if way == "inside" else 3.0
    pens = int(rng.choice([1, 1, 1, 2, 4]))
    thick = int(rng.integers(3, 9)) if pens == 1 else int(rng.integers(1, 4))
    if pens == 1 and broad and (place.across or not slit):
        thick = int(rng.integers(*BROAD_PX))
        if way == "edge" and rng.random() < 0.6:  # a dab: most of it on its own colour
            long, back = 2.0, rng.uniform(0, 0.4) * thick
    start = WINDOW_PX - back * place.toward
    side = np.array([-place.toward[1], place.toward[0]])
    for pen in range(pens):
        along = np.linspace(0, long, int(rng.integers(2, 6)))
        bend = rng.normal(0, 0.12 * long + 0.8, len(along)) + pen * rng.uniform(2, 6)
        points = start + along[:, None] * place.toward + bend[:, None] * side
        whole = [points.astype(np.int32)]
        cv2.polylines(drawn, whole, isClosed=False, color=1, thickness=thick)
    return drawn


def stamped(rng: np.random.Generator, place: Place, stamp: Stamp) -> Mask:
    """Return a real defect's pixels in the window, turned and scaled to fit the place."""
    height, width = stamp.pixels.shape
    scale, angle = rng.uniform(0.7, 1.4), rng.uniform(0, 360)
    middle = np.full(2, float(WINDOW_PX))
    if place.across:
        scale = (place.across + 8) / max(height, width)
        lies = 0 if width >= height else 90
        angle = lies - np.degrees(np.arctan2(place.toward[1], place.toward[0]))
        middle += place.across / 2 * place.toward
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), float(scale))
    matrix[:, 2] += middle - np.array([width / 2, height / 2])
    size = (2 * WINDOW_PX, 2 * WINDOW_PX)
    grey = cv2.warpAffine(stamp.pixels * 255, matrix, size)
    return np.asarray(grey > 127, np.uint8)


def stroke(rng: np.random.Generator, place: Place, way: str, real: Sequence[Stamp]) -> Mask:
    """Return a real defect's pixels where one fits, or else a stroke of the pen."""
    if real and rng.random() < REAL_SHARE:
        stamp = real[int(rng.integers(len(real)))]
        if place.across <= LARGEST * max(stamp.pixels.shape):
            return stamped(rng, place, stamp)
    return pen_stroke(rng, place, way)


def named(changed: Mask, field: Mask, *, on_copper: bool) -> int | None:
    """Return the class of a stroke by the sides that it touches; None: too small, or in shreds."""
    if int(changed.sum()) < 20 or cv2.connectedComponents(changed)[0] - 1 > 4:
        return None
    grown = np.asarray(cv2.dilate(changed, np.ones((3, 3), np.uint8)), np.uint8)
    touched = grown & (1 - field)
    sides = cv2.connectedComponents(cv2.dilate(touched, np.ones((3, 3), np.uint8)))[0] - 1
    return BY_SIDES[on_copper, min(sides, 2)]


def box_of(rng: np.random.Generator, changed: Mask, place: Place) -> Box:
    """Return left, top, right, bottom on the board in pixels, with the margin that people leave."""
    ys, xs = np.nonzero(changed)
    left, top, right, bottom = np.clip(rng.normal(MARGIN_PX, 2, 4), 6, 16)
    x, y = place.x - 2 * WINDOW_PX, place.y - 2 * WINDOW_PX
    box = x + xs.min() - left, y + ys.min() - top, x + xs.max() + right, y + ys.max() + bottom
    x0, y0, x1, y1 = (int(np.clip(edge, 0, PX)) for edge in box)
    return x0, y0, x1, y1


def board_with_defects(
    rng: np.random.Generator, draws: Sequence[Draw], stamps: Mapping[str, Sequence[Stamp]]
) -> tuple[Mask, list[tuple[int, Box]]]:
    """Return a board and (class, box) of each of its defects."""
    board = np.pad(layout(rng, draws), WINDOW_PX, mode="edge")
    grounds = {True: Ground(board), False: Ground(1 - board)}
    found, wanted = list[tuple[int, Box]](), int(rng.integers(*DEFECTS))
    for _ in range(6 * wanted):
        if len(found) == wanted:
            break
        kind = int(rng.choice(len(NAMES), p=TRIED))
        on_copper, way = kind in {OPEN, MOUSEBITE, PINHOLE}, WAYS[kind]
        ground = grounds[on_copper]
        if (place := ground.place(rng, way)) is None:
            continue
        drawn = stroke(rng, place, way, stamps.get(way, ()))
        field = ground.field[place.window]
        changed = drawn & field
        if named(changed, field, on_copper=on_copper) != kind:
            continue
        box = box_of(rng, changed, place)
        if not any(_meet(box, other) for _, other in found):
            for one in grounds.values():
                one.field[place.window] ^= changed
            found.append((kind, box))
    return grounds[True].field[WINDOW_PX:-WINDOW_PX, WINDOW_PX:-WINDOW_PX], found


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def stamps_of(board: Mask, template: Mask, boxes: Iterable[tuple[int, Box]]) -> Iterator[Stamp]:
    """Yield what the defects of a real board changed of its template."""
    differs = np.asarray((board < 128) != (template < 128), np.uint8)
    differs = np.asarray(cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((2, 2))), np.uint8)
    for kind, (x0, y0, x1, y1) in boxes:
        cut = differs[y0:y1, x0:x1]
        if int(cut.sum()) >= 20:
            ys, xs = np.nonzero(cut)
            yield Stamp(WAYS[kind], cut[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])


# --- files ---


def _read(file: Path) -> Mask:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)


def variants(label: Path, picture: Mask) -> Iterator[tuple[str, Mask, str]]:
    """Yield (suffix, picture, label rows) of a real board in its four senses."""
    rows = [row.split() for row in label.read_text().splitlines() if row.strip()]
    for turned in (False, True):
        for inverse in (False, True):
            shown = np.ascontiguousarray(picture.T) if turned else picture
            lines = [
                " ".join((str(EXCHANGED[int(kind)] if inverse else kind), *place))
                for kind, x, y, w, h in rows
                for place in [(y, x, h, w) if turned else (x, y, w, h)]
            ]
            suffix = "t" * turned + "x" * inverse
            yield suffix, 255 - shown if inverse else shown, "\n".join(lines)


def boxes_of(label: Path) -> Iterator[tuple[int, Box]]:
    """Yield (class, box in pixels) of each row of a label file."""
    for row in label.read_text().splitlines():
        if row.strip():
            kind, *place = row.split()
            x, y, w, h = (float(one) * PX for one in place)
            x0, y0 = max(round(x - w / 2), 0), max(round(y - h / 2), 0)
            yield int(kind), (x0, y0, round(x + w / 2), round(y + h / 2))


def rows_of(found: Sequence[tuple[int, Box]]) -> str:
    """Return the rows of a label file, as YOLO has them."""
    return "\n".join(
        f"{kind} {(x0 + x1) / 2 / PX:.6f} {(y0 + y1) / 2 / PX:.6f}"
        f" {(x1 - x0) / PX:.6f} {(y1 - y0) / PX:.6f}"
        for kind, (x0, y0, x1, y1) in found
    )


def _listed(fit: Path) -> Iterator[tuple[Path, Path]]:
    """Yield picture and label of each board that is listed."""
    for line in fit.read_text().split():
        picture = (fit.parent / line).resolve()
        yield picture, Path(str(picture).replace("/images/", "/labels/")).with_suffix(".txt")


class Writing:
    """Pictures and label files in a folder, and the list of them."""

    def __init__(self, target: Path) -> None:
        self._target, self._names = target, list[str]()
        for folder in ("images", "labels"):
            (target / folder).mkdir(parents=True, exist_ok=True)

    def add(self, name: str, picture: Mask, rows: str) -> None:
        """Write one picture with its rows."""
        cv2.imwrite(str(self._target / "images" / f"{name}.jpg"), picture, JPEG)
        (self._target / "labels" / f"{name}.txt").write_text(rows + "\n")
        self._names.append(f"./images/{name}.jpg")

    def close(self) -> None:
        """Write the list, and data.yaml."""
        (self._target / "train.txt").write_text("\n".join(self._names) + "\n")
        listed = "".join(f"  {number}: {name}\n" for number, name in enumerate(NAMES))
        text = f"train: train.txt\nval: train.txt\nnames:\n{listed}"
        (self._target / "data.yaml").write_text(text)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("fit", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--number", default=6000, show_default=True, help="Boards to draw.")
@click.option("--seed", default=1, show_default=True)
def main(data: Path, fit: Path, target: Path, number: int, seed: int) -> None:
    """Write the pictures, their labels and data.yaml."""
    writing, templates = Writing(target), list[Path]()
    stamps = defaultdict[str, list[Stamp]](list)
    for file, label in _listed(fit):
        for suffix, picture, rows in variants(label, _read(file)):
            writing.add(f"{file.stem}{suffix}", picture, rows)
        template = data / "good" / "trainval" / f"{file.stem}_good.jpg"
        if template.exists():
            templates.append(template)
            for stamp in stamps_of(_read(file), _read(template), boxes_of(label)):
                stamps[stamp.way].append(stamp)
    draws = (stripes, traces, shapes, of_templates(templates), of_templates(templates))
    for one in range(number):
        rng = np.random.default_rng((seed, one))
        board, found = board_with_defects(rng, draws, stamps)
        writing.add(f"drawn{one:05d}", ((1 - board) * 255).astype(np.uint8), rows_of(found))
        if one % 500 == 0:
            click.echo(f"{one} of {number} drawn", err=True)
    writing.close()


if __name__ == "__main__":
    main()
