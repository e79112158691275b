"""Labels of other tools: taken whole, or refused in one sentence with its place."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from inspector.domain.labels import as_json
from inspector.errors import BadInput
from inspector.gateway.label_import import labels_in
from inspector.storage.database import database_file
from inspector.storage.sql_export import SqlExport
from tests.inspector.exchange.conftest import MadeSite, Written, digest

SIZE = {"width": 400, "height": 300}
BOX = [1.5, 2.25, 33.3, 44.4]


def coco(**changes: Any) -> dict[str, Any]:
    """Return labels of the pictures 1, with a dent, and 2, with nothing."""
    images = [{"id": n, "file_name": f"images/{digest(n)}.jpg", **SIZE} for n in (1, 2)]
    mark = {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX, "iscrowd": 0}
    categories = [{"id": 1, "name": "dent"}]
    return {"images": images, "annotations": [mark], "categories": categories, **changes}


def marked(**changes: Any) -> dict[str, Any]:
    """Return the same, with another annotation."""
    return coco(annotations=[{**coco()["annotations"][0], **changes}])


def shown(**changes: Any) -> dict[str, Any]:
    """Return the same, with another first image."""
    first, second = coco()["images"]
    return coco(images=[{**first, **changes}, second])


def task(n: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a task of Label Studio about picture 1, with a dent."""
    value = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0, "rotation": 0}
    region = {
        **{"id": "Dx_aB91ISN", "from_name": "tag", "to_name": "img", "type": "rectanglelabels"},
        **{"original_width": 400, "original_height": 300, "image_rotation": 0},
        "value": {**value, "rectanglelabels": ["dent"], **changes},
    }
    data = {"image": f"/data/upload/3/a1b2c3d4-{digest(n)}.jpg"}
    held = {"id": 11, "was_cancelled": False, "completed_by": 1, "result": [region]}
    return {"id": n, "data": data, "annotations": [held], "predictions": []}


def annotated(**changes: Any) -> list[dict[str, Any]]:
    """Return one task with another region."""
    one = task()
    one["annotations"][0]["result"][0] |= changes
    return [one]


def cvat(box: str = "", *, head: str = "", picture: str = digest(1), more: str = "") -> str:
    """Return an annotations.xml about picture 1, with a dent; the box stands in line 5."""
    sides = box or 'xtl="40.00" ytl="60.00" xbr="160.00" ybr="180.00"'
    return f"""<?xml version="1.0" encoding="utf-8"?>{head}
<annotations><version>1.1</version>
<meta><task><id>4</id><mode>annotation</mode></task></meta>
<image id="0" name="set/{picture}.jpg" width="400" height="300">
<box label="dent" source="manual" occluded="0" {sides} z_order="0"></box>
{more}</image></annotations>
"""


SAME = [[digest(1), [["dent", 40.0, 60.0, 120.0, 120.0]]]]


def taken(site: MadeSite) -> list[tuple[Any, ...]]:
    """Return what stands in the store."""
    with sqlite3.connect(database_file(site.folder / "data")) as store:
        return store.execute("SELECT imported, picture, kind, x, y, w, h FROM labels").fetchall()


def noted(site: MadeSite) -> list[dict[str, Any]]:
    with sqlite3.connect(database_file(site.folder / "data")) as store:
        bodies = store.execute("SELECT body FROM audit ORDER BY seq").fetchall()
    entries = [json.loads(body) for (body,) in bodies]
    return [one for one in entries if one["action"] == "labels imported"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [("label-studio", [task()]), ("cvat", cvat())],
    ids=lambda one: str(one)[:9],
)
def test_label_studio_and_cvat_say_the_same_in_their_own_units(
    site: MadeSite, written: Written, kind: str, content: object
) -> None:
    records = SqlExport(database_file(site.folder / "data"))
    found = labels_in(written("labels", content), kind, records, {"dent"})
    records.close()
    assert as_json(found.pictures) == SAME


