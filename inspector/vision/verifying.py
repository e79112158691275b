"""The parity gate: golden pictures through the real path on the real device, as a table.

Three answers to each picture must agree: what the training framework gave and what the exported
model gave where the package was made, both kept in the manifest; what the exported model gives here
in FP32 on the CPU; and what it gives on the device and in the precision that a station would use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspector.domain.frame import BgrImage
from inspector.errors import PackageRefused, ProviderUnavailable
from inspector.vision.devices import refuse_missing
from inspector.vision.engines import engine_of
from inspector.vision.golden import Look, difference, golden_pictures, looks
from inspector.vision.manifest import Golden, Package
from inspector.vision.parity import SCORE_TOLERANCE, open_model
from inspector.vision.runtime import Model, Session

DEVICE_TOLERANCE = 0.1
"""How far a score may move on another device or in another precision: BF16 keeps eight bits of each
weight and value. Its verdict may not move at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One golden picture.

    Attributes:
        golden: What the manifest says of it.
        reference: Here, in FP32 on the CPU.
        device: Here, as a station would run it; None where the reference failed already.
    """

    golden: Golden
    reference: Look
    device: Look | None

    @property
    def off_manifest(self) -> float:
        """Return how far the reference's scores lie from the manifest's."""
        return difference(self.reference.scores, self.golden.scores)

    @property
    def off_framework(self) -> float | None:
        """Return how far the training framework's scores lie from the manifest's; None: no word."""
        if self.golden.framework is None:
            return None
        return difference(self.golden.framework, self.golden.scores)

    @property
    def off_device(self) -> float | None:
        """Return how far the device's scores lie from the reference's."""
        return difference(self.device.scores, self.reference.scores) if self.device else None

    @property
    def trouble(self) -> str:
        """Return what does not agree, or ""."""
        said, wanted = self.reference, self.golden.verdict
        if said.failed:
            return said.failed
        if said.verdict != wanted:
            return f"the exported model gives {said.verdict}, the manifest says {wanted}"
        if self.off_manifest > SCORE_TOLERANCE:
            return f"a score is {self.off_manifest:.3f} from the manifest's"
        if (self.off_framework or 0.0) > SCORE_TOLERANCE:
            return f"the training framework's score is {self.off_framework:.3f} from the export's"
        return self._device_trouble()

    def _device_trouble(self) -> str:
        if self.device is None:
            return ""
        if self.device.failed:
            return self.device.failed
        if self.device.verdict != self.golden.verdict:
            return f"{self.device.verdict} on the device, {self.golden.verdict} in the manifest"
        if (self.off_device or 0.0) > DEVICE_TOLERANCE:
            return f"a score moves by {self.off_device:.3f} on the device"
        return ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it.

    Attributes:
        package: Its folder.
        device: OpenVINO's name.
        precision: That was proven; "" where the reference failed already.
        why: How the precision was chosen, or why it cannot run.
        rows: One for each golden picture.
        refused: Why the device or the precision does not run at all; "" when it does.
        ms: Median time of a picture by precision, where several were compared.
    """

    package: Path
    device: str
    precision: str
    why: str
    rows: tuple[Row, ...]
    refused: str = ""
    ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def troubles(self) -> int:
        """Return how many golden pictures do not agree."""
        return sum(bool(row.trouble) for row in self.rows)

    @property
    def passed(self) -> bool:
        """Return whether a station may run the package so."""
        return not self.troubles and not self.refused


def verified(package: Package, *, device: str, precision: str, threads: int = 1) -> Verified:
    """Return what each golden picture gives on a device; arguments and errors as for `proven`."""
    return proven(package, device=device, precision=precision, threads=threads)[0]


def proven(
    package: Package,
    *,
    device: str,
    precision: str,
    threads: int = 1,
    limits: Mapping[str, float] | None = None,
) -> tuple[Verified, Model | None]:
    """Return what each golden picture gives on a device, and the model where it may run so.

    Args:
        package: As `open_package` returned it.
        device: "CPU", "GPU" or "NPU"; no other is taken in its place.
        precision: "FP32", "BF16", or "auto": what a station would choose.
        threads: CPU threads.
        limits: Those of the station, by class; they replace the package's in the model.

    Raises:
        PackageRefused: The model cannot be built, or a golden picture cannot be read.
        ProviderUnavailable: There is no such device.
    """
    refuse_missing(device, here=engine_of(package).available_devices())
    pictures = golden_pictures(package)
    reference = Session(package, device="CPU", precision="FP32", threads=threads)
    rows = _rows(package, pictures, reference, None)
    if any(row.trouble for row in rows):
        return Verified(package.folder, device, "", "the reference does not agree", rows), None
    try:
        model = open_model(
            package,
            device=device,
            precision=precision,
            threads=threads,
            limits=limits,
            reference=reference if device == "CPU" else None,
        )
    except PackageRefused as error:
        return Verified(package.folder, device, precision, "", rows, refused=str(error)), None
    except ProviderUnavailable as error:
        if precision == "auto":
            raise
        rows = _rows(package, pictures, reference, _opened(package, device, precision, threads))
        return Verified(package.folder, device, precision, "", rows, refused=str(error)), None
    ran = model.ran
    rows = _rows(package, pictures, reference, model.session)
    result = Verified(package.folder, device, ran.precision, ran.why, rows, ms=ran.ms)
    return result, model if result.passed else None


def _opened(package: Package, device: str, precision: str, threads: int) -> Session | None:
    """Return a session to show what a refused precision gives; None where it cannot be built."""
    try:
        return Session(package, device=device, precision=precision, threads=threads)
    except ProviderUnavailable:
        return None


def _rows(
    package: Package, pictures: list[BgrImage], reference: Session, device: Session | None
) -> tuple[Row, ...]:
    here = looks(package, reference, pictures)
    there = looks(package, device, pictures) if device else [None] * len(pictures)
    return tuple(map(Row, package.manifest.golden, here, there))
