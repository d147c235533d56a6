"""A guided liveness test of the camera, in the terminal."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import click

from faceguard.camera.source import FrameSource, shows_now
from faceguard.cli import trials
from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.cli.door import fps_option, source_option
from faceguard.compose import House, judging_networks
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError, NotPermitted
from faceguard.domain.presentation import PadSetup, Response, Species, Trial
from faceguard.evaluation.measured_liveness import DETERS, MeasuredLiveness, answer_of, quote, table_lines
from faceguard.trial_bench import Judged, refusal_of

SIMULATION: Final = "SIMULATION"
RECORDING: Final = "RECORDING"
APART: Final = "Nothing is stored, and none of this is a PAD rate of a camera."


@click.group()
def selftest() -> None:
    """Measure parts of this installation with your own means."""


@selftest.command()
@source_option
@fps_option
@click.option("--species", type=click.Choice([s.value for s in Species]), help="What is held up; else it is asked for.")
@click.option("--count", type=click.IntRange(1, 10_000), help="So many presentations of --species, then the table.")
@click.option("--show", is_flag=True, help="Print what is stored for this camera, policy and networks.")
@click.option("--clear", is_flag=True, help="Forget everything that was measured on this camera; admin PIN.")
@json_option
@click.pass_context
def liveness(
    context: click.Context,
    source: str | None,
    fps: float | None,
    species: str | None,
    count: int | None,
    show: bool,
    clear: bool,
    json_: bool,
) -> None:
    """Hold up prints, phones and yourself, and learn what THIS camera's liveness lets pass.

    Each presentation is judged by the door's own liveness gates; whose face it is plays no part, and no door opens. The
    results (APCER of each species, the worst first; BPCER; exact 95 % bounds) are kept for this camera, picture size,
    policy and networks, and quoted where the policy is chosen; that takes the admin PIN. A recording is judged too,
    from its beginning for each presentation, but nothing of it is kept. --show exits with 1 when nothing is stored.
    """
    if count is not None and species is None:
        raise click.UsageError("--count goes with --species.")
    if show and clear:
        raise click.UsageError("--show and --clear exclude each other.")
    app: Context = context.obj
    with contextlib.closing(app.house.open_desk(networks=False)) as desk:
        camera = app.house.open_source(source, fps=fps, paced=False)
        if show:
            context.exit(_show(app.house, desk, camera, json_))
        if clear:
            _clear(desk, camera, json_)
            return
        refusal = refusal_of(app.house.policy())
        if refusal:
            raise FaceguardError(refusal)
        series = Series(desk, shows_now(camera))
        chosen = None if species is None else Species(species)
        with contextlib.suppress(KeyboardInterrupt):
            if series.kept:
                desk.unlock(ask_pin("Admin PIN"))
                desk.liveness_tests.begin()
                try:
                    trials.guide(app.house, camera, series, chosen, count)
                finally:
                    desk.liveness_tests.finish()
            elif chosen is not None:
                series.say(f"{_kind(camera)}: {APART}")
                trials.play(app.house, camera, series, chosen, count or 1)
            else:
                raise click.UsageError("A recording is judged with --species and, where it is wanted, --count.")
        _tell(series, camera, json_)


def stored(house: House, desk: Desk, camera: FrameSource, size: tuple[int, int] | None = None) -> MeasuredLiveness:
    """What was measured on this camera by the rules in force; nothing for a recording or a simulation.

    Args:
        house: rules and networks.
        desk: reads it.
        camera: not opened here.
        size: width and height of its pictures; those of its last test when they are not known.
    """
    tests, policy = desk.liveness_tests, house.policy()
    size = size or tests.latest_size(camera.label)
    if size is None or not shows_now(camera) or refusal_of(policy):
        return MeasuredLiveness()
    return tests.of(PadSetup(camera.label, *size, policy.liveness.value, judging_networks(house.networks)))


@dataclass(slots=True)
class Series:
    """The presentations of one call.

    Attributes:
        desk: keeps them.
        kept: they are of a real camera.
    """

    desk: Desk
    kept: bool
    trials: list[Trial] = field(default_factory=list)

    def say(self, words: str) -> None:
        """Tell the person what happens; standard output is for the results."""
        click.echo(words, err=True)

    def add(self, species: Species, judged: Judged) -> None:
        """One more, kept where it may be quoted."""
        trial = Trial(datetime.now(UTC), judged.setup, species, judged.result)
        if self.kept:
            self._record(trial)
        self.trials.append(trial)
        tried = [t for t in self.trials if t.species is species]
        passed = sum(t.result.response is Response.PASSED for t in tried)
        words = f"{judged.result.response.upper()} ({judged.result.reason})"
        self.say(f"  {species} {len(tried)}: {words}; {passed} of {len(tried)} passed so far")

    def _record(self, trial: Trial) -> None:
        try:
            self.desk.liveness_tests.record(trial)
        except NotPermitted:
            self.say("  Nothing was tried for some minutes: the admin PIN once more, or this one is not kept.")
            self.desk.unlock(ask_pin("Admin PIN"))
            self.desk.liveness_tests.begin()
            self.desk.liveness_tests.record(trial)

    def undo(self) -> None:
        """Take the last one back."""
        if not self.trials:
            self.say("  there is nothing to take back")
            return
        if self.kept:
            self.desk.liveness_tests.undo()
        gone = self.trials.pop()
        self.say(f"  taken back: {gone.species}, {gone.result.response}")

    @property
    def measured(self) -> MeasuredLiveness:
        """All that is stored of the setup that was tried last; without storing, this series."""
        if self.kept and self.trials:
            return self.desk.liveness_tests.of(self.trials[-1].setup)
        return MeasuredLiveness(tuple(self.trials))


def _kind(camera: FrameSource) -> str:
    return SIMULATION if camera.simulated else RECORDING


def _clear(desk: Desk, camera: FrameSource, json_: bool) -> None:
    desk.unlock(ask_pin("Admin PIN"))
    gone = desk.liveness_tests.clear(camera.label)
    if json_:
        as_json({"camera": camera.label, "cleared": gone})
    else:
        click.echo(f"{gone} {'presentation' if gone == 1 else 'presentations'} before {camera.label} forgotten.")


def _show(house: House, desk: Desk, camera: FrameSource, json_: bool) -> int:
    """What is stored; the exit code."""
    found = stored(house, desk, camera)
    if json_:
        as_json({"camera": camera.label, **_setup_answer(found), **answer_of(found)})
    else:
        click.echo(f"{camera.label}, policy {house.policy().liveness}: {quote(found)}")
        for line in table_lines(found) if found.trials else []:
            click.echo(line)
        click.echo(DETERS)
    return 0 if found.measured else 1


def _tell(series: Series, camera: FrameSource, json_: bool) -> None:
    found = series.measured
    label = None if series.kept else _kind(camera)
    if json_:
        shown = [
            {"species": t.species.value, "response": t.result.response.value, "reason": t.result.reason}
            for t in series.trials
        ]
        kept = {"label": None if label is None else label.lower(), "stored": series.kept, "trials": shown}
        as_json({"camera": camera.label, **_setup_answer(found), **kept, **answer_of(found)})
        return
    if label is not None:
        click.echo(f"{label} ({camera.label}): {APART}")
    elif found.trials:
        setup = found.trials[-1].setup
        click.echo(f"{setup.camera}, {setup.width} x {setup.height} pixels, policy {setup.policy}, all trials so far:")
    for line in table_lines(found):
        click.echo(line)


def _setup_answer(found: MeasuredLiveness) -> dict[str, Any]:
    setup = found.trials[-1].setup if found.trials else None
    return {
        "width": None if setup is None else setup.width,
        "height": None if setup is None else setup.height,
        "policy": None if setup is None else setup.policy,
        "networks": None if setup is None else setup.networks,
    }