def test_what_is_exported_as_coco_comes_back_to_the_bit(
    site: MadeSite, tmp_path: Path, written: Written
) -> None:
    assert site.taken(written("l.json", coco()), "coco").exit_code == 0
    before = [row[1:] for row in taken(site)]
    site.exported(tmp_path / "out", "--format", "coco")
    back = site.taken(tmp_path / "out" / "coco.json", "coco")
    assert back.exit_code == 0, back.exception
    assert [row[1:] for row in taken(site) if row[0] == 2] == before
    assert (digest(1), "dent", *BOX) in before
    assert (digest(2), "", 0.0, 0.0, 0.0, 0.0) in before


def test_the_audit_log_says_who_took_which_file(site: MadeSite, written: Written) -> None:
    file = written("l.json", coco())
    assert site.taken(file, "coco").exit_code == 0
    (entry,) = noted(site)
    assert entry["who"]["role"] == "user of the computer"
    after = entry["after"]
    assert (after["file"], after["pictures"], after["boxes"]) == ("l.json", 2, 1)
    assert len(after["sha256"]) == len(after["labels_sha256"]) == 64
    assert not list((site.folder / "data" / "imports").iterdir())


def test_a_file_that_was_taken_adds_nothing_again(site: MadeSite, written: Written) -> None:
    file = written("l.json", coco())
    site.taken(file, "coco")
    again = site.taken(file, "coco")
    assert "was taken before" in again.stdout
    assert len(taken(site)) == 2
    assert len(noted(site)) == 1


def test_the_newest_import_holds(site: MadeSite, tmp_path: Path, written: Written) -> None:
    site.taken(written("one.json", coco()), "coco")
    site.taken(written("two.json", coco(annotations=[])), "coco")
    site.exported(tmp_path / "out", "--format", "coco")
    made = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert len(made["images"]) == 2
    assert made["annotations"] == []


