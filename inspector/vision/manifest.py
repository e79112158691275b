"""A model package: `models/<name>/`, its manifest and what was checked before anything is built.

The package is read once, and the model is built from the very bytes whose hash was checked.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspector.errors import PackageRefused
from inspector.vision.ir_scan import refuse_unsafe_ir
from inspector.vision.onnx_scan import refuse_unsafe

MANIFEST = "manifest.toml"
MOST_MANIFEST_BYTES = 1 << 20
MOST_DOTS = 300
"""In one line of a manifest: for a key of n parts Python's TOML reader takes n² steps, so that one
line of a megabyte would keep us for hours."""
MOST_FILE_BYTES = 256 << 20
MOST_FILES = 500
MOST_PACKAGE_BYTES = 512 << 20

FileName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}$",
        description="Relative to the package's folder, with forward slashes.",
    ),
]
ClassName = Annotated[str, Field(min_length=1, max_length=64)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DeviceName = Literal["CPU", "GPU", "NPU"]
LAYOUTS_OF: Mapping[str, tuple[str, ...]] = {
    "detect": ("yolo-e2e", "yolo-raw"),
    "segment": ("yolo-seg-e2e", "yolo-seg"),
    "classify": ("class-scores",),
    "anomaly": ("score-map",),
}
_THREE: Any = {"min_length": 3, "max_length": 3}


class _Closed(BaseModel):
    """Frozen, closed to unknown keys, and without conversions: "0.5" is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Input(_Closed):
    """What the model wants: float32, (1, 3, height, width)."""

    width: int = Field(ge=8, le=4096, description="Pixels.")
    height: int = Field(ge=8, le=4096, description="Pixels.")
    colour: Literal["rgb", "bgr"] = Field(description="Order of the three planes.")
    scale: float = Field(
        gt=0, le=1, allow_inf_nan=False, description="Grey values 0 to 255 are multiplied by this."
    )
    mean: list[float] = Field(
        default=[0.0, 0.0, 0.0],
        **_THREE,
        description="Then less this, for each plane in the order of `colour`.",
    )
    std: list[Annotated[float, Field(gt=0)]] = Field(
        default=[1.0, 1.0, 1.0],
        **_THREE,
        description="Then divided by this, for each plane in the order of `colour`.",
    )
    letterbox: Literal["pad", "stretch", "crop"] = Field(
        description="pad: scaled to fit, keeping the sides' ratio, in the middle, the rest filled. "
        "stretch: scaled to the input's sides. crop: scaled to cover the input, keeping the sides' "
        "ratio; what juts out is not seen."
    )
    pad_value: int = Field(ge=0, le=255, description="Grey value of the filling, before scaling.")


class Output(_Closed):
    """How the model's answer is read."""

    layout: Literal[
        "yolo-e2e", "yolo-raw", "yolo-seg-e2e", "yolo-seg", "class-scores", "score-map"
    ] = Field(
        description="yolo-e2e: (1, N, 6) with x1, y1, x2, y2, score, class in input pixels. "
        "yolo-raw: (1, 4 + classes, N) with the box's centre and size, then a score per class; "
        "overlapping boxes are removed by us. yolo-seg-e2e and yolo-seg: the same with M more "
        "values a box, and (1, M, h, w) masks. class-scores: (1, classes). score-map: one score "
        "and (1, 1, h, w), as Anomalib's pred_score and anomaly_map."
    )
    names: list[str] = Field(
        default=[],
        max_length=8,
        description="The model's outputs that are read, in the layout's order; empty: all.",
    )
    good: list[ClassName] = Field(
        default=[], description="class-scores: the classes of a good part, which have no limit."
    )


class Precision(_Closed):
    """In which precision the golden scores were made."""

    reference: Literal["FP32"]


class Approved(_Closed):
    """A device on which the golden pictures came out as they must, and what runs there.

    Written by `inspector models tune`, and by a station into its site's data after its first start
    on a device that no entry stands for. A station that starts takes the precision from it and
    looks whether it still gives the very same scores.
    """

    device: DeviceName
    device_class: str = Field(min_length=1, max_length=200, description="As `tune` names it.")
    runtime: str = Field(min_length=1, max_length=100, description="Name and version.")
    model_sha256: Sha256 = Field(
        description="Of the model that was proven: its ONNX file, or its .xml and .bin together."
    )
    scores_sha256: Sha256 = Field(
        description="Of all scores that the golden pictures got there: the proof that it is still "
        "the same device, precision and preparation, without doing all again."
    )
    precision: Literal["FP32", "BF16"] = Field(
        description="The fastest of those with the golden pictures' verdicts."
    )
    ms: dict[str, Annotated[float, Field(gt=0)]] = Field(
        description="Median time of a picture by precision, in milliseconds."
    )
    difference: float = Field(
        ge=0, le=1, description="Largest difference of a golden score from the reference."
    )
    why: str = Field(default="", max_length=500)
    made: str = Field(max_length=40, description="Date and time, UTC.")


