"""`inspector pictures`: good pictures of a view, and the limits that are learned from them."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import cv2

from inspector.cli.inspect import picture_files
from inspector.cli.options import pictures_argument
from inspector.cli.picture_status import NAMES, limit_words
from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.config.rewriting import with_picture_check
from inspector.config.station import View
from inspector.errors import BadInput, NothingRunning
from inspector.gateway.plc_access import station_of
from inspector.gateway.site_run import runtime_of
from inspector.ipc import write_whole
from inspector.vision.picture_check import CheckLimits
from inspector.vision.picture_files import read_picture
from inspector.vision.picture_limits import BLURS_PX, Learned, Measured, learned, measured

LOOK_S = 0.05
PATIENCE_S = 30.0
MOST_NAMED = 20

station_option = click.option("--station", "station_name", required=True, help="Of the site.")
view_option = click.option("--view", "view_name", required=True, help="Of the station.")


@click.group("pictures")
def pictures_command() -> None:
    """What a view's pictures must be like before the model may look at them."""


@pictures_command.command("take")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@station_option
@view_option
@site_option
@click.option("--count", default=100, show_default=True, type=click.IntRange(1, 10_000))
def take(folder: Path, station_name: str, view_name: str, site: Path, count: int) -> None:
    """Copy pictures of a running view into FOLDER, one by one as good parts pass.

    Look through them then, take out those that are not good, and give the folder to `learn`.
    """
    _view(site, station_name, view_name)
    tile = runtime_of(site).latest / f"{station_name}.{view_name}.jpg"
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInput(f"{folder}: not empty; give a new folder")
    with click.progressbar(length=count, label="taking", file=sys.stderr) as bar:
        for number, content in enumerate(_new_pictures(tile, count), 1):
            (folder / f"{number:05}.jpg").write_bytes(content)
            bar.update(1)
    click.echo(f"{folder}: {count} pictures of {station_name}, view {view_name}")


@pictures_command.command("learn")
@pictures_argument
@station_option
@view_option
@site_option
@click.option("--write", is_flag=True, help="Write the limits into stations/STATION.toml.")
def learn(
    pictures: tuple[Path, ...], station_name: str, view_name: str, site: Path, *, write: bool
) -> None:
    """Propose limits from good pictures of one view: 50 or more, better 200.

    Shows how the good pictures spread, where the limits lie, which of the pictures they would
    refuse, and how many they would refuse out of focus. With --write nothing is written while a
    picture lies outside: take it out of the folder if it is not good.
    """
    cv2.setNumThreads(1)
    view = _view(site, station_name, view_name)
    files = picture_files(pictures)
    count, now = len(files), CheckLimits(**view.check.model_dump())
    result = learned(list(_measured_files(files)), now)
    click.echo(f"{station_name}, view {view_name}: {count} pictures")
    click.echo("\n".join(table(result, now, count)))
    if not write:
        return
    if result.outside:
        raise BadInput(f"nothing written: {len(result.outside)} pictures lie outside the limits")
    note = f"{count} good pictures, {datetime.now(UTC):%Y-%m-%d}"
    file = site / "stations" / f"{station_name}.toml"
    text = with_picture_check(file.read_text("utf-8"), view_name, asdict(result.limits), note=note)
    write_whole(file, text.encode("utf-8"), durable=True)
    click.echo(f"{file}: written; it holds from the next start")


def table(result: Learned, now: CheckLimits, count: int) -> list[str]:
    """Return the spread of each feature beside its limits, and what they would refuse."""
    head = ("lowest", "quarter", "median", "3 quarters", "highest")
    lines = [f"{'':<11}{''.join(f'{one:>11}' for one in head)}   {'proposed':<16}now"]
    for name, spread in result.spreads.items():
        values = "".join(f"{value:>11.3g}" for value in spread)
        limits = f"{limit_words(name, result.limits):<16}{limit_words(name, now)}"
        lines.append(f"{NAMES[name]:<11}{values}   {limits}")
    size = f"{result.limits.width_px} x {result.limits.height_px} px"
    seen = ", ".join(
        f"by {blur_px:g} px {refused} of {count}"
        for blur_px, refused in zip(BLURS_PX, result.blurred, strict=True)
    )
    lines += [
        f"size       {size}",
        f"refused    by the proposal {len(result.outside)} of {count}, now {result.refused_now}",
        f"           by the proposal if they were out of focus: {seen}",
    ]
    if result.blurred[-1] < count:
        lines.append("the pictures have too few sharp edges, or spread too far, for blur to show")
    named = list(result.outside.items())[:MOST_NAMED]
    lines += [f"outside    {name}: {why}" for name, why in named]
    if len(named) < len(result.outside):
        lines.append(f"outside    and {len(result.outside) - len(named)} more")
    return lines


def _measured_files(files: Sequence[Path]) -> Iterator[Measured]:
    with click.progressbar(files, label="measuring", file=sys.stderr) as bar:
        for file in bar:
            yield measured(str(file), read_picture(file))


def _new_pictures(tile: Path, count: int) -> Iterator[bytes]:
    """Yield the newest picture each time that it is another one."""
    last, since_s = "", time.monotonic()
    while count:
        content = tile.read_bytes() if tile.exists() else b""
        digest = hashlib.sha256(content).hexdigest()
        if content and digest != last:
            last, since_s, count = digest, time.monotonic(), count - 1
            yield content
        elif time.monotonic() - since_s > PATIENCE_S:
            msg = f"{tile.stem}: no new picture for {PATIENCE_S:.0f} s; does the station run?"
            raise NothingRunning(msg)
        else:
            time.sleep(LOOK_S)


def _view(site: Path, station_name: str, view_name: str) -> View:
    station = station_of(load_site(site), station_name)
    for view in station.views:
        if view.name == view_name:
            return view
    views = ", ".join(view.name for view in station.views)
    raise BadInput(f"{station_name}: no view {view_name!r}; it has {views}")
