"""`inspector plc certificate` and `inspector plc trust`: who believes whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.gateway.plc_access import our_certificate, profile_of
from inspector.gateway.plc_trust import keep, seen_at
from inspector.plc.certificates import Certificate, opened
from inspector.plc.openly import Shown, shown

RENEWED = "opcua.new"
"""Beside `opcua`, in the site's data."""


@click.command("certificate")
@site_option
@click.option("--renew", is_flag=True, help="Make a new one beside it; the old one stays in use.")
def certificate(site: Path, *, renew: bool) -> None:
    """Show our own certificate, made now if there is none: this one the PLC must trust."""
    data = Path(load_site(site).data)
    ours = our_certificate(data)
    _say(ours, "our certificate, in use")
    if renew:
        _say(our_certificate(data, RENEWED), "the new one, not yet in use")
        lines = _how_to_change(data)
    else:
        lines = _how_to_load(ours)
    for number, line in enumerate(lines, 1):
        click.echo(f"{number}. {line}")


@click.command("trust")
@site_option
@click.option("--plc", required=True, help="Which: the name of its file in stations/plc/.")
@click.option("--thumbprint", default="", help="As you read it at the PLC: SHA-1 or SHA-256.")
def trust(site: Path, plc: str, thumbprint: str) -> None:
    """Show the certificate of a PLC, and trust it once its thumbprint is given.

    It is fetched without encryption, so somebody on the way could show another one. Read the
    thumbprint at the PLC itself (engineering tool, web page, display), and give that one.
    """
    settings = load_site(site)
    profile = profile_of(settings, plc)
    seen = seen_at(profile)
    for line in _described(seen):
        click.echo(line)
    if not thumbprint:
        click.echo("Nothing was written. Compare it at the PLC; if it is the same one:")
        click.echo(f"  inspector plc trust --site {site} --plc {plc} --thumbprint <read there>")
        return
    kept = keep(settings, profile, seen, thumbprint)
    click.echo(f"trusted: {kept.file}" + ("" if kept.new else " (it lay there already)"))


def _say(one: Certificate, title: str) -> None:
    click.echo(f"{title}: {one.cert_der}")
    for line in _described(shown(opened(one)[0])):
        click.echo(line)


def _described(seen: Shown) -> Iterator[str]:
    now = datetime.now(UTC)
    yield f"  subject         {seen.subject}"
    yield f"  SHA-1           {seen.sha1}"
    yield f"  SHA-256         {seen.sha256}"
    yield f"  ApplicationUri  {', '.join(seen.uris)}"
    yield f"  valid           {seen.begins:%Y-%m-%d} to {seen.ends:%Y-%m-%d}"
    yield f"  days left       {(seen.ends - now).days}"
    if wrong := seen.outside_its_dates(now):
        yield f"  WRONG           {wrong}"


def _how_to_load(ours: Certificate) -> tuple[str, ...]:
    return (
        f"Copy {ours.cert_der} to the PLC's engineering tool (never key.pem, the private key).",
        "Put it into the list of trusted clients there, or move it from the rejected ones: the PLC"
        " has it there after the gateway's first try. Compare the thumbprint.",
        "Prove it with `inspector plc check`.",
    )


def _how_to_change(data: Path) -> tuple[str, ...]:
    new, old = data / RENEWED, data / "opcua"
    return (
        f"Let the PLC trust {new / 'certificate.der'} first, beside the old one.",
        "End the gateway: from here on parts are rejected until step 4.",
        f"mv {old} {old}.old && mv {new} {old}",
        "Start the gateway; prove it with `inspector plc check`.",
        f"Remove the old certificate from the PLC's list, and {old}.old with its key.",
    )
