"""`inspector limits`: a limit is proposed by the records, and moves once a person has signed it."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from inspector.cli.advise import effect_rows, table
from inspector.cli.options import moment
from inspector.cli.run import site_option
from inspector.clock import SystemClock
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.advice import Effect
from inspector.domain.kpi import Window
from inspector.domain.limits import LimitProposal, LimitsVersion
from inspector.gateway.limits import (
    advice_of,
    check_as_judged,
    costs_of,
    proposing,
    put_in_force,
    standing_of,
)
from inspector.gateway.plc_access import station_of
from inspector.gateway.recorder_ask import recorder_of
from inspector.reports.costs import CostsFile
from inspector.reports.toml_file import TomlFile
from inspector.storage.sql_advice import SqlAdvice

DEFAULT_WINDOW = timedelta(days=28)

station_option = click.option("--station", required=True, help="Which; the name of its file.")
reason_option = click.option("--reason", required=True, help="Why; it stays in the audit log.")
badge_option = click.option("--badge", prompt="Badge", help="Whose signature; asked for.")


@click.group("limits")
def limits_command() -> None:
    """Score limits of the stations: propose, sign, take back. Nothing moves without a signature."""


@limits_command.command("propose")
@station_option
@click.option("--class", "kind", required=True, help="Of defect; whose limit it is.")
@click.option(
    "--costs",
    type=click.Path(path_type=Path),
    help="TOML file (docs/kpi.md); default: [costs] of site.toml, and its escape-rate target.",
)
@click.option("--since", callback=moment, help="ISO 8601 with its zone; default: 28 days ago.")
@click.option("--until", callback=moment, help="The same, not in the window; default: now.")
@site_option
def propose(
    site: Path,
    *,
    station: str,
    kind: str,
    costs: Path | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Ask the records of a site what a limit costs, and keep the step that the rails allow.

    The proposal is kept with its evidence until somebody signs it; nothing else is changed.
    """
    settings, end = load_site(site), until or SystemClock().now()
    file = TomlFile(costs).read(CostsFile) if costs else costs_of(settings)
    found = proposing(settings, station, kind, file, Window(since or end - DEFAULT_WINDOW, end))
    head = f"station {station}, limit of {kind}, version {found.follows.number}"
    click.echo("\n".join([f"{head}, costs in {file.currency}", *table(found.advice)]))
    if found.as_asked is None:
        click.echo("\n".join(f"nothing is proposed: {why}" for why in found.advice.refusals))
        return
    kept = recorder_of(settings).ask({"do": "propose_limit", "proposal": found.as_asked})
    less = " It lowers protection." if found.advice.lowers_protection else ""
    number = kept["proposal"]
    click.echo(f"proposal {number}: `inspector limits sign {number}` puts it in force.{less}")


@limits_command.command("list")
@click.option("--station", default="", help="Default: all of them.")
@click.option("--json", "as_json", is_flag=True, help="One object (docs/schemas/limits.json).")
@site_option
def list_limits(site: Path, *, station: str, as_json: bool) -> None:
    """List the versions of limits with who signed them and their first part, and open proposals."""
    settings = load_site(site)
    names = [station_of(settings, station).name] if station else [s.name for s in settings.stations]
    with closing(advice_of(settings)) as records:
        told = [_told(records, name) for name in names]
    if as_json:
        click.echo(json.dumps({"schema": 1, "stations": told}))
        return
    for one in told:
        click.echo("\n".join(_lines(one)))


def _told(records: SqlAdvice, station: str) -> dict[str, Any]:
    versions, proposals = records.versions(station), records.proposals(station)
    signed = {one.proposal: one.number for one in versions}
    return {
        "station": station,
        "versions": [_version(one, records.first(station, one)) for one in versions],
        "proposals": [
            {**asdict(one), "at": one.at.isoformat(), "signed_as": signed.get(one.id)}
            for one in proposals
        ],
    }


