"""Placeholder until the check-up is written."""
import click


@click.command()
def doctor() -> None:
    """Check-up."""
