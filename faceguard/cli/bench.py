"""How long the work takes."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Placed, Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.cli.bench_photos import photos
from faceguard.cli.bench_tuning import tuning
from faceguard.cli.context import Context, as_json, json_option
from faceguard.compose import House, Networks, open_house, recogniser_of
from faceguard.domain.decision import NS_PER_MS
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.template import ConsentMeans, Gallery, Subject
from faceguard.evaluation.benchmark import PipelineTiming, Timing, lateness_ms, time_pipeline
from faceguard.pipeline.matcher import Matcher

SYNTHETIC: Final = "synthetic"
WIDTH: Final = 640
HEIGHT: Final = 480
WARM_UP: Final = 20
PEOPLE: Final = 500
"""In the gallery that is searched: random templates, which cost the same as people's."""
SPACING_MS: Final = 100
"""Between two frames, in their own time: a door judges frames this far apart, nearer ones are not walked to the end."""
WINDOW_FRAMES: Final = 200
"""Rendered for the window, played at the camera's rate."""
CHILD_S: Final = 120.0


@click.group()
def bench() -> None:
    """Measure how long the work takes on this machine."""


bench.add_command(photos)
bench.add_command(tuning)


@bench.command()
@click.option(
    "--source", default=SYNTHETIC, show_default=True, help="SYNTHETIC (a rendered head), or a file or folder."
)
@click.option("--frames", type=click.IntRange(1), default=300, show_default=True, help="Frames that are measured.")
@click.option("--window/--no-window", default=True, help="Also measure the window: first picture, late ticks, memory.")
@json_option
@click.pass_obj
def pipeline(context: Context, source: str, frames: int, window: bool, json_: bool) -> None:
    """Time of each stage for single frames, challenge idle, a gallery of 500 people, after a warm-up.

    Then the window is started offscreen in a process of its own with the same pictures: time from the start of the
    process to the first painted picture, how late a 10 ms timer of the window's thread comes while frames are
    recognised, and the memory it holds.
    """
    house = context.house
    networks = house.networks
    pictures = _pictures(house, networks, source, WARM_UP + frames)
    recogniser = recogniser_of(networks, house.settings())
    matcher = Matcher(_random_gallery(networks))
    timing = time_pipeline(pictures, lambda frame: recogniser.observe(frame, matcher, challenge=False), warm_up=WARM_UP)
    answer: dict[str, Any] = {
        "source": source.lower() if source.lower() == SYNTHETIC else source,
        "width": pictures[0].width,
        "height": pictures[0].height,
        "provider": networks.provider,
        "encoder": str(networks.encoder.encoder_id),
        "detector": networks.detector.card.id,
        "threads": house.settings().whole("models.threads"),
        **_timing_answer(timing),
    }
    if window:
        answer["window"] = _window_answer(pictures[:WINDOW_FRAMES], house.settings().number("camera.fps"))
    if json_:
        as_json(answer)
    else:
        _show(answer)


@bench.command("window", hidden=True)
@click.argument("source")
@click.argument("seconds", type=float)
@click.pass_obj
def watch_here(context: Context, source: str, seconds: float) -> None:
    """The window in this process, as ``pipeline`` starts it."""
    from faceguard.app.measured import TICK_MS, watch_window

    seen = watch_window(context.house, source, seconds)
    late = lateness_ms(seen.ticks_ns, TICK_MS)
    as_json(
        {
            "first_picture_ns": seen.first_picture_ns,
            "tick_lateness_ms": _timing(Timing.of(late)) if late else None,
            "frames": seen.observed,
            "resident_mb": seen.resident_mb,
        }
    )


def _pictures(house: House, networks: Networks, source: str, count: int) -> list[Frame]:
    """So many frames in memory; a shorter recording begins again."""
    if source.lower() == SYNTHETIC:
        simulated = simulated_person(networks)
        simulated.open()
        return [frame for frame in (simulated.read() for _ in range(count)) if frame is not None]
    recording = house.open_source(source, paced=False)
    frames: list[Frame] = []
    try:
        recording.open()
        while len(frames) < count and (frame := recording.read()) is not None:
            frames.append(frame)
    finally:
        recording.close()
    if not frames:
        raise FaceguardError(f"{source} holds no picture.")
    return [Frame(frames[i % len(frames)].pixels, i * SPACING_MS * NS_PER_MS, i + 1) for i in range(count)]


