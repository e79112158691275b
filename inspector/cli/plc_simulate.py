"""`inspector plc simulate`: the demo's PLC alone."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.gateway.plc_access import station_of
from inspector.gateway.plc_simulate import Simulated, simulate_plc


@click.command("simulate")
@site_option
@click.option("--port", default=48410, show_default=True, type=click.IntRange(1, 65535))
@click.option("--station", "stations", multiple=True, help="Repeatable; default: all of the site.")
@click.option(
    "--rate",
    "rate_hz",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0.01, 20),
    help="Parts a second per station.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate (DER) of a client that may connect beside our gateway; repeatable.",
)
def simulate(
    site: Path,
    port: int,
    stations: tuple[str, ...],
    rate_hz: float,
    clients: tuple[Path, ...],
) -> None:
    """Run a simulated PLC with its belts until Ctrl-C, without cameras and without a gateway.

    Point your own client at it, or a gateway, or the other commands of `inspector plc`. It listens
    on this computer only, encrypted, and lets one user in.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    settings = load_site(site)
    if stations:
        chosen = tuple(station_of(settings, name) for name in stations)
        settings = settings.model_copy(update={"stations": chosen})
    simulate_plc(settings, greet=_greet, port=port, rate_hz=rate_hz, trusted=clients)
    click.echo("stopped")


def _greet(plc: Simulated) -> None:
    settings = plc.settings
    click.echo(f"endpoint      {settings.endpoint}")
    click.echo("policies      Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss")
    click.echo(f"namespace     {plc.namespace}")
    for station, prefix in plc.prefixes.items():
        click.echo(f"station       {station}: nodes s={prefix}.Track.PartId and so on")
    click.echo(f"certificate   {settings.certificate} (trust it in your client)")
    for file in settings.trusted:
        click.echo(f"lets in       {file}")
    click.echo(f"user          {settings.user}")
    if plc.new_password:
        click.echo(f"password      {plc.new_password} (for this run)")
        click.echo(f"  export {plc.password_env}={plc.new_password}")
    else:
        click.echo(f"password      that of {plc.password_env}")
    click.echo("Ctrl-C stops it.")
