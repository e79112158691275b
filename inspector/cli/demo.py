"""`inspector demo`: the simulated factory, with screens or without."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import click

from inspector.cli.demo_evaluate import evaluate_demo
from inspector.cli.run import run_with_screens, site_option
from inspector.config.loading import load_site
from inspector.config.site import DemoSettings, Site
from inspector.errors import BadInput
from inspector.gateway.demo_people import first_people
from inspector.gateway.demo_report import StationReport, report
from inspector.gateway.demo_scada import make_demo_client
from inspector.gateway.demo_site import demo_environment, demo_site
from inspector.gateway.headless import HeadlessRun
from inspector.gateway.site_run import free_port
from inspector.simulator.faults import parse_fault

LIVE_RATE_HZ, HEADLESS_RATE_HZ = 1.0, 10.0
SCHEMA = 1


@click.command("demo")
@site_option
@click.option("--headless", is_flag=True, help="No screens: run --parts, then print the sums.")
@click.option("--evaluate", is_flag=True, help="Judge freshly drawn parts without a line.")
@click.option("--parts", default=0, type=click.IntRange(0), help="Parts per station.")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="Another, other parts."
)
@click.option("--rate", type=click.FloatRange(0.1, 50), help="Parts/s per station; 1, headless 10.")
@click.option("--defect-rate", default=0.02, show_default=True, type=click.FloatRange(0, 1))
@click.option(
    "--evidence", type=click.Path(file_okay=False, path_type=Path), help="For truth.jsonl."
)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--fault", "faults", multiple=True, metavar="KIND@PART[:STATION]", help="Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Figures as one JSON object on stdout.")
def demo_command(
    site: Path,
    *,
    headless: bool,
    evaluate: bool,
    parts: int,
    seed: int,
    rate: float | None,
    defect_rate: float,
    evidence: Path | None,
    port: int,
    faults: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the simulated factory: belts, cameras, a real OPC UA PLC, and the inspection.

    Faults: drop, double, delay, freeze, phantom, late-writes.
    """
    for fault in faults:
        parse_fault(fault)
    settings = load_site(site, port=port)
    if evaluate:
        evaluate_demo(settings, parts=parts or 2500, draw=seed, as_json=as_json)
        return
    if headless and not parts:
        msg = "--headless needs --parts N (parts per station)"
        raise BadInput(msg)
    if headless and evidence and (evidence / "truth.jsonl").exists():
        msg = f"{evidence}: holds the truth of an earlier run; name another folder"
        raise BadInput(msg)
    demo = DemoSettings(
        seed=seed,
        rate_hz=rate or (HEADLESS_RATE_HZ if headless else LIVE_RATE_HZ),
        defect_rate=defect_rate,
        parts=parts,
        faults=faults,
        evidence=str(evidence.resolve()) if evidence else "",
    )
    if evidence:
        evidence.mkdir(parents=True, exist_ok=True)
    if headless:
        _headless(settings, demo, as_json=as_json)
    else:
        _with_screens(settings, demo)


def _with_screens(site: Site, demo: DemoSettings) -> None:
    data = Path(site.data)
    full = demo_site(
        site,
        demo,
        data=data,
        port=site.port,
        plc_port=free_port(),
        fast=False,
        scada_port=free_port(site.scada.port) if site.scada else 0,
    )

    def people() -> Iterator[str]:
        if full.scada:
            make_demo_client(full)
        for new in first_people(Path(site.folder), data):
            yield f"{new.name} ({new.role.value}): badge {new.badge}, PIN {new.pin}"

    run_with_screens(full, environment=demo_environment(full), greet=people)


def _headless(site: Site, demo: DemoSettings, *, as_json: bool) -> None:
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="inspector-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        evidence = Path(demo.evidence or folder / "evidence")
        evidence.mkdir(parents=True, exist_ok=True)
        full = demo_site(
            site,
            demo.model_copy(update={"evidence": str(evidence)}),
            data=folder / "data",
            port=0,
            plc_port=free_port(),
            fast=True,
        )
        run = HeadlessRun(full, folder, say=lambda text: click.echo(text, err=True))
        stack.callback(run.clean_up)
        finished = run.until_empty(stop)
        reports = report(full, evidence / "truth.jsonl", dropped=run.frames_dropped)
    if as_json:
        stations = {name: one.as_json() for name, one in reports.items() if name != "all"}
        everything = reports["all"].as_json()
        full_report = {"schema": SCHEMA, "seed": demo.seed, "stations": stations, "all": everything}
        click.echo(json.dumps(full_report))
    else:
        _print_table(reports)
    broken = sorted({name for one in reports.values() for name in one.sums.broken()})
    if not finished:
        click.echo("stopped before the belt was empty", err=True)
    if broken or not finished:
        click.echo(f"broken: {', '.join(broken) or 'not finished'}", err=True)
        raise SystemExit(1)


def _print_table(reports: Mapping[str, StationReport]) -> None:
    columns = {name: one.as_json() for name, one in reports.items()}
    click.echo(f"{'':<28}" + "".join(f"{name:>12}" for name in columns))
    for figure in reports["all"].sums.as_json():
        click.echo(f"{figure:<28}" + "".join(f"{one[figure]!s:>12}" for one in columns.values()))
    for name, one in columns.items():
        click.echo(f"latency_ms {name}: {one['latency_ms']}")