class Training(_Closed):
    """How the model was made."""

    command: str
    seeds: Any = Field(description="The ranges that were drawn from, by purpose.")
    pictures: Any = Field(description="How many pictures were trained on.")
    epochs: int = Field(ge=0)
    fingerprint: str = Field(description="SHA-256 over the training data.")
    tools: dict[str, str] = Field(description="Versions of what made it.")


class Golden(_Closed):
    """One picture of the package, and what the reference saw in it."""

    file: FileName
    verdict: Literal["pass", "reject"]
    scores: dict[ClassName, Score] = Field(description="Highest score by class, from 0.01.")
    framework: dict[ClassName, Score] | None = Field(
        default=None, description="The same, as the training framework itself gave them."
    )


class Manifest(_Closed):
    """`models/<name>/manifest.toml`."""

    schema_: Literal[1] = Field(alias="schema", description="Version of this format.")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    task: Literal["detect", "segment", "classify", "anomaly"]
    classes: list[ClassName] = Field(min_length=1, max_length=1000)
    input: Input
    output: Output
    limits: dict[ClassName, Score] = Field(description="A finding counts from this score on.")
    precision: Precision
    approved: list[Approved] = Field(default=[], max_length=100)
    training: Training | None = None
    licence: str = Field(min_length=1, max_length=200, description="SPDX name where there is one.")
    licence_note: str = ""
    metrics: dict[str, Any] = Field(default_factory=dict, description="Free: figures and how got.")
    files: dict[FileName, Sha256] = Field(description="Every file but this one.")
    golden: list[Golden] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must be different")
        self._check_output()
        if set(self.limits) != set(self.defects):
            odd = sorted(set(self.limits) ^ set(self.defects))
            raise ValueError(f"limits must name each class of a defect once, see {odd[0]!r}")
        self._check_model()
        for golden in self.golden:
            self._check_golden(golden)
        return self

    @property
    def defects(self) -> list[str]:
        """Return the classes that are a defect, in the model's order."""
        return [name for name in self.classes if name not in self.output.good]

    def _check_model(self) -> None:
        models = [name for name in self.files if name.endswith((".onnx", ".xml"))]
        if len(models) != 1:
            raise ValueError("files must list exactly one .onnx file, or one .xml with its .bin")
        if models[0].endswith(".xml") and _weights_of(models[0]) not in self.files:
            raise ValueError(f"files must list {_weights_of(models[0])} beside {models[0]}")

    def _check_output(self) -> None:
        layout, good = self.output.layout, self.output.good
        if layout not in LAYOUTS_OF[self.task]:
            told = " or ".join(LAYOUTS_OF[self.task])
            raise ValueError(f"output.layout of task {self.task} is {told}")
        unknown = sorted(set(good) - set(self.classes))
        if unknown:
            raise ValueError(f"output.good names {unknown[0]!r}, which is no class")
        if bool(good) != (self.task == "classify"):
            raise ValueError("output.good: the classes of a good part, of task classify alone")
        if not self.defects:
            raise ValueError("output.good leaves no class that is a defect")
        if layout == "score-map" and len(self.classes) != 1:
            raise ValueError("classes: a score-map has one")

    def _check_golden(self, golden: Golden) -> None:
        if golden.file not in self.files:
            raise ValueError(f"golden picture {golden.file} is not listed under files")
        named = set(golden.scores) | set(golden.framework or {})
        unknown = sorted(named - set(self.defects))
        if unknown:
            raise ValueError(
                f"golden picture {golden.file} names {unknown[0]!r}, which is no defect's class"
            )


@dataclass(frozen=True, slots=True)
class Package:
    """A package as it was read and checked; later changes of its folder do not reach it.

    Attributes:
        folder: Where it was read from, for messages.
        manifest: What it says of itself.
        contents: The bytes of every file but the manifest, by name.
        model_file: The name of the ONNX file, or of the .xml file of OpenVINO's own format.
    """

    folder: Path
    manifest: Manifest
    contents: Mapping[str, bytes]
    model_file: str

    @property
    def name(self) -> str:
        """Return the package's name."""
        return self.manifest.name

    @property
    def is_ir(self) -> bool:
        """Return whether the model is in OpenVINO's own format, two files."""
        return self.model_file.endswith(".xml")

    @property
    def model(self) -> bytes:
        """Return the bytes of the model's file: ONNX, or the .xml."""
        return self.contents[self.model_file]

    @property
    def weights(self) -> bytes:
        """Return the bytes of the .bin file; only where `is_ir`."""
        return self.contents[_weights_of(self.model_file)]

    @property
    def model_sha256(self) -> str:
        """Return the checked hash of the ONNX file; of .xml and .bin, one behind the other."""
        if not self.is_ir:
            return self.manifest.files[self.model_file]
        return hashlib.sha256(self.model + self.weights).hexdigest()

    def refuse_missing_output(self, outputs: Sequence[str]) -> None:
        """Return when the model has the outputs that are to be read.

        Raises:
            PackageRefused: One of them is missing.
        """
        unknown = sorted(set(self.manifest.output.names) - set(outputs))
        if unknown:
            raise PackageRefused(
                f"{self.folder / self.model_file}: has outputs {', '.join(outputs)}; "
                f"output.names says {unknown[0]}"
            )