BAD = {
    # COCO
    "no JSON": ("coco", '{"images":\n[,]}', "labels:2: this is not JSON"),
    "NaN": ("coco", '{"images": NaN}', "NaN is no number"),
    "deep": ("coco", "[" * 100_000, "labels"),
    "no object": ("coco", [], "labels: an object is expected"),
    "no annotations": ("coco", {"images": [], "categories": []}, "'annotations' is missing"),
    "nothing": ("coco", coco(images=[], annotations=[]), "there is no labelled picture"),
    "unknown image": ("coco", marked(image_id=9), "annotations[0].image_id: there is none with"),
    "text for id": ("coco", marked(image_id="1"), "image_id: a whole number is expected"),
    "huge number": ("coco", marked(bbox=[10**400, 0, 1, 1]), "bbox[0]: a finite number"),
    "short box": ("coco", marked(bbox=[1, 2, 3]), "bbox: a box has four numbers"),
    "outside": ("coco", marked(bbox=[390, 0, 20, 5]), "bbox: the box reaches outside"),
    "empty box": ("coco", marked(bbox=[3, 3, 0, 5]), "bbox: the box has no area"),
    "crowd": ("coco", marked(iscrowd=1), "annotations[0]: a crowd"),
    "id twice": (
        "coco",
        coco(annotations=coco()["annotations"] * 2),
        "annotations[1]: another annotation has the id 1 too",
    ),
    "class": ("coco", coco(categories=[{"id": 1, "name": "rust"}]), "class 'rust' is not known"),
    "picture": ("coco", shown(file_name="0" * 64 + ".jpg"), "images[0]: no record has the picture"),
    "name": ("coco", shown(file_name="part.jpg"), "file_name: 'part.jpg' is no picture"),
    "up": ("coco", shown(file_name=f"../{digest(1)}.jpg"), "leads out of its folder"),
    "size": ("coco", shown(width=800), "images[0]: the picture has 400 x 300 px, and was"),
    "twice": ("coco", shown(file_name=f"{digest(2)}.jpg"), "images[1]: picture"),
    # Label Studio
    "no tasks": ("label-studio", {}, "a list is expected"),
    "polygon": ("label-studio", annotated(type="polygonlabels"), "'polygonlabels' is not taken"),
    "turned": ("label-studio", [task(rotation=5)], "[0].annotations[0].result[0].value.rotation"),
    "two classes": ("label-studio", [task(rectanglelabels=["a", "b"])], "2 classes for one box"),
    "beyond 100 %": ("label-studio", [task(width=95.0)], "value: the box reaches outside"),
    "two words": (
        "label-studio",
        [{**task(), "annotations": task()["annotations"] * 2}],
        "[0]: 2 annotations; leave the one that holds",
    ),
    "task twice": ("label-studio", [task(), task()], "[1]: another task has the id 1"),
    "no picture": ("label-studio", [{**task(), "data": {"text": "x"}}], "0 names of pictures"),
    # CVAT
    "no XML": ("cvat", "<annotations>\n<image", "labels:2: this is not XML"),
    "entities": (
        "cvat",
        cvat(head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "labels:1: has a document type or entities",
    ),
    "version": ("cvat", cvat().replace("1.1<", "1.0<"), "version '1.0'"),
    "other root": ("cvat", "<html/>", "labels:1: begins with 'html'"),
    "deep XML": ("cvat", "<annotations>" + "<a>" * 50, "labels:1:"),
    "track": ("cvat", "<annotations><track/></annotations>", "'track' is not taken"),
    "mask": ("cvat", cvat(more='<mask label="dent"/>'), "labels:6: 'mask' is not taken"),
    "no side": ("cvat", cvat('xtl="1"'), "labels:5: 'ytl' is missing"),
    "NaN side": (
        "cvat",
        cvat('xtl="nan" ytl="1" xbr="2" ybr="3"'),
        "labels:5: xtl must be a finite number, not 'nan'",
    ),
    "corners": ("cvat", cvat('xtl="9" ytl="1" xbr="2" ybr="3"'), "labels:5: the box has no area"),
    "image id": (
        "cvat",
        cvat(more='</image><image id="0" name="x" width="1" height="1">'),
        "labels:6: another image has the id 0",
    ),
    "path": ("cvat", cvat(picture=f"../../{digest(1)}"), "labels:4: 'set/../../"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_one_sentence_with_its_place(
    read_only_site: MadeSite, written: Written, name: str
) -> None:
    kind, content, why = BAD[name]
    file = written("labels", content)
    records = SqlExport(database_file(read_only_site.folder / "data"))
    with pytest.raises(BadInput) as said:
        labels_in(file, kind, records, {"dent"})
    records.close()
    assert why in str(said.value)
    assert str(said.value).startswith(f"{file}:")
    assert "\n" not in str(said.value)


def test_of_a_file_with_one_wrong_box_nothing_is_taken(site: MadeSite, written: Written) -> None:
    good, bad = (
        coco()["annotations"][0],
        {**coco()["annotations"][0], "id": 2, "bbox": [0, 0, 0, 0]},
    )
    done = site.taken(written("l.json", coco(annotations=[good, bad])), "coco")
    assert isinstance(done.exception, BadInput)
    assert taken(site) == []
    assert noted(site) == []


def test_a_class_that_no_package_knows_is_taken_when_it_is_named(
    site: MadeSite, written: Written
) -> None:
    file = written("l.json", coco(categories=[{"id": 1, "name": "rust"}]))
    assert "--new-class takes it" in str(site.taken(file, "coco").exception)
    assert site.taken(file, "coco", "--new-class", "rust").exit_code == 0
    again = written(
        "more.json", marked(bbox=[0, 0, 9, 9]) | {"categories": [{"id": 1, "name": "rust"}]}
    )
    assert site.taken(again, "coco").exit_code == 0, "it is known from then on"


def test_a_file_that_is_too_large_is_not_read(
    site: MadeSite, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.exchange.found.MOST_BYTES", 1 << 20)
    done = site.taken(written("labels", " " * (1 << 20) + "[]"), "coco")
    assert "larger than 1 MB" in str(done.exception)


def test_a_box_that_juts_out_by_rounding_is_cut_to_its_picture(
    site: MadeSite, written: Written
) -> None:
    file = written("l.json", marked(bbox=[-0.2, 0, 400.3, 300]))
    assert site.taken(file, "coco").exit_code == 0
    assert (1, digest(1), "dent", 0.0, 0.0, 400.0, 300.0) in taken(site)


def test_what_was_labelled_is_neither_changed_nor_deleted(site: MadeSite, written: Written) -> None:
    site.taken(written("l.json", coco()), "coco")
    with sqlite3.connect(database_file(site.folder / "data")) as store:
        for change in ("DELETE FROM labels", "UPDATE label_imports SET person = 'eve'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store.execute(change)
