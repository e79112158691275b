"""`inspector replay`: a recorded line again, part by part."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2

from inspector.errors import InspectorError
from inspector.gateway.replaying import Recorded, Replay, as_it_ran, open_recording
from inspector.gateway.station_model import station_model

SHOWN = 20


@click.command("replay")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--site",
    default=None,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Whose models look; default: the site that was recorded.",
)
def replay_command(folder: Path, site: Path | None) -> None:
    """Replay what `inspector cameras record` recorded: every verdict and finding again."""
    cv2.setNumThreads(1)
    differ = sum(_replayed(one) for one in open_recording(folder, site))
    if differ:
        raise InspectorError(f"{differ} parts came out otherwise than recorded")


def _replayed(recorded: Recorded) -> int:
    """Print what comes out of one station; return how many parts differ."""
    with TemporaryDirectory() as data:
        site = recorded.site.model_copy(update={"data": data})
        model = station_model(site, as_it_ran(recorded))
    done = Replay(recorded, model).run()
    differences = done.differences()
    click.echo(
        f"{recorded.station.name:<16} {len(done.recorded)} parts recorded, {len(done.now)} again, "
        f"{done.looks} pictures looked at, {len(differences)} parts differ"
    )
    for said in differences[:SHOWN]:
        click.echo(f"  {said}")
    return len(differences)
