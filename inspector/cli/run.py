"""`inspector run`: a real site, until Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

import click

from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.gateway.preflight import check_before_start
from inspector.gateway.site_run import held, run_site, runtime_of

site_option = click.option(
    "--site",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with stations/ and models/; default: here.",
)


@click.command("run")
@site_option
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
def run_command(site: Path, port: int) -> None:
    """Run the inspection of a site until Ctrl-C: cameras, model, PLC, records, screens."""
    run_with_screens(load_site(site, port=port))


def run_with_screens(
    site: Site,
    *,
    environment: dict[str, str] | None = None,
    greet: Callable[[], Iterable[str]] = tuple,
) -> None:
    """Run a site with screens, say where they are, and stop on Ctrl-C or SIGTERM."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with held(runtime_of(Path(site.folder))) as runtime:
        check_before_start(site)
        for line in greet():
            click.echo(line)
        click.echo(f"Operator screen: http://{site.host}:{site.port}/   (Ctrl-C stops)")
        if site.scada:
            click.echo(f"SCADA and MES: opc.tcp://{site.scada.host}:{site.scada.port}")
        run_site(site, runtime, stop, environment=environment)
    click.echo("stopped")