def _version(one: LimitsVersion, first: tuple[str, datetime] | None) -> dict[str, Any]:
    began = {"record": first[0], "at": first[1].isoformat()} if first else None
    return {**asdict(one), "at": one.at.isoformat(), "first": began}


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [f"station {told['station']}" + ("" if told["versions"] else ": no part judged yet")]
    for one in told["versions"]:
        limits = ", ".join(f"{kind} {limit:g}" for kind, limit in sorted(one["limits"].items()))
        first = one["first"]
        begins = f"from record {first['record']}, {first['at']}" if first else "on no record"
        by = f"signed by {one['by']}" if one["by"] else "not signed"
        lines.append(f"  version {one['number']}: {limits}; {by}: {one['why']}; {begins}")
    newest = told["versions"][0]["number"] if told["versions"] else 0
    for one in told["proposals"]:
        state = _state(one, newest)
        moves = f"{one['kind']} {one['now']:g} to {one['proposed']:g}"
        lines.append(f"  proposal {one['id']}: {moves}, {one['at']}; {state}")
    return lines


def _state(proposal: dict[str, Any], newest: int) -> str:
    if proposal["signed_as"]:
        return f"signed as version {proposal['signed_as']}"
    follows = proposal["follows"]
    return "open" if follows == newest else f"out of date: it was for version {follows}"


@limits_command.command("sign")
@click.argument("proposal", type=click.IntRange(1, 2**31 - 1))
@reason_option
@badge_option
@site_option
def sign(proposal: int, *, site: Path, reason: str, badge: str) -> None:
    """Sign a proposal with badge and PIN: its limit holds from the next part but a few on.

    A gateway that runs changes between two parts, and each record names the version that judged
    it; then the station's file is written. One that does not run begins with it at its next start.
    """
    settings = load_site(site)
    with closing(advice_of(settings)) as records:
        found = records.proposal(proposal)
        standing = standing_of(records.versions(found.station), found.station)
    if standing.number == found.follows:
        check_as_judged(settings, found.station, standing)
    click.echo("\n".join(evidence_lines(found)))
    said = {"do": "sign_limits", "proposal": proposal, "badge": badge, "reason": reason}
    _sign(settings, site, found.station, said)


@limits_command.command("take-back")
@station_option
@reason_option
@badge_option
@site_option
def take_back(*, station: str, site: Path, reason: str, badge: str) -> None:
    """Take back what was signed last, at any time: the limits before it hold again."""
    settings = load_site(site)
    station_of(settings, station)
    said = {"do": "take_back_limits", "station": station, "badge": badge, "reason": reason}
    _sign(settings, site, station, said)


def _sign(settings: Site, site: Path, station: str, said: dict[str, Any]) -> None:
    pin = click.prompt("PIN", hide_input=True)
    answer = recorder_of(settings).ask({**said, "pin": pin})
    click.echo(f"signed by {answer['name']}: version {answer['version']} of {station}")
    click.echo(put_in_force(site, station))


@limits_command.command("apply")
@station_option
@site_option
def apply(*, station: str, site: Path) -> None:
    """Put the version that was signed last in force, where that failed when it was signed."""
    click.echo(put_in_force(site, station))


def evidence_lines(proposal: LimitProposal) -> list[str]:
    """Return what is about to be signed, for people."""
    found = proposal.evidence
    rails, window = found["rails"], found["window"]
    effects = {name: _effect(found[name]) for name in ("now", "cheapest", "proposed")}
    lines = [
        f"proposal {proposal.id} for {proposal.station}: {proposal.kind} "
        f"{proposal.now:g} to {proposal.proposed:g}, after version {proposal.follows}",
        f"{found['parts']} parts, {found['audited']} audited, {window['since']} to "
        f"{window['until']}; sha256 {found['data_sha256'][:16]}",
        *effect_rows(effects),
        f"rejects change by {rails['rejects_change']:+.0%} (rail: "
        f"{rails['rejects_change_at_most']:.0%}), {rails['finds']} confirmed finds (rail: "
        f"{rails['finds_at_least']})",
    ]
    return [*lines, *(["It lowers protection."] if proposal.lowers_protection else [])]


def _effect(told: dict[str, Any]) -> Effect:
    low, high = told["band"]
    return Effect(**{**told, "band": (low, high)})
