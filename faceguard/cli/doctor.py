"""Is everything in order? One line a check: what was found, and what to do where it is not."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import click

from faceguard import __version__
from faceguard.cli.calibrate import CHOOSE, share
from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.selftest import stored
from faceguard.compose import House
from faceguard.domain.card import EncoderCard
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.measured_liveness import DETERS, NOT_MEASURED, quote
from faceguard.pipeline.known_answer import prove
from faceguard.pipeline.onnx_model import available_providers
from faceguard.trial_bench import refusal_of

log = logging.getLogger(__name__)

Version = Callable[[str], str | None]
"""Version of an installed distribution, None when it is not installed."""

_RIVALS: Final = (
    (
        ("onnxruntime", "onnxruntime-gpu"),
        "pip uninstall -y onnxruntime && pip install --force-reinstall --no-deps onnxruntime-gpu",
    ),
    (
        ("opencv-python", "opencv-python-headless"),
        "pip uninstall -y opencv-python-headless && pip install --force-reinstall --no-deps opencv-python",
    ),
)
"""Pairs of wheels that own the same folder: the last one installed wins, and removing one breaks the other."""
_SHOWN: Final = ("PySide6_Essentials", "opencv-python", "onnxruntime", "onnxruntime-gpu", "numpy", "insightface")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer.

    Attributes:
        name: what was looked at.
        ok: in order.
        found: what is there.
        advice: what to do; empty where all is well.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""


@click.command()
@click.option("--no-devices", is_flag=True, help="Do not try camera and door output, for example while the door runs.")
@json_option
@click.pass_context
def doctor(context: click.Context, no_devices: bool, json_: bool) -> None:
    """Check versions, settings, database, networks, provider, camera and door. Exit code 0 all good, 1 not."""
    app: Context = context.obj
    checks = [*installation_checks(installed_version, sys.version_info[:2]), *_house_checks(app, not no_devices)]
    good = all(check.ok for check in checks)
    if json_:
        as_json(
            {
                "ok": good,
                "checks": [{"name": c.name, "ok": c.ok, "found": c.found, "advice": c.advice or None} for c in checks],
            }
        )
    else:
        for check in checks:
            click.echo(f"{'ok' if check.ok else 'PROBLEM':<8} {check.name:<12} {check.found}")
            if check.advice:
                click.echo(f"{'':<21} -> {check.advice}")
    context.exit(0 if good else 1)


def installed_version(distribution: str) -> str | None:
    """Of an installed distribution; None when it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def installation_checks(version: Version, python: tuple[int, int]) -> Iterator[Check]:
    """What is installed, whatever the data folder holds."""
    there = [f"{name} {found}" for name in _SHOWN if (found := version(name))]
    yield Check("versions", True, f"faceguard {__version__}, Python {platform.python_version()}, {', '.join(there)}")
    yield qt_check(version("PySide6_Essentials"), python)
    yield runtime_check(version)
    quiet = os.environ.get("ORT_DISABLE_TELEMETRY") == "1"
    yield Check(
        "telemetry",
        quiet,
        "onnxruntime's usage reports are off" if quiet else "onnxruntime would send usage reports",
        "" if quiet else "start the program as `faceguard` or `python -m faceguard`",
    )


def qt_check(pyside: str | None, python: tuple[int, int]) -> Check:
    """PySide6 6.12 loses references to None and True on Python below 3.12 until the process aborts."""
    if pyside is None:
        return Check("Qt", False, "PySide6_Essentials is not installed", "install the project again")
    number = tuple(int(word) for word in pyside.split(".")[:2] if word.isdigit())
    deadly = python < (3, 12) and number >= (6, 12)
    wrong = f"PySide6 {pyside} aborts after minutes on Python {python[0]}.{python[1]}"
    return Check(
        "Qt",
        not deadly,
        wrong if deadly else f"PySide6 {pyside}",
        'pip install "PySide6_Essentials==6.11.3", or use Python 3.12 or newer' if deadly else "",
    )


def runtime_check(version: Version) -> Check:
    """Two wheels of one library in one folder."""
    for (one, other), cure in _RIVALS:
        if version(one) and version(other):
            return Check("wheels", False, f"{one} and {other} are both installed in one folder", cure)
    return Check("wheels", True, "no two wheels share a folder")


def _house_checks(context: Context, devices: bool) -> Iterator[Check]:
    try:
        house = context.house
    except FaceguardError as error:
        yield Check("data folder", False, error.sentence, "choose another one with --data-dir or FACEGUARD_HOME")
        return
    yield Check("data folder", True, str(house.folder))
    try:
        settings = house.settings()
    except FaceguardError as error:
        yield Check("settings", False, error.sentence, f"correct {house.settings_file.path}; the door stays shut")
        return
    changed = len(settings.changed())
    yield Check("settings", True, f"{changed or 'no'} setting{'' if changed == 1 else 's'} changed from the defaults")
    shadow = settings.switch("door.shadow")
    yield Check(
        "shadow mode",
        True,
        "on: the door decides and records, and opens nothing" if shadow else "off",
        "faceguard shadow tells what it would have done; it ends with: faceguard settings set door.shadow false"
        if shadow
        else "",
    )
    yield from _database_checks(house)
    yield from _network_checks(house)
    size = None
    if devices:
        check, size = _camera_check(house)
        yield check
    yield from _liveness_checks(house, size)
    if devices:
        yield _door_check(house)


