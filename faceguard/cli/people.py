"""First start, enrolment, the people list."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from faceguard.access.enrolment import Draft
from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.domain.errors import NotPermitted
from faceguard.domain.template import ConsentMeans


@click.command()
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from the first line of standard input.")
@click.pass_obj
def setup(context: Context, pin_stdin: bool) -> None:
    """First start where there is no screen: set the admin PIN."""
    with contextlib.closing(context.house.open_desk(networks=False)) as desk:
        if desk.has_admin_pin():
            desk.unlock(ask_pin("Present admin PIN"))
        pin = ask_pin("New admin PIN (6 characters or more)")
        if not pin_stdin and pin != ask_pin("The same again"):
            raise NotPermitted("The two entries differ; nothing was changed.")
        desk.set_admin_pin(pin)
    click.echo("The admin PIN is set.")


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The person's name.")
@click.option(
    "--consent",
    type=click.Choice([means.value for means in ConsentMeans]),
    help="How the person agreed to be enrolled; recorded with the date, refused without.",
)
@click.option("--number", type=int, help="The person's number at the keypad; the next free one if not given.")
@click.option("--face", type=int, help="Which face, counted from the left, when the photo shows several.")
@click.option("--accept-near", is_flag=True, help="The near colleague that was named is another person.")
@json_option
@click.pass_obj
def enrol(
    context: Context,
    photo: Path,
    name: str,
    consent: str | None,
    number: int | None,
    face: int | None,
    accept_near: bool,
    json_: bool,
) -> None:
    """Enrol a person from one ID PHOTO. The photo itself is not kept, and its liveness is not checked."""
    with contextlib.closing(context.house.open_desk()) as desk:
        draft = desk.examine(photo, face)
        subject = desk.enrol(
            draft, name, ConsentMeans(consent) if consent else None, number=number, accept_near=accept_near
        )
    if json_:
        as_json(
            {
                "subject": subject.name,
                "subject_id": subject.subject_id,
                "quality": _quality(draft),
                "nearest": _nearest(draft),
            }
        )
        return
    click.echo(f"{subject.name} is enrolled with the number {subject.subject_id}.")
    near = draft.nearest
    if near is not None:
        click.echo(f"Nearest colleague: {near.subject.name}, d {near.distance.value:.3f}.")
    click.echo("A photo file proves nothing about who brought it: liveness was not checked.", err=True)


def _quality(draft: Draft) -> list[dict[str, object]]:
    return [
        {"check": f.reason.value, "passed": f.passed, "measured": f.measured, "limit": f.limit, "unit": f.unit}
        for f in draft.quality.findings
    ]


def _nearest(draft: Draft) -> dict[str, object] | None:
    near = draft.nearest
    return None if near is None else {"subject": near.subject.name, "distance": near.distance.value}


@click.group()
def gallery() -> None:
    """The people who are enrolled."""


@gallery.command("list")
@json_option
@click.pass_obj
def list_people(context: Context, json_: bool) -> None:
    """Everybody, by number."""
    with contextlib.closing(context.house.open_desk()) as desk:
        people = desk.people()
    if json_:
        as_json(
            {
                "people": [
                    {
                        "subject_id": p.subject.subject_id,
                        "subject": p.subject.name,
                        "ready": p.ready,
                        "pin": p.subject.has_pin,
                        "consent": p.subject.consent.value,
                        "consented_at": p.subject.consented_at.isoformat(),
                        "enrolled_at": p.enrolled_at.isoformat(),
                    }
                    for p in people
                ]
            }
        )
        return
    if not people:
        click.echo("Nobody is enrolled yet: faceguard enrol PHOTO --name NAME --consent paper")
    for p in people:
        state = "ready" if p.ready else "needs a new photo"
        pin = "PIN" if p.subject.has_pin else "no PIN"
        click.echo(f"{p.subject.subject_id:>6}  {p.subject.name:<32} {state:<18} {pin}")


@gallery.command("add-picture")
@click.argument("number", type=int)
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--face", type=int, help="Which face, counted from the left, when the photo shows several.")
@click.option("--admin", is_flag=True, help="Keep it though it is unlike the person's; asks for the admin PIN.")
@click.pass_obj
def add_picture(context: Context, number: int, photo: Path, face: int | None, admin: bool) -> None:
    """One more PHOTO of the person with this NUMBER, as a further template; the photo itself is not kept."""
    with contextlib.closing(context.house.open_desk()) as desk:
        if admin:
            desk.unlock(ask_pin("Admin PIN"))
        comparison = desk.pictures.compare(number, desk.examine(photo, face))
        desk.pictures.keep(comparison)
    click.echo(f"{comparison.subject.name} has one more picture, d {comparison.distance.value:.3f} from the nearest.")


@gallery.command()
@json_option
@click.pass_context
def drift(call: click.Context, json_: bool) -> None:
    """Who comes near to being refused (age, beard, new glasses); they should bring a new photo. Then exit code 1."""
    house = call.obj.house
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        found = house.tau_drift(desk)
        names = {p.subject.subject_id: p.subject.name for p in desk.people()}
    if json_:
        as_json(
            {
                "people": [
                    {
                        "subject_id": d.subject_id,
                        "subject": names.get(d.subject_id),
                        "recent": d.recent,
                        "tau": d.tau,
                        "per_month": d.per_month,
                        "reaches": None if d.reaches is None else d.reaches.isoformat(),
                        "n": d.n,
                    }
                    for d in found
                ]
            }
        )
    elif not found:
        click.echo("Nobody comes near to being refused, as far as the events of half a year tell.")
    for d in () if json_ else found:
        when = "" if d.reaches is None else f", reaches it about {d.reaches.date()}"
        click.echo(f"{d.subject_id:>6}  {names.get(d.subject_id, '')}: d {d.recent:.3f} of tau {d.tau:.3f}{when}")
    call.exit(1 if found else 0)


@gallery.command()
@click.argument("number", type=int)
@click.pass_obj
def remove(context: Context, number: int) -> None:
    """Remove a person with every template and the PIN; cannot be undone."""
    with contextlib.closing(context.house.open_desk(networks=False)) as desk:
        desk.remove(number)
    click.echo(f"Number {number} is removed.")


@gallery.command()
@click.argument("number", type=int)
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from the first line of standard input.")
@click.option("--clear", is_flag=True, help="Take the PIN away.")
@click.pass_obj
def pin(context: Context, number: int, pin_stdin: bool, clear: bool) -> None:
    """Set the PIN that a person enters when the door asks for it."""
    with contextlib.closing(context.house.open_desk(networks=False)) as desk:
        if clear:
            desk.set_pin(number, None)
            click.echo("The PIN is taken away.")
            return
        entered = ask_pin("PIN")
        if not pin_stdin and entered != ask_pin("The same again"):
            raise NotPermitted("The two entries differ; nothing was changed.")
        desk.set_pin(number, entered)
    click.echo("The PIN is set.")
