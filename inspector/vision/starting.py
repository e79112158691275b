"""A station's model on the first device of its list that runs it as it must."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspector.errors import ModelFailed, PackageRefused, ProviderUnavailable
from inspector.vision.approvals import approval, stands_for
from inspector.vision.golden import fingerprint, golden_pictures, looks
from inspector.vision.manifest import Approved, Package
from inspector.vision.runtime import Model, Ran, Session, limits_of
from inspector.vision.verifying import Verified, proven

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a station wants a package to run.

    Attributes:
        device: "CPU", "GPU" or "NPU"; no other is taken in its place.
        precision: "FP32", "BF16" or "auto".
        threads: CPU threads.
        limits: By class; they replace the package's.
    """

    device: str = "CPU"
    precision: str = "auto"
    threads: int = 1
    limits: Mapping[str, float] = field(default_factory=dict)


def started_model(
    package: Package, wish: Wish, *, kept: Sequence[Approved], keep: Callable[[Approved], None]
) -> Model:
    """Return the model as it was proven on such a device, or after it has been proven now.

    An approval saves compiling in two precisions and measuring, not the golden pictures: they must
    get the very scores that they got when it was proven, or all is done again.

    Args:
        package: As `open_package` returned it.
        wish: What the station's settings say.
        kept: Approvals of this site, beside those of the package.
        keep: Takes a new one.

    Raises:
        ProviderUnavailable: The device is missing, or the precision asked for would not run.
        PackageRefused: A golden picture does not come out as it must.
        ModelFailed: The answer to one cannot be used.
    """
    for entry in (*package.manifest.approved, *kept):
        if stands_for(entry, package, device=wish.device, precision=wish.precision):
            if model := _as_approved(package, wish, entry):
                return model
            log.warning("%s: the scores are not those of %s", package.folder, entry.made)
    result, model = proven(
        package,
        device=wish.device,
        precision=wish.precision,
        threads=wish.threads,
        limits=wish.limits,
    )
    if model is None:
        raise _refused(result)
    keep(approval(package, result, result.ms))
    return model


def _as_approved(package: Package, wish: Wish, entry: Approved) -> Model | None:
    session = Session(package, device=wish.device, precision=entry.precision, threads=wish.threads)
    seen = looks(package, session, golden_pictures(package))
    verdicts = [golden.verdict for golden in package.manifest.golden]
    if [look.verdict for look in seen] != verdicts or fingerprint(seen) != entry.scores_sha256:
        return None
    why = f"as proven on {entry.made}: {entry.why}"
    ran = Ran(wish.device, wish.precision, entry.precision, why, entry.ms)
    model = Model(package, session, ran, limits_of(package, wish.limits))
    model.longest_s = max(look.took_s for look in seen)
    return model


def _refused(result: Verified) -> PackageRefused | ProviderUnavailable:
    """Return the error for a package that was not proven on a device."""
    bad = [row for row in result.rows if row.trouble]
    if not bad:
        return ProviderUnavailable(result.refused)
    return PackageRefused(
        f"{result.package / bad[0].golden.file}: {bad[0].trouble}; "
        f"{len(bad)} of {len(result.rows)} golden pictures do not agree"
    )


def first_that_runs(devices: Sequence[str], opened: Callable[[str], Model]) -> Model:
    """Return the model on the first of these devices that has it and gives its golden verdicts.

    Args:
        devices: The wished one, then those that a station lets take its place.
        opened: Returns the proven model on a device.

    Raises:
        ProviderUnavailable, PackageRefused, ModelFailed: It does not run on the last one either.
    """
    *wished, last = devices
    passed_over: dict[str, str] = {}
    for device in wished:
        try:
            return _after(opened(device), passed_over)
        except (ProviderUnavailable, PackageRefused, ModelFailed) as error:
            log.warning("passed over: %s", error)
            passed_over[device] = str(error)
    return _after(opened(last), passed_over)


def _after(model: Model, passed_over: dict[str, str]) -> Model:
    model.ran = replace(model.ran, passed_over=passed_over)
    return model
