"""A model in OpenVINO's own format runs as it was asked to, alone in its process, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inspector.errors import PackageRefused
from inspector.vision import ir_scan
from inspector.vision.manifest import open_package
from inspector.vision.runtime import Session
from tests.inspector.vision import ir, tiny

pytestmark = pytest.mark.timeout(150)  # the first test waits for two processes

ROOT = Path(__file__).parents[3]
LOOKS = """
import json, os, sys
from pathlib import Path
import numpy as np
from inspector.errors import InspectorError
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Session, bounded_memory
from tests.inspector.vision import tiny

def tried(name, do):
    try:
        said[name] = do()
    except InspectorError as error:
        said[name] = f"{type(error).__name__}: {error}"

def looked():
    picture = tiny.flat(0, 0, 127, 64)
    picture[16:32, 8:24] = 255
    result = open_model(package("good"), precision="FP32").look("top", picture)
    return [(one.kind, one.box, round(one.score, 3)) for one in result.findings]

def turned(name):
    model = open_model(package(name), precision="FP32")
    assert model.look("top", tiny.flat(70, 85, 60, 64)).findings == ()
    return str(model.look("top", tiny.flat(55, 51, 49, 64)))

def ran(precision):
    return open_model(package("good"), precision=precision).ran.precision

def opened(name, device="CPU"):
    return str(open_model(package(name), device=device, precision="FP32"))

def package(name):
    return open_package(Path(sys.argv[1]) / name)

def one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return opened("greedy")

def same_twice():
    session = Session(package("good"), device="CPU", precision="FP32", threads=1)
    first = session.answers(tiny.flat(51, 0, 204, 64))
    kept = [one.copy() for one in first]
    session.answers(tiny.flat(9, 9, 9, 64))
    return all(np.array_equal(a, b) for a, b in zip(first, kept))

said = {}
with bounded_memory():
    tried("looks", looked)
    tried("auto", lambda: ran("auto"))
    tried("GPU", lambda: opened("good", "GPU"))
    for name in ("heat", "wide", "bgr", "nudged", "all", "extra"):
        tried(name, lambda: opened(name))
    for name in ("greedy", "no_number"):
        tried(name, lambda: turned(name))
    tried("answers stay", same_twice)
    tried("one core", one_core)
said["loaded"] = sorted(set(sys.modules) & {"openvino", "onnxruntime", "openvino_telemetry"})
said["converter"] = sys.modules["openvino.tools.ovc"] is None
print(json.dumps(said))
"""
ON_OLD_CPU = """
import sys
from pathlib import Path
from inspector.errors import ProviderUnavailable
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
package = open_package(Path(sys.argv[1]))
print(open_model(package).ran.precision)
try:
    open_model(package, precision="BF16")
except ProviderUnavailable as error:
    print(error)
