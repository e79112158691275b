"""`inspector models`: whether a package gives here what it gave where it was made."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from inspector.cli.options import device_option, package_option, precision_option
from inspector.ipc import write_whole
from inspector.vision.approvals import approval
from inspector.vision.golden import Look, golden_pictures
from inspector.vision.manifest import MANIFEST, Package, open_package
from inspector.vision.parity import measured_ms
from inspector.vision.runtime import Session, bounded_memory
from inspector.vision.tuning import with_approval
from inspector.vision.verifying import Row, Verified, verified

PROMISE_BROKEN = 1


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
