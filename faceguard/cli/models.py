"""The networks: list, install, add, verify, choose, remove."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any, Final

import click

from faceguard.access.roles import Action
from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.desk import Desk
from faceguard.domain.card import EncoderCard, ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.catalogue import Entry
from faceguard.models.installer import InstallStep
from faceguard.models.packs import Pack
from faceguard.pipeline.known_answer import prove


@click.group()
def models() -> None:
    """The networks: list, install, add, verify, choose, remove."""


@models.command("list")
@json_option
@click.pass_obj
def list_networks(context: Context, json_: bool) -> None:
    """All installed networks; those in use have a star."""
    shelved = context.house.shelf.networks(context.house.settings())
    if json_:
        as_json({"models": [_described(one.entry, one.in_use) for one in shelved]})
        return
    for one in shelved:
        star, entry = "*" if one.in_use else " ", one.entry
        origin = "bundled" if entry.bundled else "added"
        click.echo(f"{star} {entry.id:<32} {_task(entry):<9} {origin:<8} {_summary(entry)}")
    click.echo("`faceguard models packs` lists what else can be installed.")


@models.command()
@json_option
@click.pass_obj
def packs(context: Context, json_: bool) -> None:
    """Packs that can be installed: size, licence and what they are; those installed have a star."""
    known = context.house.shelf.packs()
    if json_:
        as_json({"packs": [_described_pack(pack, installed) for pack, installed in known]})
        return
    for pack, installed in known:
        click.echo(f"{'*' if installed else ' '} {pack.id:<12} {pack.size_bytes / 1e6:>6.1f} MB  {pack.about}")
        click.echo(f"{'':25}Licence: {pack.licence}")


@models.command()
@click.argument("id_", metavar="ID")
@click.option("--accept-licence", "accepted", default="", metavar="NAME", help="Words of the licence, where asked for.")
@click.pass_obj
def install(context: Context, id_: str, accepted: str) -> None:
    """Download the pack ID, test its networks and add them; asks for the admin PIN.

    Its files are looked for in the data folder's `downloads` and in the folder that FACEGUARD_MODEL_MIRROR names, then
    downloaded; a download that broke off goes on where it ended. Every file must be the published one to the byte.

    A liveness network is used from the next start on; another one is not used before `faceguard models use`.
    """
    shelf = context.house.shelf
    with contextlib.closing(admin_desk(context)) as desk:
        shelf.allow(desk, id_, accepted)
        with contextlib.closing(_ProgressLine()) as line:
            cards = shelf.install(id_, accepted, line.show, lambda: False)
        settings = shelf.finish(desk, id_)
    for card in cards:
        if card.task is ModelTask.PAD:
            click.echo(f"The network {card.id} is installed and tested.")
            continue
        click.echo(f"The network {card.id} is installed and tested; `faceguard models use {card.id}` puts it to use.")
        if isinstance(card, EncoderCard) and card.default_tau is None:
            click.echo(_NO_TAU)
    if any(card.task is ModelTask.PAD for card in cards):
        click.echo(f"models.pad = {settings.text('models.pad')}; it counts from the next start.")


class _ProgressLine:
    """Progress on standard error: one line that is rewritten on a terminal, else a line every tenth."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._said: object = None

    def show(self, step: InstallStep) -> None:
        """Say it if it is news."""
        percent = step.done * 100 // step.total
        news = step.doing, percent if self._terminal else percent // 10
        if news == self._said:
            return
        self._said = news
        words = f"{step.doing}: {step.done / 1e6:.1f} of {step.total / 1e6:.1f} MB, {percent} %"
        click.echo(f"\r{words:<78}" if self._terminal else words, err=True, nl=not self._terminal)

    def close(self) -> None:
        """End the line."""
        if self._terminal and self._said is not None:
            click.echo(err=True)


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
    with contextlib.closing(admin_desk(context)) as desk:
        used = context.house.shelf.use(desk, id_)
    click.echo(f"{used.setting} = {used.value}; it counts from the next start.")
    if used.people is not None:
        click.echo(
            "Templates of another encoder are never compared with this one's: "
            + (
                f"all {used.people} people who are enrolled need a new photo."
                if used.people
                else "nobody is enrolled yet."
            )
        )
        if isinstance(used.card, EncoderCard) and used.card.default_tau is None:
            click.echo(_NO_TAU)


@models.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def remove(context: Context, id_: str) -> None:
    """Delete the added network ID, or all of the pack ID; asks for the admin PIN.

    A liveness network in use is taken out of use first; without one the door asks for the challenge and the PIN.
    """
    with contextlib.closing(admin_desk(context)) as desk:
        gone = context.house.shelf.remove(desk, id_)
    for model_id in gone:
        click.echo(f"The network {model_id} is removed.")


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


def _described(entry: Entry, in_use: bool) -> dict[str, Any]:
    card = entry.card
    described: dict[str, Any] = {
        "id": entry.id,
        "task": None if card is None else card.task.value,
        "bundled": entry.bundled,
        "in_use": in_use,
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


def _described_pack(pack: Pack, installed: bool) -> dict[str, Any]:
    return {
        "id": pack.id,
        "title": pack.title,
        "about": pack.about,
        "installed": installed,
        "size_bytes": pack.size_bytes,
        "licence": pack.licence,
        "accept": pack.accept or None,
        "networks": [{"id": network.id, "task": network.task.value} for network in pack.networks],
        "files": [
            {"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes, "address": file.address}
            for file in pack.files
        ],
    }
