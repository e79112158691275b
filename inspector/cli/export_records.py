"""`inspector export records`: a filtered set of records for retraining and for other tools."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from inspector.cli.options import moment
from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.selection import Selection
from inspector.domain.verdict import Verdict
from inspector.errors import BadInput
from inspector.exchange.exporting import FORMATS, Asked, export_records
from inspector.gateway.label_import import classes_of
from inspector.gateway.record_export import export_of
from inspector.storage.image_files import KeptPictures


@click.command("records")
@site_option
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--since", callback=moment, help="First trigger, ISO 8601 with its zone.")
@click.option("--until", callback=moment, help="The same; this moment itself is not among them.")
@click.option("--station", default="", help="Default: all.")
@click.option("--verdict", type=click.Choice(["pass", "reject", "unknown"]), help="Ours.")
@click.option(
    "--outcome",
    default="",
    type=click.Choice(["", "passed", "rejected", "lost", "undecided"]),
    help="What the PLC did.",
)
@click.option(
    "--class", "kind", default="", help="A class that was found, named in a review, or labelled."
)
@click.option(
    "--reviewed/--not-reviewed", default=None, help="Somebody has said something of the part."
)
@click.option("--audited", is_flag=True, help="Only what was drawn for an audit and judged.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    default=("csv", "coco", "yolo"),
    show_default=True,
    type=click.Choice(FORMATS),
    help="stream: what `inspector kpi from-files` reads.",
)
@click.option(
    "--boxes",
    default="people",
    show_default=True,
    type=click.Choice(["people", "model"]),
    help="people: labelled pictures only; model: what it saw, to be corrected in another tool.",
)
@click.option(
    "--least-score",
    default=0.25,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Of the model's boxes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def records_command(site: Path, folder: Path, *, as_json: bool, **words: Any) -> None:
    """Write records, their pictures and labels into FOLDER, which must not be there yet.

    FOLDER/manifest.json has what was asked, when, by which version, and the SHA-256 of every file;
    docs/export.md explains each file.
    """
    settings = load_site(site)
    asked = _asked(settings, words)
    records = export_of(settings)
    manifest = export_records(
        *(records, KeptPictures(Path(settings.data)), asked, folder),
        classes=classes_of(settings, asked.selection.station),
        now=datetime.now(UTC),
    )
    records.close()
    click.echo(json.dumps(manifest) if as_json else _line(folder, manifest))
    for note in _notes(manifest):
        click.echo(note, err=True)


def _asked(site: Site, words: dict[str, Any]) -> Asked:
    station, verdict = words["station"], words["verdict"]
    if station and station not in {one.name for one in site.stations}:
        known = ", ".join(one.name for one in site.stations)
        raise BadInput(f"--station {station}: there is none of that name; there are {known}")
    since, until = words["since"], words["until"]
    if since and until and since >= until:
        raise BadInput("--until: lies before --since or at it: the window is empty")
    selection = Selection(
        station=station,
        since=since,
        until=until,
        verdict=Verdict[verdict.upper()] if verdict else None,
        outcome=words["outcome"],
        kind=words["kind"],
        reviewed=words["reviewed"],
        audited=words["audited"],
    )
    least_score = words["least_score"] if words["boxes"] == "model" else None
    return Asked(selection, tuple(dict.fromkeys(words["formats"])), least_score)


def _line(folder: Path, manifest: dict[str, Any]) -> str:
    counts, stands_for = manifest["counts"], manifest["population"]
    return (
        f"{folder}: {counts['records']} records, {counts['pictures']} pictures, "
        f"{counts['boxes']} boxes in {counts['pictures_with_labels']} pictures; "
        f"{stands_for['audited']} audits stand for {stands_for['passed']} passed parts"
    )


def _notes(manifest: dict[str, Any]) -> list[str]:
    counts, left_out = manifest["counts"], manifest["population"]["without_audit_pi"]
    notes = []
    if not counts["records"]:
        notes.append("no record is like this")
    if counts["pictures_not_kept"]:
        notes.append(f"{counts['pictures_not_kept']} pictures are not kept, or not any more")
    if left_out:
        notes.append(f"{left_out} passed parts had no chance of an audit; no weight covers them")
    if counts["pictures"] and not counts["pictures_with_labels"]:
        notes.append("nobody labelled one of these pictures: COCO and YOLO have none (--boxes)")
    return notes
