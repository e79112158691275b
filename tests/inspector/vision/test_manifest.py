"""A package is what its manifest says, whole and nothing more, or it is refused in one sentence."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit

from inspector.errors import PackageRefused
from inspector.vision.manifest import open_package, package_schema
from tests.inspector.vision import tiny


def refused(folder: Path) -> str:
    with pytest.raises(PackageRefused) as caught:
        open_package(folder)
    told = str(caught.value)
    assert "\n" not in told
    return told


def test_a_package_in_order_is_opened_with_the_bytes_that_were_hashed(tmp_path: Path) -> None:
    package = open_package(tiny.write_package(tmp_path / "tiny"))
    (package.folder / "model.onnx").write_bytes(b"swapped after the check")
    assert package.name == "tiny"
    assert package.model == tiny.end_to_end()
    assert len(package.model_sha256) == 64


def test_the_schema_names_every_key_of_the_manifest() -> None:
    schema = package_schema()
    assert {"schema", "classes", "limits", "golden", "files"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


Break = Callable[[Path], object]
FOLDERS: dict[str, tuple[Break, str]] = {
    "a changed file": (
        lambda f: (f / "model.onnx").write_bytes(b"other"),
        "model.onnx: not the file",
    ),
    "a missing file": (lambda f: (f / tiny.GOLDEN_RED).unlink(), "red.png: listed under files"),
    "a file too many": (lambda f: (f / "extra.txt").write_text("x"), "extra.txt: not listed"),
    "a file too many, hidden": (lambda f: (f / ".env").write_text("x"), ".env: not listed"),
    "a folder too many": (lambda f: (f / "empty").mkdir(), "empty: an empty folder"),
    "a cache too many": (
        lambda f: (f / "golden" / "a.pyc").write_bytes(b"x"),
        "a.pyc: not listed",
    ),
    "no manifest": (lambda f: (f / "manifest.toml").unlink(), "manifest.toml: cannot be read"),
    "a manifest that is no TOML": (
        lambda f: (f / "manifest.toml").write_text("a = ["),
        "manifest.toml: not valid TOML",
    ),
    "a manifest that is no text": (
        lambda f: (f / "manifest.toml").write_bytes(b"\xff\xfe"),
        "manifest.toml: not UTF-8",
    ),
    "a manifest nested without end": (
        lambda f: (f / "manifest.toml").write_text("a = " + "[" * 100_000),
        "manifest.toml: nested too deeply",
    ),
    "a manifest with a key without end": (
        lambda f: (f / "manifest.toml").write_text(".".join(["a"] * 400_000) + " = 1"),
        "manifest.toml: a line with more than 300 dots",
    ),
    "a file listed twice": (
        lambda f: (f / "manifest.toml").write_text('[files]\n"a.png" = "0"\n"a.png" = "1"'),
        "manifest.toml: not valid TOML",
    ),
    "a repository's history (A15)": (
        lambda f: (f / "golden").rename(f / ".git"),
        ".git/grey.png: not listed",
    ),
    "a manifest of 2 MB": (
        lambda f: (f / "manifest.toml").write_text("#" * (2 << 20)),
        "manifest.toml: larger than",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_refused_that_has(name: str, tmp_path: Path) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    spoil, says = FOLDERS[name]
    spoil(folder)
    assert says in refused(folder)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")
    assert "model.onnx: not a plain file" in refused(folder)


def test_a_hard_link_is_refused_because_its_content_can_be_changed_elsewhere(
    tmp_path: Path,
) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    os.link(folder / "model.onnx", tmp_path / "elsewhere")
    assert "model.onnx: a hard link" in refused(folder)


def test_weights_beside_the_model_are_not_read_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    place = tiny.bytes_field(1, "location") + tiny.bytes_field(2, "weights.bin")
    outside = SMALL + tiny.number_field(14, 1) + tiny.bytes_field(13, place)
    assert "another file" in refused(
        tiny.write_package(tmp_path / "tiny", onnx=hostile(tensors=(outside,)))
    )


def test_an_archive_is_no_package_and_is_not_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "tiny.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../manifest.toml", bytes(1 << 20))
    assert "there is no such package folder" in refused(archive)
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.zip"]


@pytest.mark.parametrize("what", ["model.onnx", "manifest.toml", "golden"])
def test_a_link_is_refused(what: str, tmp_path: Path) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    (folder / what).rename(tmp_path / "elsewhere")
    (folder / what).symlink_to(tmp_path / "elsewhere")
    told = refused(folder)
    assert what in told
    assert "link" in told


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "no such package folder" in refused(tmp_path / "nothing")


MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"colour": "rgb"}, "colour: unknown key"),
    "another version": ({"schema": 2}, "schema: "),
    "a limit that is no number": ({"limits": {"red": float("nan"), "blue": 0.5}}, "limits.red"),
    "a limit in quotes": ({"limits": {"red": "0.5", "blue": 0.5}}, "limits.red"),
    "a limit above 1": ({"limits": {"red": 1.5, "blue": 0.5}}, "limits.red"),
    "a class without limit": ({"limits": {"red": 0.5}}, "limits must name each class of a defect"),
    "a limit without class": (
        {"limits": {"red": 0.5, "blue": 0.5, "dent": 0.5}},
        "limits must name each class of a defect once, see 'dent'",
    ),
    "a class twice": ({"classes": ["red", "red"]}, "classes must be different"),
    "a task that we do not have": ({"task": "ocr"}, "task: "),
    "a layout of another task": ({"task": "segment"}, "output.layout of task segment is yolo-seg"),
    "a good class that does not exist": (
        {"task": "classify", "output": {"layout": "class-scores", "good": ["fine"]}},
        "output.good names 'fine', which is no class",
    ),
    "no good class": (
        {"task": "classify", "output": {"layout": "class-scores"}},
        "output.good: the classes of a good part",
    ),
    "nothing but good classes": (
        {"task": "classify", "output": {"layout": "class-scores", "good": ["red", "blue"]}},
        "leaves no class that is a defect",
    ),
    "a good class of a detector": (
        {"output": {"layout": "yolo-e2e", "good": ["red"]}},
        "output.good: the classes of a good part, of task classify alone",
    ),
    "a score map of two classes": (
        {"task": "anomaly", "output": {"layout": "score-map"}},
        "classes: a score-map has one",
    ),
    "two means for three planes": (
        {"input": {**tiny.manifest("t", {}, layout="")["input"], "mean": [0.5, 0.5]}},
        "input.mean",
    ),
    "a deviation of zero": (
        {"input": {**tiny.manifest("t", {}, layout="")["input"], "std": [1.0, 0.0, 1.0]}},
        "input.std.1",
    ),
    "a list that names itself": ({"files": {"manifest.toml": "0" * 64}}, "files"),
    "the hash of another kind": ({"files": {"model.onnx": "md5:0"}}, "files"),
    "a path out of the folder": ({"files": {"../model.onnx": "0" * 64}}, "files"),
    "an absolute path": ({"files": {"/etc/passwd": "0" * 64}}, "files"),
    "no golden picture": ({"golden": []}, "golden: "),
    "a golden picture that is not listed": (
        {"golden": [{"file": "other.png", "verdict": "pass", "scores": {}}]},
        "other.png is not listed",
    ),
    "a golden class that does not exist": (
        {"golden": [{"file": tiny.GOLDEN_RED, "verdict": "pass", "scores": {"dent": 0.1}}]},
        "'dent', which is no defect's class",
    ),
    "an unknown layout": ({"output": {"layout": "ssd"}}, "output.layout"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_refused_that_has(name: str, tmp_path: Path) -> None:
    changes, says = MANIFESTS[name]
    told = refused(tiny.write_package(tmp_path / "tiny", changes=changes))
    assert "manifest.toml" in told
    assert says in told


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    table = tomlkit.parse((folder / "manifest.toml").read_text())
    del table["licence"]
    (folder / "manifest.toml").write_text(tomlkit.dumps(table))
    assert "licence: is missing" in refused(folder)


def attribute(name: str, field: int, content: bytes) -> bytes:
    return tiny.bytes_field(5, tiny.bytes_field(1, name) + tiny.bytes_field(field, content))


def hostile(*, nodes: tuple[bytes, ...] = (), tensors: tuple[bytes, ...] = ()) -> bytes:
    weights, biases = tiny.weighted(2, 6)
    return tiny.conv_model(weights, biases, more_nodes=nodes, more_tensors=tensors)


EXTERNAL = tiny.number_field(14, 1) + tiny.bytes_field(
    13, tiny.bytes_field(1, "location") + tiny.bytes_field(2, "../../../etc/passwd")
)
SMALL = tiny.tensor("t", np.zeros(1, np.float32))
MODELS: dict[str, tuple[bytes, str]] = {
    "weights in another file (A01)": (hostile(tensors=(SMALL + EXTERNAL,)), "another file"),
    "weights in another file, in a constant": (
        hostile(nodes=(tiny.node("Constant", (), "k", more=attribute("value", 5, EXTERNAL)),)),
        "another file",
    ),
    "a tensor of 2^40 (A03)": (
        hostile(tensors=(tiny.number_field(1, 1 << 40) + tiny.bytes_field(8, "t"),)),
        "impossible size",
    ),
    "a tensor of negative size": (
        hostile(tensors=(tiny.number_field(1, -1) + tiny.bytes_field(8, "t"),)),
        "impossible size",
    ),
    "an endless loop (A05)": (
        hostile(nodes=(tiny.node("Loop", ("", "c"), "l", more=attribute("body", 6, b"")),)),
        "Loop loops or branches",
    ),
    "an operator of another maker": (
        hostile(nodes=(tiny.node("Evil", ("x",), "e", more=tiny.bytes_field(7, "com.evil")),)),
        "Evil is none of ONNX's own",
    ),
    "more fields than can be looked at": (b"\x08\x00" * 1_000_001, "more than 1000000 fields"),
    "a tensor of 100,000 dimensions": (
        hostile(tensors=(tiny.bytes_field(1, b"\x02" * 100_000) + tiny.bytes_field(8, "t"),)),
        "impossible size",
    ),
    "functions": (tiny.end_to_end() + tiny.bytes_field(25, b""), "functions"),
    "half of it": (tiny.end_to_end()[:5000], "damaged"),
    "nothing": (b"", "damaged"),
    "text": (b"this is no model at all", "damaged"),
    "zeros": (bytes(1000), "damaged"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_refused_before_it_is_built_that_has(name: str, tmp_path: Path) -> None:
    onnx, says = MODELS[name]
    told = refused(tiny.write_package(tmp_path / "tiny", onnx=onnx))
    assert "model.onnx" in told
    assert says in told