def package_schema() -> dict[str, Any]:
    """Return the JSON Schema of `manifest.toml`, for `inspector schema package`."""
    return Manifest.model_json_schema(by_alias=True)


def open_package(folder: Path) -> Package:
    """Return the package in `folder`, read once and checked whole; nothing is built yet.

    Raises:
        PackageRefused: One sentence that names the file and, in the manifest, the key.
    """
    manifest = _read_manifest(folder)
    _check_listing(folder, manifest)
    contents = {name: _checked(folder, name, sha) for name, sha in manifest.files.items()}
    if sum(map(len, contents.values())) > MOST_PACKAGE_BYTES:
        raise PackageRefused(f"{folder}: more than {MOST_PACKAGE_BYTES >> 20} MB in all")
    model_file = next(name for name in contents if name.endswith((".onnx", ".xml")))
    package = Package(folder, manifest, contents, model_file)
    if package.is_ir:
        refuse_unsafe_ir(package.model, len(package.weights), file=str(folder / model_file))
    else:
        refuse_unsafe(package.model, file=str(folder / model_file))
    return package


def _weights_of(model_file: str) -> str:
    return model_file.removesuffix(".xml") + ".bin"


def _read_manifest(folder: Path) -> Manifest:
    file = folder / MANIFEST
    if not folder.is_dir():
        raise PackageRefused(f"{folder}: there is no such package folder")
    try:
        text = _content(file, MOST_MANIFEST_BYTES).decode("utf-8")
        if max(line.count(".") for line in text.split("\n")) > MOST_DOTS:
            raise PackageRefused(f"{file}: a line with more than {MOST_DOTS} dots; not accepted")
        return Manifest.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        raise PackageRefused(f"{file}: not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise PackageRefused(f"{file}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise PackageRefused(f"{file}: nested too deeply") from error
    except ValidationError as error:
        raise PackageRefused(f"{file}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in problem["loc"])
    words = {"extra_forbidden": "unknown key", "missing": "is missing"}
    text = words.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{key}: {text}" if key else text


def _check_listing(folder: Path, manifest: Manifest) -> None:
    found = _files_under(folder)
    for name in sorted(found - set(manifest.files)):
        raise PackageRefused(f"{folder / name}: not listed under files in {MANIFEST}")
    for name in sorted(set(manifest.files) - found):
        raise PackageRefused(f"{folder / name}: listed under files in {MANIFEST}, but missing")


def _files_under(folder: Path) -> set[str]:
    """Return the names of all files but the manifest; links and empty folders are refused."""
    found: set[str] = set()
    for place, folders, files in os.walk(folder):
        names = [Path(place, name) for name in folders + files]
        link = next((name for name in names if name.is_symlink()), None)
        if link is not None:
            raise PackageRefused(f"{link}: a link; a package holds plain files only")
        if not names:
            raise PackageRefused(f"{place}: an empty folder, not listed in {MANIFEST}")
        found |= {Path(place, name).relative_to(folder).as_posix() for name in files}
        if len(found) > MOST_FILES:
            raise PackageRefused(f"{folder}: more than {MOST_FILES} files")
    return found - {MANIFEST}


def _checked(folder: Path, name: str, sha256: str) -> bytes:
    content = _content(folder / name, MOST_FILE_BYTES)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PackageRefused(
            f"{folder / name}: not the file that {MANIFEST} was written for (hash)"
        )
    return content


def _content(file: Path, most_bytes: int) -> bytes:
    """Return a plain file's content; a link, a pipe or too large a file is refused unread."""
    try:
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PackageRefused(f"{file}: cannot be read: {error.strerror}") from error
    with os.fdopen(number, "rb") as opened:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise PackageRefused(f"{file}: not a plain file")
        if status.st_nlink != 1:
            raise PackageRefused(f"{file}: a hard link, so it can be changed from elsewhere")
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise PackageRefused(f"{file}: larger than {most_bytes >> 20} MB")
    return content
