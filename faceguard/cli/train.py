"""Training of the networks; needs the extra ``train``, which is looked for only when a command runs."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import tomlkit

from faceguard.cli.compare_runs import compare
from faceguard.cli.context import as_json, json_option
from faceguard.cli.pad import pad_card
from faceguard.cli.prepare import prepare
from faceguard.cli.train_head import train_head
from faceguard.domain.errors import FaceguardError
from faceguard.resources import bundled

if TYPE_CHECKING:
    from faceguard.domain.card import PadCard
    from faceguard.training.distil import Exported
    from faceguard.training.recipe import Recipe

RECIPES: Final = "recipes.toml"
SHORT_BATCH: Final = 16
"""Of a run that only shows that it works: a processor must get through some of them in a minute."""
NEEDED: Final = ("torch", "pytorch_metric_learning", "sklearn", "matplotlib")

_path = click.Path(path_type=Path)
_existing = click.Path(path_type=Path, exists=True)


class TrainGroup(click.Group):
    """Says what to install before a command of it fails."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command.

        Raises:
            FaceguardError: the extra is not installed.
        """
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise FaceguardError(
                f"Training needs packages that are not installed ({', '.join(missing)}); install them into .venv with: "
                f'.venv/bin/python -m pip install -e ".[train]"'
            )
        return super().invoke(ctx)


@click.group(cls=TrainGroup)
def train() -> None:
    """Train the networks (needs the extra `train`)."""


train.add_command(prepare)
train.add_command(compare)
train.add_command(train_head)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """What every training takes."""
    for option in reversed(
        (
            click.option("--out", type=_path, required=True, help="Run folder; one that was begun is gone on with."),
            click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1 ...", show_default=True),
            click.option(
                "--gpus",
                type=click.IntRange(1),
                default=1,
                show_default=True,
                help="Train on so many at once, a process and a batch each; with --device cpu, in so many processes.",
            ),
            click.option("--seed", type=int, default=1, show_default=True),
        )
    ):
        command = option(command)
    return command


@train.command()
@click.argument("student", type=click.Choice(["encoder", "detector", "landmarks", "pad"]))
@click.argument("data", type=_existing)
@click.option("--teacher", "teachers", type=_existing, multiple=True, required=True, help="ONNX file; repeat for more.")
@click.option("--steps", type=click.IntRange(1), help="Train for so many steps.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Train for so long, all stretches together.")
@click.option("--batch", type=click.IntRange(2), default=128, show_default=True)
@click.option("--rate", type=float, default=2e-3, show_default=True, help="Greatest learning rate.")
@click.option("--average", type=float, default=0.999, show_default=True, help="Decay of the weights' running mean.")
@click.option("--start", type=_existing, help="State dict to go on from (averaged.pt of another run).")
@click.option("--patience", type=click.IntRange(1), help="Stop after so many measurements without a better one.")
@click.option("--compile", "compile_", is_flag=True, help="Let torch compile the student.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Of the student, for example width=32.")
@run_options
def distil(
    student: str,
    data: Path,
    teachers: tuple[Path, ...],
    steps: int | None,
    minutes: float | None,
    batch: int,
    rate: float,
    average: float,
    start: Path | None,
    patience: int | None,
    compile_: bool,
    options: tuple[str, ...],
    out: Path,
    device: str,
    gpus: int,
    seed: int,
) -> None:
    """Distil a STUDENT from its teachers on the faces in DATA (made by `faceguard train prepare`).

    The run folder holds the configuration with the digests of data and teachers, the curves, TensorBoard's files and
    the weights, plain and averaged over the steps. `faceguard train export OUT` makes a network of them.

    A PAD network's teachers look at crops of their own, so each needs its card: FILE.toml, or cards.toml beside it as
    in the folders of installed networks.
    """
    from faceguard.training.recipe import Recipe

    recipe = Recipe(
        student=student,
        steps=steps,
        minutes=minutes,
        batch=batch,
        rate=rate,
        average=average,
        seed=seed,
        options=_options(options),
        processes=gpus,
    )
    _distil(recipe, data, teachers, out, device, start=start, patience=patience, compile_=compile_)
    click.echo(f"The weights are in {out}; `faceguard train export {out}` makes a network of them.")


@train.command()
@click.argument("data", type=_existing)
@click.option("--loss", default="arcface", show_default=True, help="By name; `faceguard train losses` lists them.")
@click.option("--miner", help="random, semi-hard, batch-hard or distance-weighted, for a loss over pairs.")
@click.option("--margin", type=float, help="The loss's margin, where it has one.")
@click.option("--loss-option", "loss_options", multiple=True, metavar="NAME=VALUE", help="Further ones of the loss.")
@click.option("--pretrain", "softmax_steps", type=click.IntRange(1), help="First so many steps of plain softmax.")
@click.option("--steps", type=click.IntRange(1), default=20_000, show_default=True)
@click.option("--people", type=click.IntRange(2), default=16, show_default=True, help="P of a batch.")
@click.option("--photos", type=click.IntRange(2), default=4, show_default=True, help="K of a batch.")
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Greatest learning rate.")
@click.option("--start", type=_existing, help="State dict to go on from (averaged.pt of another run).")
@click.option("--patience", type=click.IntRange(1), help="Stop after so many measurements without a better one.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Of the network, e.g. prelu=true.")
@run_options
def encoder(
    data: Path,
    loss: str,
    miner: str | None,
    margin: float | None,
    loss_options: tuple[str, ...],
    softmax_steps: int | None,
    steps: int,
    people: int,
    photos: int,
    rate: float,
    start: Path | None,
    patience: int | None,
    options: tuple[str, ...],
    out: Path,
    device: str,
    gpus: int,
    seed: int,
) -> None:
    """Train an encoder on the named people in DATA, by metric learning or margin softmax.

    With --pretrain a plain softmax comes first and the loss fine-tunes at a tenth of the learning rate.
    """
    from faceguard.training.face_set import FaceSet
    from faceguard.training.learn_encoder import learn_files
    from faceguard.training.loop import device_of
    from faceguard.training.metric import Stage
    from faceguard.training.recipe import Recipe
    from faceguard.training.together import train_together

    wanted = _options(loss_options) | ({} if margin is None else {"margin": margin})
    last = 0.1 * rate if softmax_steps else rate
    stages = [Stage(loss=loss, options=wanted, miner=miner, steps=steps, people=people, photos=photos, rate=last)]
    if softmax_steps:
        stages.insert(0, Stage(loss="softmax", steps=softmax_steps, people=people, photos=photos, rate=rate))
    faces = FaceSet.open(data)
    recipe = Recipe(
        student="encoder",
        steps=sum(stage.steps for stage in stages),
        batch=people * photos,
        rate=rate,
        seed=seed,
        options=_options(options),
        data=faces.digest,
        stages=tuple(str(stage) for stage in stages),
        processes=gpus,
    )
    more = {"start": start, "patience": patience}
    train_together(gpus, device_of(device, gpus), learn_files, recipe, stages, data, out, _progress, more)
    click.echo(f"The weights are in {out}; `faceguard train export {out}` makes a network of them.")


@train.command()
@click.argument("data", type=_existing)
@click.option("--card", "card_id", required=True, help="Id of the bundled network to make again.")
@click.option("--teacher", "teachers", type=_existing, multiple=True, required=True, help="ONNX file; repeat for more.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Only so long, to see that it works.")
@click.option("--steps", type=click.IntRange(1), help="Only so many steps, to see that it works.")
@run_options
def reproduce(
    data: Path,
    card_id: str,
    teachers: tuple[Path, ...],
    minutes: float | None,
    steps: int | None,
    out: Path,
    device: str,
    gpus: int,
    seed: int,
) -> None:
    """Distil a bundled network again by its recorded recipe, on the faces in DATA.

    Its teachers are told by their digests. Other data than the recorded makes another network, which is said.
    """
    from faceguard.training.distil import digest_of
    from faceguard.training.face_set import FaceSet
    from faceguard.training.recipe import read_recipes

    recipes = {recipe.card: recipe for recipe in read_recipes(bundled("models") / RECIPES)}
    if card_id not in recipes:
        raise FaceguardError(f"There is no recipe of '{card_id}'; there are: {', '.join(recipes) or 'none'}.")
    recipe = recipes[card_id]
    found = [digest_of(path) for path in teachers]
    if recipe.teachers and tuple(found) != recipe.teachers:
        raise FaceguardError(
            f"These are not the teachers of {card_id}: SHA-256 {', '.join(recipe.teachers)} is asked for, "
            f"{', '.join(found)} was given."
        )
    if recipe.data and FaceSet.open(data).digest != recipe.data:
        click.echo(f"The faces are not those that {card_id} was made of: another network will come of them.", err=True)
    if minutes is not None or steps is not None:
        recipe = dataclasses.replace(
            recipe, minutes=minutes, steps=steps or recipe.steps, batch=min(recipe.batch, SHORT_BATCH)
        )
    _distil(dataclasses.replace(recipe, seed=seed, processes=gpus), data, teachers, out, device)
    made = _exported(out, half=recipe.student != "detector", free=True)
    _write_card(out, made, card_id, recipe)


@train.command()
@click.argument("run", type=_existing)
@click.option("--id", "card_id", required=True, help="Id on its card, for example encoder_2027.")
@click.option("--half", is_flag=True, help="Store the weights as float16: half the size, the same speed.")
@click.option("--static", is_flag=True, help="For one picture of a fixed size at a time.")
@click.option("--int8", is_flag=True, help="An encoder's convolutions in 8 bits: a quarter of the size.")
@click.option("--calibrate", type=_existing, help="For --int8: prepared faces, of which the training part calibrates.")
def export(run: Path, card_id: str, half: bool, static: bool, int8: bool, calibrate: Path | None) -> None:
    """Write the network of a RUN folder as ONNX, with its card.

    The file is compared with torch and timed. `faceguard models add` takes it; an encoder's tau is then measured with
    `faceguard evaluate folder DIR --encoder ID --to-card`. Eight bits cost accuracy: measure what before you use them.
    """
    if int8 != (calibrate is not None):
        raise click.UsageError("--int8 and --calibrate DATA belong together.")
    if int8 and half:
        raise click.UsageError("--int8 and --half are two ways to store the weights: choose one.")
    made = _exported(run, half=half, free=not static)
    if calibrate is None:
        _write_card(run, made, card_id, None)
        return
    from faceguard.training.distil import load_run
    from faceguard.training.face_set import FaceSet
    from faceguard.training.quantise import quantise

    made, change = quantise(made, load_run(run)[1], FaceSet.open(calibrate))
    _write_card(run, made, card_id, None)
    click.echo(str(change))


@train.command()
@click.argument("file", type=_path)
def figure(file: Path) -> None:
    """Draw what each margin softmax does to the target's logit, over the angle; FILE ends in .png or .svg."""
    from faceguard.training.margin_figure import draw_margins

    draw_margins(file)
    click.echo(f"Drawn to {file}.")


