"""Draws more boards for DeepPCB, whose pictures show only a handful of board designs.

python -m scripts.drawn_boards DATA FIT.txt TARGET --number 6000 --seed 1

Each picture shows a layout - stripes, traces, shapes, or the defect-free template of a board that
FIT.txt lists, turned and scaled at random - with fresh defects. A defect is a stroke of the other
colour, and what it touches says what it is: substrate drawn on copper is a pin-hole (it touches no
substrate), a mousebite (on one side) or an open (on two); copper drawn on substrate is copper, a
spur or a short. The boards of FIT.txt are added four times: as they are, transposed, with copper
and substrate exchanged (their defects' names with them), and both. TARGET/data.yaml lists all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
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
MARGIN_PX = 10
"""Between a defect and its box, as measured on the boards of DeepPCB (median of each side)."""
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
    noise = cv2.GaussianBlur(rng.standard_normal((PX, PX)), (0, 0), rng.uniform(1, 3))
    rough = rng.uniform(0, 0.11) * noise / noise.std()
    soft = cv2.GaussianBlur(board.astype(np.float64), (0, 0), 1.5)
    return np.asarray(soft + rough > 0.5, np.uint8)


# --- defects ---


def stroke(
    rng: np.random.Generator,
    start: npt.NDArray[np.float64],
    toward: npt.NDArray[np.float64],
    long: float,
) -> Mask:
    """Return a wobbling stroke of a pen, or a few thin ones beside each other."""
    drawn = np.zeros((PX, PX), np.uint8)
    pens = int(rng.choice([1, 1, 1, 2, 4]))
    thick = int(rng.integers(3, 9)) if pens == 1 else int(rng.integers(1, 4))
    side = np.array([-toward[1], toward[0]])
    for pen in range(pens):
        along = np.linspace(0, long, int(rng.integers(2, 6)))
        bend = rng.normal(0, 0.12 * long + 0.8, len(along)) + pen * rng.uniform(2, 6)
        points = start + along[:, None] * toward + bend[:, None] * side
        cv2.polylines(drawn, [points.astype(np.int32)], isClosed=False, color=1, thickness=thick)
    return drawn


def drawn_defect(rng: np.random.Generator, board: Mask, wanted: int) -> Mask | None:
    """Return the pixels that change for a defect of this class; None: it did not succeed here."""
    on_copper = wanted in {OPEN, MOUSEBITE, PINHOLE}
    field = board if on_copper else 1 - board
    depth = np.asarray(cv2.distanceTransform(field, cv2.DIST_L2, 3), np.float32)
    inside = wanted in {PINHOLE, COPPER}
    ys, xs = np.nonzero(depth > 9 if inside else (depth > 0) & (depth < 1.5))
    if not len(xs):
        return None
    at = rng.integers(len(xs))
    x, y = int(xs[at]), int(ys[at])
    if not (20 < x < PX - 20 and 20 < y < PX - 20):
        return None
    toward = _inward(depth, x, y) if not inside else None
    if toward is None:
        angle = rng.uniform(0, 2 * np.pi)
        toward = np.array([np.cos(angle), np.sin(angle)])
    across = _across(field, x, y, toward) if wanted in {OPEN, SHORT} else 0
    if across is None:
        return None
    start = np.array([x, y], float) - (0 if inside else 3) * toward
    long = across + 6 if across else rng.uniform(4, 22)
    changed = stroke(rng, start, toward, long) & field
    return changed if named(changed, field, on_copper=on_copper) == wanted else None


def _inward(depth: npt.NDArray[np.float32], x: int, y: int) -> npt.NDArray[np.float64] | None:
    near = depth[y - 4 : y + 5, x - 4 : x + 5]
    down, right = np.gradient(near)
    way = np.array([right.mean(), down.mean()])
    length = float(np.hypot(*way))
    return way / length if length > 0.05 else None


def _across(field: Mask, x: int, y: int, toward: npt.NDArray[np.float64]) -> int | None:
    """Return how far it is to the other side; None: too far."""
    for step in range(4, 90):
        px, py = (np.array([x, y]) + step * toward).astype(int)
        if not (0 <= px < PX and 0 <= py < PX):
            return None
        if not field[py, px]:
            return step
    return None


def named(changed: Mask, field: Mask, *, on_copper: bool) -> int | None:
    """Return the class of a stroke by the sides that it touches; None: too small, or in shreds."""
    if int(changed.sum()) < 20 or cv2.connectedComponents(changed)[0] - 1 > 4:
        return None
    grown = np.asarray(cv2.dilate(changed, np.ones((3, 3), np.uint8)), np.uint8)
    touched = grown & (1 - field)
    sides = cv2.connectedComponents(cv2.dilate(touched, np.ones((3, 3), np.uint8)))[0] - 1
    return BY_SIDES[on_copper, min(sides, 2)]


def box_of(rng: np.random.Generator, changed: Mask) -> Box:
    """Return left, top, right, bottom in pixels, with the margin that people leave."""
    ys, xs = np.nonzero(changed)
    left, top, right, bottom = np.clip(rng.normal(MARGIN_PX, 2, 4), 6, 16)
    box = xs.min() - left, ys.min() - top, xs.max() + right, ys.max() + bottom
    x0, y0, x1, y1 = (int(np.clip(edge, 0, PX)) for edge in box)
    return x0, y0, x1, y1


def board_with_defects(
    rng: np.random.Generator, draws: Sequence[Draw]
) -> tuple[Mask, list[tuple[int, Box]]]:
    """Return a board and (class, box) of each of its defects."""
    board, found = layout(rng, draws), list[tuple[int, Box]]()
    wanted = int(rng.integers(3, 13))
    for _ in range(6 * wanted):
        if len(found) == wanted:
            break
        kind = int(rng.choice(len(NAMES), p=TRIED))
        changed = drawn_defect(rng, board, kind)
        if changed is None:
            continue
        box = box_of(rng, changed)
        if not any(_meet(box, other) for _, other in found):
            board = board ^ changed
            found.append((kind, box))
    return board, found


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("fit", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--number", default=6000, show_default=True, help="Boards to draw.")
@click.option("--seed", default=1, show_default=True)
def main(data: Path, fit: Path, target: Path, number: int, seed: int) -> None:
    """Write the pictures, their labels and data.yaml."""
    for folder in ("images", "labels"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    names: list[str] = []

    def write(name: str, picture: Mask, rows: str) -> None:
        cv2.imwrite(str(target / "images" / f"{name}.jpg"), picture, JPEG)
        (target / "labels" / f"{name}.txt").write_text(rows + "\n")
        names.append(f"./images/{name}.jpg")

    templates = list[Path]()
    for file, label in _listed(fit):
        for suffix, picture, rows in variants(label, _read(file)):
            write(f"{file.stem}{suffix}", picture, rows)
        templates.append(data / "good" / "trainval" / f"{file.stem}_good.jpg")
    known = of_templates([file for file in templates if file.exists()])
    for one in range(number):
        rng = np.random.default_rng((seed, one))
        board, found = board_with_defects(rng, (stripes, traces, shapes, known, known))
        write(f"drawn{one:05d}", ((1 - board) * 255).astype(np.uint8), rows_of(found))
        if sys.stderr.isatty() or one % 500 == 0:
            click.echo(f"{one} of {number} drawn", err=True)
    (target / "train.txt").write_text("\n".join(names) + "\n")
    listed = "".join(f"  {number}: {name}\n" for number, name in enumerate(NAMES))
    (target / "data.yaml").write_text(f"train: train.txt\nval: train.txt\nnames:\n{listed}")


if __name__ == "__main__":
    main()
