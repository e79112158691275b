"""Whether a package gives here what it gave where it was made, and which precision may run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from inspector.domain.frame import BgrImage
from inspector.errors import ModelFailed, PackageRefused, ProviderUnavailable
from inspector.vision.golden import difference, golden_pictures, looks
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Package
from inspector.vision.runtime import Model, Ran, Session, limits_of

SCORE_TOLERANCE = 0.02
"""How far a golden picture's score in FP32 may lie from the manifest's: kernels of different
instruction sets add in different orders, which moves scores in the fourth digit."""
WARM_UP, ROUNDS = 3, 15


def open_model(
    package: Package,
    *,
    device: str = "CPU",
    precision: str = "auto",
    threads: int = 1,
    limits: Mapping[str, float] | None = None,
    reference: Session | None = None,
) -> Model:
    """Return the package's model on a device, its precision proven on the golden pictures.

    Args:
        package: As `open_package` returned it.
        device: "CPU", "GPU" or "NPU"; no other is taken in its place.
        precision: "FP32", "BF16", or "auto": the faster of those that give the golden pictures'
            verdicts.
        threads: CPU threads.
        limits: Those of the station, by class; they replace the package's.
        reference: In FP32 on this device, where there is one already.

    Raises:
        ProviderUnavailable: The device or the precision asked for would not run.
        PackageRefused: The model cannot be built, or gives other verdicts than its manifest says.
        ModelFailed: The answer to a golden picture cannot be used.
    """
    used = limits_of(package, limits)

    def opened(wanted: str) -> Session:
        return Session(package, device=device, precision=wanted, threads=threads)

    pictures = golden_pictures(package)
    reference = reference or opened("FP32")
    refuse_other_scores(package, reference, pictures)
    if precision == "FP32":
        session, ran = reference, Ran(device, precision, "FP32", "as asked")
    else:
        session, ran = _chosen(package, device, precision, reference, opened, pictures)
    model = Model(package, session, ran, used)
    model.warm_up(pictures)
    return model


def refuse_other_scores(package: Package, session: Session, pictures: list[BgrImage]) -> None:
    """Return when the golden pictures give their verdicts and scores; raises `PackageRefused`."""
    seen = looks(package, session, pictures)
    for golden, look in zip(package.manifest.golden, seen, strict=True):
        if look.failed:
            why = f"{look.failed} (manifest: output.layout {package.manifest.output.layout})"
            raise PackageRefused(f"{package.folder / package.model_file}: {why}")
        off = difference(look.scores, golden.scores)
        if look.verdict != golden.verdict or off > SCORE_TOLERANCE:
            raise PackageRefused(
                f"{package.folder / golden.file}: this model gives {look.verdict}, "
                f"{_scores(look.scores)}; the manifest says {golden.verdict}, "
                f"{_scores(golden.scores)}"
            )


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {score:.3f}" for kind, score in sorted(scores.items())) or "no score"


def _chosen(
    package: Package,
    device: str,
    asked: str,
    reference: Session,
    opened: Callable[[str], Session],
    pictures: list[BgrImage],
) -> tuple[Session, Ran]:
    """Return BF16 where it may run, and is not slower unless it was asked for by name."""
    auto = asked == "auto"
    try:
        session = opened("BF16")
        why = _no_bf16(package, reference, session, pictures)
    except (ProviderUnavailable, ModelFailed) as error:
        session, why = reference, f"BF16 does not run: {error}"
    if why and not auto:
        raise ProviderUnavailable(f"precision BF16 was asked for: {why}")
    if why:
        return reference, Ran(device, asked, "FP32", why)
    ms = measured_ms({"FP32": reference, "BF16": session}, pictures[0])
    told = f"FP32 {ms['FP32']:.1f} ms, BF16 {ms['BF16']:.1f} ms, the same golden verdicts"
    if auto and ms["BF16"] >= ms["FP32"]:
        return reference, Ran(device, asked, "FP32", told, ms)
    return session, Ran(device, asked, "BF16", told, ms)


def _no_bf16(
    package: Package, reference: Session, session: Session, pictures: list[BgrImage]
) -> str:
    """Return why BF16 may not run here, or ""."""
    if all(_equal(reference.answers(one), session.answers(one)) for one in pictures):
        return "this device runs FP32 in place of BF16, its answers are equal to the bit"
    seen = looks(package, session, pictures)
    for golden, look in zip(package.manifest.golden, seen, strict=True):
        if look.failed:
            return f"BF16 does not run: {look.failed}"
        if look.verdict != golden.verdict:
            return f"BF16 turns {golden.file} from {golden.verdict} to {look.verdict}"
    return ""


def _equal(one: Sequence[Answer], other: Sequence[Answer]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def measured_ms(sessions: Mapping[str, Session], picture: BgrImage) -> dict[str, float]:
    """Return the median time of one run of each session, taken in turns, in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for name, session in sessions.items():
        for _ in range(WARM_UP):
            session.answers(picture)
        times[name] = []
    for _ in range(ROUNDS):
        for name, session in sessions.items():
            started_s = time.perf_counter()
            session.run()
            times[name].append((time.perf_counter() - started_s) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}