@train.command("losses")
@json_option
def list_losses(json_: bool) -> None:
    """The losses and miners by name, with their options and papers."""
    from faceguard.training.losses import LOSSES
    from faceguard.training.miners import MINERS

    if json_:
        as_json({"losses": {n: {"options": dict(s.options), "paper": s.paper} for n, s in LOSSES.items()}})
        return
    for name, spec in LOSSES.items():
        options = ", ".join(f"{key}={value}" for key, value in spec.options.items())
        click.echo(f"{name:<14} {spec.paper}\n{'':<14} {options}")
    click.echo(f"miners: {', '.join(MINERS)}")


def _options(words: tuple[str, ...]) -> dict[str, Any]:
    """``("width=32", "blocks=[1,2]")`` -> values as TOML reads them."""
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = tomlkit.parse(f"v = {value}").unwrap()["v"]
        except tomlkit.exceptions.TOMLKitError as error:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE, for example width=32 or prelu=true") from error
    return found


def _distil(recipe: Recipe, data: Path, teachers: tuple[Path, ...], out: Path, device: str, **more: Any) -> None:
    from faceguard.training.distil import digest_of, distil_files
    from faceguard.training.face_set import FaceSet
    from faceguard.training.loop import device_of
    from faceguard.training.together import train_together

    digests = tuple(digest_of(path) for path in teachers)
    recipe = dataclasses.replace(recipe, teachers=digests, data=FaceSet.open(data).digest)
    if recipe.student == "pad":
        cards = more["cards"] = [pad_card(path) for path in teachers]
        looked_at = "; ".join(f"{c.id}: {_crop_of(c)}" for c in cards)  # it decides the outcome as their weights do
        recipe = dataclasses.replace(recipe, note=recipe.note or looked_at)
    chosen = device_of(device, recipe.processes)
    train_together(recipe.processes, chosen, distil_files, recipe, data, teachers, out, _progress, more)


