"""`inspector plc force`: one verdict by hand, for commissioning."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.domain.verdict import Action, Verdict
from inspector.errors import BadInput
from inspector.gateway.plc_access import station_of
from inspector.gateway.plc_force import Order
from inspector.gateway.plc_force import force as force_verdict

VERDICTS = {"pass": Verdict.PASS, "reject": Verdict.REJECT}
DID = {
    Action.PASSED: "passed it by the machine's verdict",
    Action.REJECTED: "rejected it by the machine's verdict",
    Action.FAIL_SAFE: "rejected it fail-safe: it had no valid verdict",
    Action.PASSED_BY_KEY: "passed it by its pass-all key",
    Action.PASSED_BY_OPERATOR: "passed it by an operator's word",
    Action.REJECTED_BY_OPERATOR: "rejected it by an operator's word",
}


@click.command("force")
@site_option
@click.option("--station", required=True, help="Where.")
@click.option(
    "--part", required=True, metavar="next|N", help="Which: the next at the eye, or its id."
)
@click.option("--verdict", required=True, type=click.Choice(sorted(VERDICTS)))
@click.option(
    "--within-s", default=60.0, show_default=True, type=click.FloatRange(1, 3600), help="Patience."
)
@click.option("--i-know-what-i-do", "sure", is_flag=True, help="Needed: NOBODY INSPECTS THE PART.")
def force(
    site: Path, station: str, part: str, verdict: str, within_s: float, *, sure: bool
) -> None:
    """Say one verdict for one part without inspecting it, to prove the reject station.

    For commissioning only, with no gateway running: it raises the epoch, beats as a gateway does
    until the PLC has decided, and says what the PLC did. A bad part that is passed by force goes on
    down the line, and a PLC that resumes by itself may start the line when it hears us. Each one is
    noted in data/forced.jsonl with person, time, station and part. Exit code 1: the PLC did
    something else.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    if not sure:
        msg = "nobody inspects a part that is forced: add --i-know-what-i-do"
        raise BadInput(msg)
    settings = load_site(site)
    order = Order(station_of(settings, station), _number(part), VERDICTS[verdict], within_s)
    action = force_verdict(settings, order, say=click.echo)
    click.echo(f"the PLC {DID[action]}")
    wanted = Action.PASSED if order.verdict is Verdict.PASS else Action.REJECTED
    if action is not wanted:
        raise SystemExit(1)


def _number(part: str) -> int | None:
    if part == "next":
        return None
    if part.isascii() and part.isdigit() and 0 < int(part) < 1 << 32:
        return int(part)
    msg = f"--part: next, or a part's id (1 to 4294967295), not {part!r}"
    raise BadInput(msg)
