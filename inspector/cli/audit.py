"""`inspector audit`: whether the log of all changes is as it was written, and what stands in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from inspector.audit.note import Verifier
from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.gateway.audit_checking import Checked, checked, exported, first_key, public_keys
from inspector.gateway.audit_copy import copy_file
from inspector.gateway.recorder_ask import recorder_of
from inspector.gateway.store import server_of

TAMPERED = 1
SHOWN = 20

copies_option = click.option(
    "--checkpoints",
    "copies",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also hold the log against this copy of data/audit/checkpoints, kept elsewhere.",
)
key_option = click.option(
    "--key", default="", help="The first public key, as you noted it; default: data/audit/keys."
)


@click.group("audit")
def audit_command() -> None:
    """The log of who changed what, when and why; works whether the site runs or not."""


@audit_command.command("verify")
@site_option
@copies_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="See docs/schemas/audit-verify.json.")
def verify(site: Path, copies: tuple[Path, ...], key: str, *, as_json: bool) -> None:
    """Say whether an entry was edited, removed, moved, inserted or cut off, and which.

    Exit code 0: clean, one line; 1: it was tampered with, a sentence for each finding; 2: the log
    cannot be read.
    """
    settings = load_site(site)
    data = Path(settings.data)
    copies = (*copies, *_second_place(settings))
    result = checked(data, server_of(settings), copies=copies, key=_key(data, key))
    click.echo(json.dumps(result.as_json()) if as_json else "\n".join(lines(result)))
    if result.count:
        sys.exit(TAMPERED)


@audit_command.command("export")
@site_option
@copies_option
@key_option
@click.option("--first", default=1, show_default=True, type=click.IntRange(1), help="Entry.")
@click.option("--last", type=click.IntRange(1), help="Entry; default: the newest.")
@click.option("--out", default="-", type=click.File("w", encoding="utf-8"), help="Default: stdout.")
def export(
    site: Path, copies: tuple[Path, ...], key: str, first: int, last: int | None, out: TextIO
) -> None:
    """Write entries, each with the proof that it is under the newest checkpoint (docs/audit.md).

    One JSON object a line; the first one says whether the whole log is clean. Exit code 1 when it
    is not: what was tampered with has no proof.
    """
    settings = load_site(site)
    data = Path(settings.data)
    objects = exported(
        data,
        server_of(settings),
        copies=(*copies, *_second_place(settings)),
        key=_key(data, key),
        first=first,
        last=last,
    )
    head = next(objects)
    out.write(f"{json.dumps(head)}\n")
    for one in objects:
        out.write(f"{json.dumps(one, ensure_ascii=False)}\n")
    if not head["clean"]:
        click.echo("the log is not clean: see `inspector audit verify`", err=True)
        sys.exit(TAMPERED)


@audit_command.command("key")
@site_option
@click.option("--change", is_flag=True, help="Sign with a new key from now on.")
def key_command(site: Path, *, change: bool) -> None:
    """Print the public keys that the log was signed with, oldest first.

    Note the first one where nobody at the site can change it: with it a third party can check the
    log. After a change of key the log itself says which key is the next one.
    """
    settings = load_site(site)
    if change:
        recorder_of(settings).ask({"do": "change_audit_key"})
    click.echo("\n".join(one.text for one in public_keys(Path(settings.data))))


@audit_command.command("begin-anew")
@site_option
@click.option("--reason", required=True, help="Stands in the log: what was restored, and why.")
def begin_anew(site: Path, reason: str) -> None:
    """Begin another log after a restore from a backup, and print its public key.

    Only when the log does not agree with its checkpoints any more. Those are put aside, not thrown
    away: against them the log stays what it is, one that was set back.
    """
    answer = recorder_of(load_site(site)).ask({"do": "begin_audit_anew", "reason": reason})
    click.echo(answer["key"])


def lines(result: Checked) -> list[str]:
    """Return what is said to people: one line when the log is clean."""
    walk = result.walk
    if result.count:
        more = result.count - SHOWN
        rest = [f"and {more} more"] if more > 0 else []
        return [*(f"{one.text}." for one in result.findings[:SHOWN]), *rest]
    if walk.newest is None:
        return ["audit log clean: no entries yet"]
    anew = "".join(f"; a new log begins at entry {seq}" for seq in walk.begun_anew)
    newest = f"last checkpoint over {walk.newest.size}, root {walk.newest.root.hex()[:16]}"
    return [
        f"audit log clean: {walk.entries} entries, {newest}, "
        f"{walk.copies} copies of checkpoints agree{anew}"
    ]


def _second_place(site: Site) -> tuple[Path, ...]:
    """Return the copy of the checkpoints that the site keeps elsewhere, where it can be reached."""
    if not site.audit.copy_to:
        return ()
    origin = public_keys(Path(site.data))[-1].name
    file = copy_file(Path(site.folder) / site.audit.copy_to, origin)
    if file.exists():
        return (file,)
    click.echo(f"{file} is not there: the log was not held against it", err=True)
    return ()


def _key(data: Path, text: str) -> Verifier:
    return Verifier.from_text(text) if text else first_key(data)