"""


def ran(script: str, folder: Path, **more: str) -> str:
    """Return what a process that has not loaded ONNX Runtime prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=70,
    )
    return done.stdout


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process said of many packages: starting one takes longer than all its looks."""
    folder, made = tmp_path_factory.mktemp("ir"), ir.made()
    own = tiny.manifest("t", {}, layout="")["input"]
    ir.write_package(folder / "good")
    ir.write_package(folder / "heat", output={"layout": "score-map", "names": ["pred_score", "h"]})
    ir.write_package(folder / "bgr", input={**own, "colour": "bgr"})
    ir.write_package(folder / "all", output={"layout": "score-map"})
    ir.write_package(folder / "extra", _with(b"image_sensitivity", b"another_input"))
    ir.write_package(folder / "wide", made["detector"], input={**own, "width": 64})
    for name in ("nudged", "greedy", "no_number"):
        ir.write_package(folder / name, made[name])
    result: dict[str, Any] = json.loads(ran(LOOKS, folder))
    return result


def _with(old: bytes, new: bytes) -> ir.Ir:
    xml, weights = ir.made()["anomalib"]
    assert old in xml
    return ir.Ir(xml.replace(old, new), weights)


def test_it_finds_what_is_there_with_the_score_that_anomalib_gives(said: dict[str, Any]) -> None:
    ((kind, box, score),) = said["looks"]
    assert (kind, box) == ("red", [8, 16, 16, 16])
    assert score == pytest.approx((127 * 15 / 16 + 255 / 16) / 255, abs=1e-3)


def test_its_process_has_one_runtime_and_nothing_that_reports_over_the_internet(
    said: dict[str, Any],
) -> None:
    assert said["loaded"] == ["openvino"]
    assert said["converter"]


def test_a_precision_is_proven(said: dict[str, Any]) -> None:
    assert said["auto"] in {"FP32", "BF16"}


def test_a_later_picture_does_not_change_the_answers_to_an_earlier_one(
    said: dict[str, Any],
) -> None:
    assert said["answers stay"] is True


REFUSED = {
    "GPU": "ProviderUnavailable: device GPU was asked for, and this computer has only CPU",
    "heat": "has outputs pred_score, pred_label, anomaly_map, pred_mask; output.names says h",
    "wide": "the manifest's [input] says [1, 3, 32, 64], float32",
    "extra": "has input [?,3,?,?] and [], the manifest's [input] says [1, 3, 32, 32], float32",
    "bgr": "the manifest says reject, red 0.800",
    "nudged": "this model gives reject, blue 0.240, red 0.960; the manifest says",
    "all": "the model answered in bool, not float32",
    "greedy": "ModelStopped: the model stopped: ",
    "no_number": "ModelFailed: the model answered with values that are not numbers",
    "one core": "its sizes follow the picture, which needs two processor cores",
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence(name: str, said: dict[str, Any]) -> None:
    assert REFUSED[name] in said[name]
    assert "\n" not in said[name]


def test_on_an_old_cpu_fp32_runs_and_bf16_is_refused(tmp_path: Path) -> None:
    told = ran(ON_OLD_CPU, ir.write_package(tmp_path / "tiny"), ONEDNN_MAX_CPU_ISA="AVX2")
    first, second = told.splitlines()
    assert first == "FP32"
    assert second.startswith("precision BF16 was asked for: ")


def test_a_process_that_runs_onnx_does_not_load_the_other_runtime(tmp_path: Path) -> None:
    assert onnxruntime.__name__ in sys.modules
    package = open_package(ir.write_package(tmp_path / "tiny"))
    with pytest.raises(PackageRefused, match="has loaded onnxruntime: never both"):
        Session(package, device="CPU", precision="FP32", threads=1)
    assert "openvino" not in sys.modules


def test_the_hash_of_a_model_is_that_of_both_files_in_a_row(tmp_path: Path) -> None:
    folder = ir.write_package(tmp_path / "tiny")
    both = ["cat", str(folder / "model.xml"), str(folder / "model.bin")]
    with subprocess.Popen(both, stdout=subprocess.PIPE) as cat:
        told = subprocess.check_output(["sha256sum"], stdin=cat.stdout, text=True)
    assert open_package(folder).model_sha256 == told.split()[0]


# --- what is refused before OpenVINO is given it ---

Edit = Callable[[bytes], bytes]
LAYER = b'<layer id="%d" name="x" type="Relu" version="opset1"/>'


def swapped(old: str, new: str) -> Edit:
    def edited(xml: bytes) -> bytes:
        assert old.encode() in xml
        return xml.replace(old.encode(), new.encode(), 1)

    return edited


def bomb(_: bytes) -> bytes:
    """Return ten entities, each ten of the one before: 10 GB of text."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 11))
    return f'<!DOCTYPE net [<!ENTITY e0 "boom">{entities}]><net version="11">&e10;</net>'.encode()


def many(count: int) -> Edit:
    layers = b"".join(LAYER % number for number in range(count))
    return lambda _: b'<net version="11"><layers>' + layers + b"</layers></net>"


