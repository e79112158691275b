"""`inspector train`."""

import click


@click.command("train")
def train_command() -> None:
    """Train."""
