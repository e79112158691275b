"""Label Studio's JSON: a list of tasks; boxes in percent, from the upper left corner.

Each task has its `data` (the picture's address under a name that the project chose), and its
`annotations`, one for each time that somebody labelled it; `predictions` are a model's, not taken.
"""

from __future__ import annotations

import re
from pathlib import Path

from inspector.domain.finding import Box
from inspector.exchange.found import FoundBox, FoundPicture, picture_of
from inspector.exchange.json_file import Node, json_in

TAKEN = "rectanglelabels"
_PICTURE = re.compile(r"\.(jpg|jpeg|png)$", re.IGNORECASE)


def read_label_studio(file: Path, read: bytes) -> tuple[list[FoundPicture], list[str]]:
    """Return the labelled pictures of an export, and what of it is not taken.

    Raises:
        BadInput: It is none, or has what a box cannot hold; the sentence names the place.
    """
    found, unlabelled, tasks = [], 0, set()
    for task in json_in(file, read).each():
        number = task.of("id").value
        if not isinstance(number, int | str) or number in tasks:
            task.refused(f"another task has the id {number} too, or it is none")
        tasks.add(number)
        held = _annotation(task)
        if held is None:
            unlabelled += 1
        else:
            found.append(_picture(task, held))
    notes = [f"{unlabelled} tasks were skipped: nobody labelled them"] if unlabelled else []
    return found, notes


def _annotation(task: Node) -> Node | None:
    """Return the one annotation of a task that was not cancelled; None: it was not labelled."""
    if not task.has("annotations"):
        return None
    each = list(task.of("annotations").each())
    held = [one for one in each if not (one.has("was_cancelled") and one.value["was_cancelled"])]
    if len(held) > 1:
        task.refused(f"{len(held)} annotations; leave the one that holds")
    return held[0] if held else None


def _picture(task: Node, annotation: Node) -> FoundPicture:
    data = task.of("data")
    data.has("")  # refuses what is no object
    named = [key for key, text in data.value.items() if _PICTURE.search(str(text))]
    if len(named) != 1:
        data.refused(f"{len(named)} names of pictures; one is expected")
    picture = data.of(named[0])
    regions = list(annotation.of("result").each())
    sizes = {_size(one) for one in regions if one.has("original_width")}
    if len(sizes) > 1:
        annotation.refused("boxes of pictures of several sizes")
    return FoundPicture(
        task.place,
        picture_of(picture.text(), picture.place),
        tuple(_box(one) for one in regions),
        next(iter(sizes), None),
        in_percent=True,
    )


def _size(region: Node) -> tuple[int, int]:
    return region.of("original_width").whole(), region.of("original_height").whole()


def _box(region: Node) -> FoundBox:
    kind, value = region.of("type"), region.of("value")
    if kind.text() != TAKEN:
        kind.refused(f"{kind.value[:40]!r} is not taken, only {TAKEN}")
    for turned, key in ((value, "rotation"), (region, "image_rotation")):
        if turned.has(key) and turned.of(key).number():
            turned.of(key).refused("a turned box is not taken")
    names = [one.text() for one in value.of(TAKEN).each()]
    if len(names) != 1:
        value.of(TAKEN).refused(f"{len(names)} classes for one box; one is expected")
    return FoundBox(value.place, names[0], _sides(value))


def _sides(value: Node) -> Box:
    x, y, wide, high = (value.of(side).number() for side in ("x", "y", "width", "height"))
    return x, y, wide, high
