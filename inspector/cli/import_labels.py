"""`inspector import-labels`: labels of pictures that were made in another tool."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.errors import BadInput
from inspector.exchange.found import LONGEST_CLASS
from inspector.gateway.label_import import READERS, classes_of, hand_over, labels_in
from inspector.gateway.record_export import export_of
from inspector.gateway.recorder_ask import RecorderAsk
from inspector.gateway.site_run import runtime_of
from inspector.gateway.store import server_of


@click.command("import-labels")
@site_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", required=True, type=click.Choice(list(READERS)), help="Of the file."
)
@click.option(
    "--new-class", multiple=True, help="Take this class too, which no package of the site knows."
)
def import_labels_command(site: Path, file: Path, kind: str, new_class: tuple[str, ...]) -> None:
    """Take labels that were made in another tool on the pictures of an export.

    All of the file or nothing: whatever cannot be used in it is one sentence with its place, and
    exit code 2. Works whether the site runs or not; the audit log says who took which file.
    """
    for name in new_class:
        if not name.strip() or len(name) > LONGEST_CLASS or not name.isprintable():
            raise BadInput(f"--new-class {name[:LONGEST_CLASS]!r}: up to 64 printable characters")
    settings = load_site(site)
    records = export_of(settings)
    classes = {*classes_of(settings), *records.kinds_labelled(), *new_class}
    labels = labels_in(file, kind, records, classes)
    records.close()
    data = Path(settings.data)
    socket = runtime_of(Path(settings.folder)).recorder_socket
    added = hand_over(RecorderAsk(data, socket, server_of(settings)), data, labels)
    boxes = sum(len(one.marked) for one in labels.pictures)
    what = f"{boxes} boxes in {len(labels.pictures)} pictures"
    click.echo(f"{file}: {what}" if added else f"{file}: was taken before; nothing was added")
    for note in labels.notes:
        click.echo(note, err=True)
