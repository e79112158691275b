"""`inspector models`: whether a package gives here what it gave where it was made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from inspector.cli.options import device_option, package_option, precision_option
from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.config.rewriting import with_package
from inspector.config.station import Device
from inspector.errors import PackageRefused
from inspector.gateway.model_change import changed_model
from inspector.gateway.plc_access import station_of
from inspector.gateway.recorder_ask import recorder_of
from inspector.gateway.site_run import is_running, runtime_of
from inspector.gateway.station_model import check_station_fits
from inspector.ipc import write_whole
from inspector.vision.approvals import approval
from inspector.vision.engines import engine_of
from inspector.vision.golden import Look, golden_pictures
from inspector.vision.manifest import MANIFEST, Package, open_package
from inspector.vision.parity import measured_ms
from inspector.vision.runtime import Session, bounded_memory
from inspector.vision.tuning import with_approval
from inspector.vision.verifying import Row, Verified, verified

PROMISE_BROKEN = 1
PROOF_S = 120.0
"""A package may take so long to prove itself; one that never ends is not waited for."""
TAKEN_S = 60.0
"""The worker loads the package again; it is done in seconds."""


@click.group("models")
def models_command() -> None:
    """Prove model packages on this computer's devices."""


@models_command.command("verify")
@package_option
@device_option
@precision_option
@click.option("--json", "as_json", is_flag=True, help="One object (docs/schemas/verify.json).")
def verify(folder: Path, device: str, precision: str, *, as_json: bool) -> None:
    """Send the golden pictures through the real path on a device; a table of what came of them.

    The exported model in FP32 on the CPU must give the manifest's scores and verdicts, the training
    framework's scores must lie beside them, and the device must give the same verdicts.
    Exit code 0 when all agree, 1 when not, 2 when package or device is refused.
    """
    package = open_package(folder)
    with bounded_memory():
        result = verified(package, device=device, precision=precision)
    if as_json:
        click.echo(json.dumps(as_object(result)))
    else:
        click.echo("\n".join(lines(result)))
    if not result.passed:
        sys.exit(PROMISE_BROKEN)


@models_command.command("tune")
@package_option
@device_option
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64))
def tune(folder: Path, device: str, threads: int) -> None:
    """Measure each precision that runs on a device, and write the choice into the manifest.

    The fastest of those with the golden pictures' verdicts is entered under [[approved]], with its
    times, the device's class and the runtime. Nothing is written when a picture does not agree.
    """
    package = open_package(folder)
    with bounded_memory():
        result = verified(package, device=device, precision="auto", threads=threads)
        if not result.passed:
            click.echo("\n".join(lines(result)))
            sys.exit(PROMISE_BROKEN)
        entry = approval(package, result, result.ms or _fp32_ms(package, device, threads))
    file = folder / MANIFEST
    write_whole(file, with_approval(file.read_text("utf-8"), entry).encode("utf-8"), durable=True)
    times = ", ".join(f"{name} {taken:g} ms" for name, taken in entry.ms.items())
    where = f"{entry.precision} on {entry.device_class} with {entry.runtime}"
    moved = f"scores move by {entry.difference:.4f} at most"
    click.echo(f"{folder}: {where} ({times}; {moved})")


@models_command.command("use")
@click.argument("package")
@click.option("--station", "name", required=True, help="Which; the name of its file.")
@site_option
def use(package: str, name: str, site: Path) -> None:
    """Let a station use another package, models/PACKAGE, from the next part but a few on.

    The package is proven on the station's device first, as `models verify` does. A gateway that
    runs loads it beside the old one and changes between two parts; each record names the model
    that ran. Then `package` is written into stations/NAME.toml. A package that is refused leaves
    everything as it is. Exit code 1: the golden pictures do not agree, or the gateway refused.
    """
    settings = load_site(site)
    before = station_of(settings, name)
    station = before.model_copy(update={"package": package})
    folder = site / "models" / package
    opened = open_package(folder)
    check_station_fits(station, opened)
    _prove(opened, station.device)
    after = {"package": package, "sha256": opened.model_sha256}
    recorder_of(settings).note(
        "models use", f"package of {name}", station=name, before=before.package, after=after
    )
    runtime = runtime_of(site)
    if is_running(runtime):
        click.echo(changed_model(runtime, name, package, before.limits, within_s=TAKEN_S))
    file = site / "stations" / f"{name}.toml"
    text = with_package(file.read_text("utf-8"), package)
    write_whole(file, text.encode("utf-8"), durable=True)
    click.echo(f"{file}: package = {package!r}")


