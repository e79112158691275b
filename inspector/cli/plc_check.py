"""`inspector plc check`: everything between the gateway and one station's PLC."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.gateway.plc_access import station_of
from inspector.gateway.plc_check import Report, check_plc
from inspector.plc.finding import Mark
from inspector.plc.node_check import NODES, NodeState

SHOWN = {Mark.GOOD: "ok   ", Mark.NOTE: "note ", Mark.WRONG: "WRONG"}
RIGHTS = {True: "yes", False: "no", None: "?"}


@click.command("check")
@site_option
@click.option("--station", required=True, help="Whose PLC.")
@click.option(
    "--writes",
    default=500,
    show_default=True,
    type=click.IntRange(0, 100_000),
    help="Of the write test; 0: none.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object (docs/schemas/plc-check.json)."
)
def check(site: Path, station: str, *, writes: int, as_json: bool) -> None:
    """Look at a station's PLC and name everything that is wrong, with what to do.

    It takes one more session for some seconds, reads, and closes it: a running line is not
    disturbed. The write test writes Link.GatewayHeartbeat, and always the value that stands there:
    for a PLC program that looks for a change, as it must, no gateway is alive. A program that takes
    any write for a sign of life would believe that a gateway is there. While this site's gateway
    runs, or the heartbeat changes, nothing is written; and it cannot be started until this ends.
    Exit code 1: something is wrong.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it says is in our findings
    settings = load_site(site)
    report = check_plc(settings, station_of(settings, station), writes=writes)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        for line in in_words(report):
            click.echo(line)
    if report.fixes:
        raise SystemExit(1)


def in_words(report: Report) -> Iterator[str]:
    """Yield the lines for a person."""
    yield f"station {report.station}, PLC {report.plc}"
    for finding in report.findings:
        if finding.about != NODES or finding.mark is not Mark.WRONG:
            yield f"{SHOWN[finding.mark]} {finding.about}: {finding.text}"
    if wrong := sum(bool(node.trouble) for node in report.inside.nodes):
        yield f"WRONG nodes: {wrong} of {len(report.inside.nodes)}, marked and listed below"
    yield from _node_table(report.inside.nodes)
    if report.fixes:
        yield "To mend, in this order:"
        yield from (f"{number}. {text}" for number, text in enumerate(report.fixes, 1))
    else:
        yield "all in order"


def _node_table(nodes: Sequence[NodeState]) -> Iterator[str]:
    """Yield a line per node; of a table whose slots are alike, one for all."""
    rows: dict[tuple[str, ...], list[NodeState]] = {}
    for node in nodes:
        rows.setdefault(_alike(node), []).append(node)
    if rows:
        yield f"{'node':<34}{'NodeId':<40}{'type':<14}{'wanted':<16}{'read':<6}{'write':<6}"
    for many in rows.values():
        yield _row(many)


def _alike(node: NodeState) -> tuple[str, ...]:
    table = re.sub(r"\[\d+\]", "[]", node.name)
    same = (node.type, str(node.length), str(node.readable), str(node.writable))
    return (table, *same, str(bool(node.trouble)))


def _row(many: Sequence[NodeState]) -> str:
    first, last = many[0], many[-1]
    name, where = first.name, first.node_id
    if len(many) > 1:
        name = f"{name[:-1]}..{last.name.rpartition('[')[2]}"
        where = f"{where} ..."
    kind = f"{first.type or 'none'}{f'[{first.length}]' if first.length else ''}"
    write = RIGHTS[first.writable] if first.written else "-"
    wanted = " or ".join(first.wanted)
    mark = "  WRONG" if first.trouble else ""
    return f"{name:<34}{where:<40}{kind:<14}{wanted:<16}{RIGHTS[first.readable]:<6}{write:<6}{mark}"
