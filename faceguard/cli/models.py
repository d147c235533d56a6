"""The networks: list, add, verify, choose, remove."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Final

import click

from faceguard.access.roles import Action
from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.card import DetectorCard, EncoderCard, ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.catalogue import Catalogue, Entry
from faceguard.pipeline.known_answer import prove

SETTING_OF: Final = {
    ModelTask.DETECTOR: "models.detector",
    ModelTask.ENCODER: "models.encoder",
    ModelTask.PAD: "models.pad",
}


@click.group()
def models() -> None:
    """The networks: list, add, verify, choose, remove."""


@models.command("list")
@json_option
@click.pass_obj
def list_networks(context: Context, json_: bool) -> None:
    """All installed networks; those in use have a star."""
    catalogue, used = context.house.catalogue, _in_use(context.house.settings(), context.house.catalogue)
    entries = catalogue.entries()
    if json_:
        as_json({"models": [_described(entry, used) for entry in entries]})
        return
    for entry in entries:
        star = "*" if entry.id in used else " "
        origin = "bundled" if entry.bundled else "added"
        click.echo(f"{star} {entry.id:<32} {_task(entry):<9} {origin:<8} {_summary(entry)}")


@models.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--card", "card_file", type=click.Path(path_type=Path), required=True, help="TOML file with its card.")
@click.pass_obj
def add(context: Context, file: Path, card_file: Path) -> None:
    """Copy the network FILE and its card into the data folder; asks for the admin PIN.

    The file is opened on the processor, compared with its card and tested first. It is not used before
    `faceguard models use ID`.
    """
    with contextlib.closing(admin_desk(context)):
        card = context.house.catalogue.add(file, card_file, prove)
    click.echo(f"The network {card.id} is added and tested; `faceguard models use {card.id}` puts it to use.")
    if isinstance(card, EncoderCard) and card.default_tau is None:
        click.echo(_NO_TAU)


@models.command()
@click.argument("id_", metavar="[ID]", required=False)
@json_option
@click.pass_context
def verify(context: click.Context, id_: str | None, json_: bool) -> None:
    """Check digest, shapes and known answer of the network ID, or of all. Exit code 0 all good, 1 not."""
    app: Context = context.obj
    catalogue = app.house.catalogue
    faults: dict[str, str] = {}
    for model_id in [id_] if id_ else [entry.id for entry in catalogue.entries()]:
        try:
            catalogue.verify(model_id, prove)
        except ModelFault as error:
            faults[model_id] = error.sentence
        else:
            faults[model_id] = ""
    if json_:
        as_json({"models": [{"id": i, "ok": not fault, "fault": fault or None} for i, fault in faults.items()]})
    else:
        for model_id, fault in faults.items():
            click.echo(f"{model_id:<32} {fault or 'ok'}")
    context.exit(1 if any(faults.values()) else 0)


@models.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def use(context: Context, id_: str) -> None:
    """Put the network ID to use from the next start; asks for the admin PIN.

    A liveness network is added to those in use. With another encoder everybody needs a new photo.
    """
    house = context.house
    with contextlib.closing(admin_desk(context)) as desk:
        card = house.catalogue.verify(id_, prove)
        before, key = house.encoder_card(), SETTING_OF[card.task]
        value = id_
        if card.task is ModelTask.PAD:
            value = ",".join(dict.fromkeys([*_words(house.settings().text(key)), id_]))
        desk.set(key, value)
        people = len(desk.people())
    click.echo(f"{key} = {value}; it counts from the next start.")
    if isinstance(card, EncoderCard) and card.encoder_id != before.encoder_id:
        click.echo(
            "Templates of another encoder are never compared with this one's: "
            + (f"all {people} people who are enrolled need a new photo." if people else "nobody is enrolled yet.")
        )
        if card.default_tau is None:
            click.echo(_NO_TAU)


@models.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def remove(context: Context, id_: str) -> None:
    """Delete the added network ID; asks for the admin PIN. A liveness network in use is taken out of use first."""
    house = context.house
    with contextlib.closing(admin_desk(context)) as desk:
        # its right to be deleted is looked at before the setting is touched
        pads = _words(house.settings().text("models.pad"))
        entry = next((e for e in house.catalogue.entries() if e.id == id_), None)
        if entry is not None and not entry.bundled and id_ in pads:
            desk.set("models.pad", ",".join(p for p in pads if p != id_))
        house.catalogue.remove(id_, _in_use(house.settings(), house.catalogue))
    click.echo(f"The network {id_} is removed.")


_NO_TAU: Final = (
    "Its card has no measured tau: people can be enrolled, but the door lets nobody in until tau is measured "
    "(`faceguard evaluate folder DIR --encoder ID --to-card`) or set (`faceguard settings set access.tau VALUE`)."
)


def admin_desk(context: Context) -> Desk:
    """A desk with the admin's rights.

    Raises:
        NotPermitted: wrong PIN, none set, or locked out.
    """
    desk = context.house.open_desk(networks=False)
    try:
        desk.unlock(ask_pin("Admin PIN"))
        desk.require(Action.MANAGE_MODELS)
    except BaseException:
        desk.close()
        raise
    return desk


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _in_use(settings: Settings, catalogue: Catalogue) -> frozenset[str]:
    """Ids that the settings name, or the bundled ones where they name none."""
    detector = settings.text("models.detector") or catalogue.default(DetectorCard).id
    encoder = settings.text("models.encoder") or catalogue.default(EncoderCard).id
    return frozenset((detector, encoder, *_words(settings.text("models.pad"))))


def _task(entry: Entry) -> str:
    return "?" if entry.card is None else entry.card.task.value


def _summary(entry: Entry) -> str:
    card = entry.card
    if card is None:
        return entry.fault
    words = [f"{card.size_bytes / 1e6:.1f} MB"]
    if isinstance(card, EncoderCard):
        tau = card.default_tau
        words.append("tau not measured" if tau is None else f"tau {tau.value:.3f} at FMR {card.default_fmr:g}")
        words.append(f"rated size {'not measured' if card.rated_size is None else card.rated_size}")
    return ", ".join(words)


def _described(entry: Entry, used: frozenset[str]) -> dict[str, Any]:
    card = entry.card
    described: dict[str, Any] = {
        "id": entry.id,
        "task": None if card is None else card.task.value,
        "bundled": entry.bundled,
        "in_use": entry.id in used,
        "fault": entry.fault or None,
    }
    if card is not None:
        described |= {"file": card.file, "sha256": card.sha256, "licence": card.licence, "origin": card.origin}
    if isinstance(card, EncoderCard):
        described |= {
            "encoder": str(card.encoder_id),
            "tau": None if card.default_tau is None else card.default_tau.value,
            "rated_size": card.rated_size,
            "operating_points": [
                {
                    "fmr": p.fmr,
                    "tau": p.tau.value,
                    "tpr": p.tpr,
                    "n_genuine": p.n_genuine,
                    "n_impostor": p.n_impostor,
                    "data_set": p.data_set,
                }
                for p in card.operating_points
            ],
        }
    return described