def _crop_of(card: PadCard) -> str:
    """What a PAD network looks at, in words."""
    shape = "the longer side" if card.crop_square else "the box"
    scaling = f"mean {list(card.mean)}, std {list(card.std)}"
    return f"{card.crop_scale:g} times {shape} at {card.input_size} px, {card.colour_order}, {scaling}"


def _progress(line: str) -> None:
    """On a terminal the lines of progress are written over; measurements stay."""
    if sys.stderr.isatty() and not line.startswith("measured"):
        click.echo(f"\r\033[K{line}", err=True, nl=False)
    else:
        click.echo(f"\n{line}" if sys.stderr.isatty() else line, err=True)


def _exported(run: Path, *, half: bool, free: bool) -> Exported:
    from faceguard.training.distil import export, load_run

    recipe, net = load_run(run)
    return export(recipe, net, free=free, half=half)


def _write_card(run: Path, made: Exported, card_id: str, recipe: Recipe | None) -> None:
    """The ONNX file and its card beside the weights."""
    from faceguard.training.distil import load_run

    recipe = recipe or load_run(run)[0]
    file = run / f"{card_id}.onnx"
    file.write_bytes(made.data)
    document = tomlkit.document()
    card = tomlkit.table()
    for key, value in {
        "id": card_id,
        "file": file.name,
        "sha256": hashlib.sha256(made.data).hexdigest(),
        "size_bytes": len(made.data),
        **made.contract,
        "licence": "none stated: write here what the photos and the teachers allow",
        "origin": f"Distilled by `faceguard train distil {recipe.student}`; its recipe is config.json of the run.",
    }.items():
        card[key] = value
    tables = tomlkit.aot()
    tables.append(card)
    document[recipe.student] = tables
    (run / f"{card_id}.toml").write_text(tomlkit.dumps(document), encoding="utf-8")
    click.echo(
        f"{file}: {len(made.data) / 1e6:.2f} MB, {made.latency_ms:.2f} ms on one core at "
        f"{'x'.join(map(str, made.shape))}, differs from torch by {made.parity.relative:.1e} of the greatest output.\n"
        f"Put it to use: faceguard models add {file} --card {run / (card_id + '.toml')}"
    )