def simulated_person(networks: Networks) -> SyntheticSource:
    """scikit-image's portrait as a rendered head."""
    picture = bundled_photo("astronaut").pixels
    faces: tuple[DetectedFace, ...] = networks.detector.detect_in_photo(Frame(picture, 0, 0))
    if not faces:
        raise FaceguardError("The detector finds no face in the portrait that the simulation is made of.")
    face = max(faces, key=lambda f: f.box.area)
    scene = Scene([Placed(HeadActor(FacePhoto(picture, face.landmarks, face.box)))])
    return SyntheticSource(scene, fps=1000 / SPACING_MS, width=WIDTH, height=HEIGHT, paced=False)


def _random_gallery(networks: Networks) -> Gallery:
    rows = np.random.default_rng(1).normal(size=(PEOPLE, networks.encoder.length))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    now = datetime.now(UTC)
    people = {i: Subject(i, f"Person {i}", ConsentMeans.SCREEN, now) for i in range(1, PEOPLE + 1)}
    return Gallery(networks.encoder.encoder_id, rows.astype(np.float32), np.arange(1, PEOPLE + 1), people)


def _window_answer(pictures: list[Frame], fps: float) -> dict[str, Any]:
    """The window in a process and a data folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        data, frames = Path(folder) / "data", Path(folder) / "frames"
        frames.mkdir()
        for number, picture in enumerate(pictures):
            if not cv2.imwrite(str(frames / f"{number:05d}.jpg"), picture.pixels, [cv2.IMWRITE_JPEG_QUALITY, 95]):
                raise FaceguardError(f"The pictures for the window cannot be written to {frames}.")
        desk = open_house(data).open_desk(networks=False)
        try:
            desk.set_admin_pin(secrets.token_hex(8))
        finally:
            desk.close()
        seconds = len(pictures) / fps
        command = [
            sys.executable,
            "-m",
            "faceguard",
            "--data-dir",
            str(data),
            "bench",
            "window",
            str(frames),
            f"{seconds}",
        ]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        begun = time.monotonic_ns()
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=CHILD_S, check=True)
            seen = json.loads(done.stdout.splitlines()[-1])
        except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
            detail = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise FaceguardError("The window could not be measured.", str(detail)) from error
    first = seen.pop("first_picture_ns")
    return {"start_to_first_picture_s": None if first is None else (first - begun) / 1e9, **seen}


def _timing(timing: Timing) -> dict[str, float]:
    return {
        "n": timing.n,
        **{name: round(getattr(timing, name), 3) for name in ("p50", "p95", "p99", "worst")},
    }


def _timing_answer(timing: PipelineTiming) -> dict[str, Any]:
    return {
        "total_ms": None if timing.total is None else _timing(timing.total),
        "stages_ms": {stage.value: _timing(t) for stage, t in timing.stages.items()},
        "halted": dict(timing.halted),
    }


def _show(answer: dict[str, Any]) -> None:
    click.echo(
        f"{answer['width']} x {answer['height']} pixels, {answer['source']}; {answer['threads']} thread, "
        f"provider {answer['provider']}, detector {answer['detector']}, encoder {answer['encoder']}."
    )
    if answer["halted"]:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in answer["halted"].items())
        click.echo(f"Frames that ended early and are not counted: {reasons}.")
    click.echo(f"{'ms':<10} {'p50':>8} {'p95':>8} {'p99':>8} {'worst':>8} {'frames':>7}")
    rows = {**answer["stages_ms"], "total": answer["total_ms"]}
    for name, row in rows.items():
        if row is not None:
            times = " ".join(f"{row[k]:>8.2f}" for k in ("p50", "p95", "p99", "worst"))
            click.echo(f"{name:<10} {times} {row['n']:>7}")
    window = answer.get("window")
    if window is None:
        return
    first, late = window["start_to_first_picture_s"], window["tick_lateness_ms"]
    click.echo(f"Start to first picture: {'none was painted' if first is None else f'{first:.2f} s'}")
    if late is not None:
        click.echo(f"Window's timer late: p50 {late['p50']:.2f}, p95 {late['p95']:.2f}, p99 {late['p99']:.2f} ms")
    click.echo(f"Recognised meanwhile: {window['frames']} frames")
    if window["resident_mb"] is not None:
        click.echo(f"Resident memory of the window: {window['resident_mb']:.0f} MB")