HOSTILE: dict[str, tuple[Edit, str]] = {
    "entities that expand to 10 GB": (bomb, "has a document type or entities"),
    "an entity that names another file": (
        swapped("<net", '<!DOCTYPE net [<!ENTITY a SYSTEM "file:///etc/passwd">]><net'),
        "has a document type or entities",
    ),
    "half of its text": (lambda xml: xml[: len(xml) // 2], "damaged, not a whole OpenVINO model"),
    "nothing": (lambda _: b"", "damaged"),
    "zeros": (lambda _: bytes(1000), "damaged"),
    "an ONNX model": (lambda _: tiny.end_to_end(), "damaged"),
    "another document": (lambda _: b"<html/>", "has an element 'html'"),
    "another version": (swapped('version="11"', 'version="12"'), "is not version 10 or 11"),
    "an operator of another maker": (
        swapped('type="Greater" version="opset1"', 'type="Greater" version="extension"'),
        "operator Greater is none of OpenVINO's own",
    ),
    "a loop": (swapped('type="Greater"', 'type="Loop"'), "operator Loop loops or branches"),
    "a branch": (swapped('type="Greater"', 'type="If"'), "operator If loops or branches"),
    "a memory": (swapped('type="Greater"', 'type="ReadValue"'), "remembers the picture before"),
    "a body": (swapped("<edges>", "<edges/><body/><edges>"), "has an element 'body'"),
    "weights behind the end": (swapped('offset="0"', 'offset="9999999"'), "do not lie in its .bin"),
    "weights before the beginning": (swapped('offset="0"', 'offset="-8"'), "do not lie in its"),
    "weights of no size": (swapped('offset="0"', 'offset=""'), "do not lie in its .bin"),
    "too many layers": (many(ir_scan.MOST_LAYERS + 1), "has more than 20000 layers"),
    "too many elements": (
        lambda _: b'<net version="11">' + b"<dim/>" * ir_scan.MOST_ELEMENTS,
        "has too many elements",
    ),
    "elements in elements without end": (
        lambda _: b'<net version="11">' + b"<dim>" * 100_000,
        "has too many elements, or too deep ones",
    ),
    "33 MB of nothing": (lambda xml: xml + b" " * (33 << 20), "larger than 32 MB"),
}


def refused(folder: Path) -> str:
    with pytest.raises(PackageRefused) as caught:
        open_package(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_an_xml_is_refused_before_it_is_built_that_has(name: str, tmp_path: Path) -> None:
    edit, says = HOSTILE[name]
    xml, weights = ir.made()["anomalib"]
    told = refused(ir.write_package(tmp_path / "tiny", ir.Ir(edit(xml), weights), **ir.ANOMALIB))
    assert "tiny/model.xml: " in told
    assert says in told


def test_half_of_the_weights_are_refused(tmp_path: Path) -> None:
    xml, weights = ir.made()["detector"]
    half = ir.Ir(xml, weights[: len(weights) // 2])
    assert "do not lie in its .bin file" in refused(ir.write_package(tmp_path / "tiny", half))


FILES: dict[str, tuple[Sequence[str], str]] = {
    "no weights": (("model.xml",), "files must list model.bin beside model.xml"),
    "weights of another name": (("model.xml", "other.bin"), "files must list model.bin"),
    "two models": (("model.xml", "model.bin", "model.onnx"), "exactly one .onnx file, or one .xml"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_refused_that_are(name: str, tmp_path: Path) -> None:
    names, says = FILES[name]
    folder = tiny.write_package(tmp_path / "tiny", files=dict.fromkeys(names, b"x"))
    assert says in refused(folder)


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    folder = ir.write_package(tmp_path / "tiny")
    weights = np.frombuffer((folder / "model.bin").read_bytes(), np.uint8) ^ 1
    (folder / "model.bin").write_bytes(weights.tobytes())
    assert "model.bin: not the file that manifest.toml was written for" in refused(folder)