def _prove(package: Package, device: Device) -> None:
    """Prove a package in a process of its own, which can be ended whatever the model does."""
    folder = package.folder
    command = [sys.executable, "-m", "inspector", "models", "verify", "--package", str(folder)]
    here = engine_of(package).available_devices()
    name = next((one for one in device.in_order if one in here), device.name)
    words = ["--device", name, "--precision", device.precision]
    try:
        done = subprocess.run([*command, *words], check=False, timeout=PROOF_S)
    except subprocess.TimeoutExpired as error:
        msg = f"{folder}: proving it took more than {PROOF_S:g} s, it is not used"
        raise PackageRefused(msg) from error
    if done.returncode:
        sys.exit(done.returncode if done.returncode > 0 else PROMISE_BROKEN)


def _fp32_ms(package: Package, device: str, threads: int) -> dict[str, float]:
    """Return the time of a picture where only FP32 may run, so that nothing was compared."""
    session = Session(package, device=device, precision="FP32", threads=threads)
    return measured_ms({"FP32": session}, golden_pictures(package)[0])


def lines(result: Verified) -> list[str]:
    """Return the table, and in one line what came of it."""
    width = max(len(row.golden.file) for row in result.rows)
    head = f"{'picture':<{width}}  manifest  here    device  off manifest  framework  device"
    return [head, *(_line(row, width) for row in result.rows), "", _told(result)]


def _line(row: Row, width: int) -> str:
    offs = (row.off_manifest, row.off_framework, row.off_device)
    off = "  ".join(
        f"{'-' if one is None else f'{one:.4f}':>{wide}}"
        for one, wide in zip(offs, (12, 9, 6), strict=True)
    )
    device = row.device.verdict if row.device else "-"
    return (
        f"{row.golden.file:<{width}}  {row.golden.verdict:<8}  {row.reference.verdict or '-':<6}  "
        f"{device or '-':<6}  {off}  {row.trouble}"
    ).rstrip()


def _told(result: Verified) -> str:
    where = f"{result.package} on {result.device}"
    where += f" in {result.precision}" if result.precision else ""
    if result.passed:
        return f"{where}: all {len(result.rows)} golden pictures agree ({result.why})"
    if result.troubles:
        return (
            f"{where}: FAILED, {result.troubles} of {len(result.rows)} golden pictures do not agree"
        )
    return f"{where}: FAILED, {result.refused}"


def as_object(result: Verified) -> dict[str, object]:
    """Return what `--json` prints (docs/schemas/verify.json)."""
    return {
        "schema": 1,
        "package": str(result.package),
        "device": result.device,
        "precision": result.precision,
        "passed": result.passed,
        "why": result.refused or result.why,
        "golden": [_golden(row) for row in result.rows],
    }


def _golden(row: Row) -> dict[str, object]:
    return {
        "file": row.golden.file,
        "manifest": {"verdict": row.golden.verdict, "scores": dict(row.golden.scores)},
        "framework": None if row.golden.framework is None else dict(row.golden.framework),
        "reference": _looked(row.reference),
        "device": None if row.device is None else _looked(row.device),
        "trouble": row.trouble,
    }


def _looked(look: Look) -> dict[str, object]:
    scores = {kind: round(score, 6) for kind, score in look.scores.items()}
    return {"verdict": look.verdict, "scores": scores, "failed": look.failed}
