"""The command line, one file per job. Exit codes: 0 yes, 1 no, 2 wrong use or an error."""

from __future__ import annotations

import click

from faceguard import __version__
from faceguard.cli import (
    bench,
    calibrate,
    comparison,
    doctor,
    door,
    evaluate,
    impostors,
    models,
    open_set,
    people,
    photos,
    selftest,
    settings,
    shadow,
    train,
    what_if,
)
from faceguard.cli.context import Context, FaceguardGroup


@click.group(cls=FaceguardGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="faceguard")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="Folder that holds settings, people and events (else FACEGUARD_HOME, else this system's own place).",
)
@click.option("-v", "--verbose", is_flag=True, help="Log to standard error what happens inside.")
@click.pass_context
def faceguard(context: click.Context, data_dir: str | None, verbose: bool) -> None:
    """Face access control for doors: from camera frame to grant or deny.

    Exit codes: 0 yes, 1 no (not the same, not recognised, a scene failed), 2 wrong use or an error.
    """
    context.obj = Context(data_dir, verbose=verbose)


evaluate.evaluate.add_command(open_set.open_set)
models.models.add_command(comparison.comparison)
evaluate.evaluate.add_command(impostors.impostors)
for command in (
    door.demo,
    door.run,
    door.kiosk,
    people.setup,
    people.enrol,
    people.gallery,
    photos.verify,
    photos.identify,
    settings.settings,
    calibrate.calibrate,
    what_if.what_if,
    shadow.shadow,
    selftest.selftest,
    models.models,
    doctor.doctor,
    evaluate.evaluate,
    bench.bench,
    train.train,
):
    faceguard.add_command(command)
