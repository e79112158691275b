"""What an export holds: every figure can be computed again from it, and no file is unaccounted."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspector.cli import commands
from inspector.evaluation.labelled import open_set
from inspector.exchange.exporting import MANIFEST
from tests.inspector.exchange.conftest import AUDITS, KEPT, PARTS, MadeSite, Written, digest
from tests.inspector.exchange.test_importing import coco

PASSED = PARTS - PARTS // 10


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_the_weights_of_the_audited_parts_sum_to_the_passed_ones(
    site: MadeSite, tmp_path: Path
) -> None:
    manifest = site.exported(tmp_path / "out")
    found = rows(tmp_path / "out" / "parts.csv")
    weighted = {row["record"]: float(row["weight"]) for row in found if row["weight"]}
    assert set(weighted) == {f"ring-{n:06d}" for n in AUDITS}
    assert sum(weighted.values()) == pytest.approx(PASSED)
    assert len(found) == PARTS
    population = {"passed": PASSED, "audited": len(AUDITS), "without_audit_pi": 0}
    assert manifest["population"] == population


def test_weights_stand_for_the_window_even_where_only_audited_parts_are_asked_for(
    site: MadeSite, tmp_path: Path
) -> None:
    site.exported(tmp_path / "out", "--audited")
    found = rows(tmp_path / "out" / "parts.csv")
    assert len(found) == len(AUDITS)
    assert sum(float(row["weight"]) for row in found) == pytest.approx(PASSED)


def test_the_manifest_has_the_hash_of_every_file_and_what_was_asked(
    site: MadeSite, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    site.exported(out, "--format", "csv", "--format", "stream", "--format", "coco")
    manifest = json.loads((out / MANIFEST).read_text())
    hashes = {one["file"]: one["sha256"] for one in manifest["files"]}
    files = {one.relative_to(out).as_posix(): one for one in out.rglob("*") if one.is_file()}
    files.pop(MANIFEST)
    assert hashes == {
        name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()
    }
    assert {f"images/{digest(n)}.jpg" for n in KEPT} <= set(hashes)
    assert (out / "images" / f"{digest(3)}.jpg").read_bytes() == b"picture 3"
    assert manifest["counts"]["pictures_not_kept"] == PARTS - len(KEPT)
    assert manifest["asked"]["formats"] == ["csv", "stream", "coco"]


def test_kpi_from_files_reads_the_stream(site: MadeSite, tmp_path: Path) -> None:
    site.exported(tmp_path / "out", "--format", "stream")
    done = CliRunner().invoke(commands, ["kpi", "from-files", str(tmp_path / "out"), "--json"])
    assert done.exception is None, done.exception
    figures = json.loads(done.stdout)
    assert figures["parts"] == PARTS
    assert (figures["passed"], figures["audited"]) == (PASSED, len(AUDITS))
    assert (figures["overrides"], figures["reviewed_rejects"]) == (1, 1)
    assert (figures["seeds"], figures["seeds_found"]) == (1, 1)
    found = rows(tmp_path / "out" / "stream.csv")
    assert [int(row["audited"]) for row in found] == [int(n in AUDITS) for n in range(1, PARTS + 1)]
    assert figures["escape_rate"]["estimate"] == pytest.approx(27 / 3 / PASSED)


@pytest.mark.parametrize("words", [["--audited"], ["--class", "scratch"], ["--reviewed"]])
def test_a_stream_that_leaves_parts_out_is_refused(
    site: MadeSite, tmp_path: Path, words: list[str]
) -> None:
    done = site.run("export", "records", str(tmp_path / "out"), "--format", "stream", *words)
    assert "bend the escape rate" in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--verdict", "reject"], {10, 20, 30, 40}),
        (["--outcome", "rejected"], {10, 20, 30, 40}),
        (["--class", "scratch"], {10, 20, 30, 40}),
        (["--class", "dent"], {1}),
        (["--station", "board"], set()),
        (["--audited"], set(AUDITS)),
        (["--reviewed"], {*AUDITS, 10, 1, 2}),
        (["--not-reviewed", "--verdict", "reject"], {20, 30, 40}),
        (["--since", "2026-11-23T12:00:39Z"], {39, 40}),
        (["--until", "2026-11-23T13:00:03+01:00"], {1, 2}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_filter_leaves_what_it_names(
    site: MadeSite, tmp_path: Path, written: Written, words: list[str], expected: set[int]
) -> None:
    assert site.taken(written("l.json", coco()), "coco").exit_code == 0
    site.exported(tmp_path / "out", "--format", "csv", *words)
    found = rows(tmp_path / "out" / "parts.csv")
    assert {int(row["number"]) for row in found} == expected


def test_a_picture_that_nobody_labelled_is_in_neither_coco_nor_yolo(
    site: MadeSite, tmp_path: Path, written: Written
) -> None:
    site.taken(written("l.json", coco()), "coco")
    site.exported(tmp_path / "out")
    made = json.loads((tmp_path / "out" / "coco.json").read_text())
    named = {one["file_name"] for one in made["images"]}
    assert named == {f"{digest(1)}.jpg", f"{digest(2)}.jpg"}
    texts = {one.name: one.read_text() for one in (tmp_path / "out" / "labels").iterdir()}
    assert set(texts) == {f"{digest(1)}.txt", f"{digest(2)}.txt"}
    assert texts[f"{digest(2)}.txt"] == ""


def test_yolo_reads_back_as_the_boxes_that_were_labelled(
    site: MadeSite, tmp_path: Path, written: Written
) -> None:
    site.taken(written("l.json", coco()), "coco")
    site.exported(tmp_path / "out", "--format", "yolo")
    labelled = open_set(tmp_path / "out" / "data.yaml")
    lists = {name: tmp_path / "out" / f"{name}.txt" for name in ("train", "val")}
    (split,) = [name for name, listed in lists.items() if digest(1) in listed.read_text()]
    (one,) = [one for one in labelled.pictures(split) if digest(1) in one.file.name]
    (mark,) = one.marked(400, 300)
    assert mark.kind == "dent"
    assert mark.box == pytest.approx((1.5, 2.25, 33.3, 44.4))


def test_the_models_boxes_are_written_where_they_are_asked_for(
    site: MadeSite, tmp_path: Path
) -> None:
    site.exported(tmp_path / "out", "--boxes", "model", "--format", "coco")
    made = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert len(made["images"]) == len(KEPT)
    (mark,) = made["annotations"]
    assert mark["bbox"] == [10.0, 20.0, 30.0, 40.0]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--since", "2026-11-23T12:00"], "--since 2026-11-23T12:00: a time with its zone"),
        (["--since", "yesterday"], "--since yesterday: a time with its zone"),
        (["--station", "oven"], "--station oven: there is none of that name"),
        (["--since", "2026-11-23T12:00Z", "--until", "2026-11-23T12:00Z"], "the window is empty"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    site: MadeSite, tmp_path: Path, words: list[str], why: str
) -> None:
    done = site.run("export", "records", str(tmp_path / "out"), *words)
    assert why in str(done.exception)


def test_a_folder_that_is_there_is_left_alone(site: MadeSite, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = site.run("export", "records", str(tmp_path / "out"))
    assert "is there already" in str(done.exception)
    assert not list((tmp_path / "out").iterdir())


def test_export_without_a_name_makes_a_package_as_it_always_did() -> None:
    done = CliRunner().invoke(
        commands, ["export", "--name", "x", "--package", "UPPER", "--data", "no"]
    )
    assert "--package: a small letter" in str(done.exception)