def _database_checks(house: House) -> Iterator[Check]:
    try:
        with house.database() as database:
            database.check()
        with contextlib.closing(house.open_desk(networks=False)) as desk:
            people = desk.people()
            has_pin = desk.has_admin_pin()
    except FaceguardError as error:
        yield Check("database", False, error.sentence, "restore a backup of the data folder; the door stays shut")
        return
    waiting = sum(not person.ready for person in people)
    yield Check(
        "database",
        True,
        f"{len(people)} people" + (f", {waiting} of them need a new photo for the present encoder" if waiting else ""),
    )
    yield Check(
        "admin PIN",
        has_pin,
        "set" if has_pin else "not set",
        "" if has_pin else "faceguard setup, or start the window once",
    )


def _network_checks(house: House) -> Iterator[Check]:
    for entry in house.catalogue.entries():
        try:
            house.catalogue.verify(entry.id, prove)
        except FaceguardError as error:
            cure = "install the program again" if entry.bundled else f"faceguard models remove {entry.id}, then add it"
            yield Check("network", False, error.sentence, cure)
        else:
            yield Check("network", True, f"{entry.id}: digest, shapes and known answer are right")
    try:
        compared = house.measured()
    except FaceguardError as error:
        cure = "put the file back, or compare as before: faceguard models comparison use squared"
        yield Check("comparison", False, error.sentence, f"{cure}; until then the door is out of service")
        return
    squared = isinstance(compared, EncoderCard)
    yield Check("comparison", True, "squared distance" if squared else f"learned: {compared.id}, checksum is right")
    listed = ", ".join(available_providers())
    try:
        networks = house.networks
    except FaceguardError as error:
        yield Check("provider", False, error.sentence, "faceguard settings set models.provider auto")
        return
    yield Check("provider", True, f"in use: {networks.provider}; onnxruntime lists: {listed}")
    if networks.pad_fault:
        yield Check("liveness", False, networks.pad_fault, "correct models.pad; until then the door lets nobody in")
    yield from _tau_checks(house)


def _tau_checks(house: House) -> Iterator[Check]:
    """Is there a tau, and does it still fit the people who are enrolled?"""
    try:
        with contextlib.closing(house.open_desk(networks=False)) as desk:
            now = house.tau_standing(desk)
    except FaceguardError as error:
        yield Check("tau", False, error.sentence, "restore a backup of the data folder")
        return
    card = now.card
    learned = not isinstance(card, EncoderCard)
    measure = "faceguard train head DIR --out FILE with more people" if learned else "faceguard evaluate folder"
    yield Check(
        "tau",
        now.tau is not None,
        "not measured for this encoder and comparison" if now.tau is None else f"{now.tau:.4f} for {card.id}",
        "" if now.tau else f"{measure}, or set access.tau; until then the door lets nobody in",
    )
    if now.tau is None:
        return
    taken = ""
    if now.taken is not None and now.counts:
        asked = f"{share(now.taken.target_fpir)} of strangers' attempts"
        taken = f", calibrated on {now.taken.time.date()} for {now.taken.people} and {asked}"
    found = " and ".join(state.value for state in now.verdict.states)
    advice = " ".join((*now.verdict.sentences, *((CHOOSE,) if now.verdict.outgrown else ())))
    yield Check("calibration", now.verdict.good, f"{found} for {now.door.people} people{taken}", advice)


def _liveness_checks(house: House, size: tuple[int, int] | None) -> Iterator[Check]:
    """What was measured of liveness on this camera; that nothing was is no fault, but it is said."""
    try:
        with contextlib.closing(house.open_desk(networks=False)) as desk:
            refusal = refusal_of(house.policy())
            found = stored(house, desk, house.open_source(), size)
    except FaceguardError as error:
        log.info("nothing is known about liveness: %s", error.sentence)  # its own check has said so
        return
    if refusal:
        yield Check("liveness", True, refusal)
        return
    if not found.measured:
        advice = f"{DETERS} Measure it with your own props: faceguard selftest liveness"
        yield Check("liveness", True, NOT_MEASURED, advice)
        return
    yield Check("liveness", True, f"measured on {found.last}: {quote(found)}", DETERS)


def _camera_check(house: House) -> tuple[Check, tuple[int, int] | None]:
    """Whether it gives a picture, and of which size."""
    try:
        source = house.open_source()
        with contextlib.closing(source):
            source.open()
            frame = source.read()
    except FaceguardError as error:
        cure = "plug it in, or: faceguard settings set camera.source NUMBER"
        return Check("camera", False, error.sentence, cure), None
    if frame is None:
        return Check("camera", False, f"{source.label} gives no picture", "look at camera.source"), None
    found = f"{source.label}, {frame.width} x {frame.height} pixels"
    return Check("camera", True, found), (frame.width, frame.height)


def _door_check(house: House) -> Check:
    try:
        door = house.door_output()
        with contextlib.closing(door):
            door.open()
    except FaceguardError as error:
        return Check("door output", False, error.sentence, "look at the cable, door.output and door.serial_port")
    return Check("door output", True, f"{door.label}, at rest")
