"""Whether the tuning page keeps up with a hand."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click
import numpy as np

from faceguard.cli.context import Context, as_json, json_option
from faceguard.domain.card import EncoderCard
from faceguard.domain.errors import FaceguardError
from faceguard.domain.template import ConsentMeans, Gallery, Subject
from faceguard.evaluation.benchmark import Timing, lateness_ms
from faceguard.evaluation.door import DoorCalibration, judge_tau
from faceguard.evaluation.genuine import GenuineScore, GenuineScores, ScoreDomain, ScoreOrigin
from faceguard.store.audit_log import AuditEvent
from faceguard.tau_picture import Standing, TauPicture
from faceguard.what_if import Replay

SCORES: Final = 2_000
EVENTS: Final = 10_000


@click.command()
@click.option("--people", type=click.IntRange(2, 10_000), default=312, show_default=True, help="In the gallery.")
@click.option("--seconds", type=click.FloatRange(1.0, 60.0), default=6.0, show_default=True, help="That tau moves.")
@json_option
@click.pass_obj
def tuning(context: Context, people: int, seconds: float, json_: bool) -> None:
    """How late a 10 ms timer of the window comes while tau moves 60 times a second, and while nothing moves.

    The real page, offscreen, with random people, 2,000 genuine scores and 10,000 events; every word and number on it
    follows each move. The door does not run beside it.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from faceguard.app.measured import TICK_MS, move_tau

    seen = move_tau(_picture(context.house.encoder_card(), people), seconds)
    answer: dict[str, Any] = {
        "people": people,
        "moves": seen.moves,
        "moves_a_second": round(seen.moves_a_second, 1),
        "tick_lateness_ms": {
            name: _timing(lateness_ms(ticks, TICK_MS))
            for name, ticks in (("still", seen.still_ns), ("moving", seen.ns))
        },
    }
    if json_:
        as_json(answer)
        return
    click.echo(f"{people} people; {seen.moves} moves, {seen.moves_a_second:.0f} a second.")
    for name, late in answer["tick_lateness_ms"].items():
        click.echo(
            f"timer late while {name}: p50 {late['p50']}, p95 {late['p95']}, p99 {late['p99']} ms (n {late['n']})"
        )


def _timing(late: list[float]) -> dict[str, float]:
    timing = Timing.of(late)
    return {"n": timing.n, **{name: round(getattr(timing, name), 2) for name in ("p50", "p95", "p99", "worst")}}


def _picture(card: EncoderCard, people: int) -> TauPicture:
    """Random people, who cost what real ones do."""
    if card.default_tau is None:
        raise FaceguardError("This encoder's card has no measured tau, so there is nothing to move.")
    chance, now, encoder = np.random.default_rng(1), datetime.now(UTC), str(card.encoder_id)
    rows = chance.normal(size=(people, card.length))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    subjects = {i: Subject(i, f"Person {i}", ConsentMeans.SCREEN, now) for i in range(1, people + 1)}
    gallery = Gallery(card.encoder_id, rows.astype(np.float32), np.arange(1, people + 1), subjects)
    distances = np.clip(chance.normal(0.6, 0.2, EVENTS), 0.05, 1.9)
    scores = tuple(
        GenuineScore(float(d), 1 + i % people, now, ScoreDomain.PHOTO_LIVE, ScoreOrigin.PIN)
        for i, d in enumerate(distances[:SCORES])
    )
    tau = card.default_tau.value
    events = [
        AuditEvent(
            now - timedelta(minutes=EVENTS - i),
            "grant",
            gates=("match",),
            subject_id=1 + i % people,
            nearest_id=1 + i % people,
            distance=float(d),
            runner_up=1.9,
            encoder_id=encoder,
            tau=tau,
            gallery_size=people,
        )
        for i, d in enumerate(distances)
    ]
    door = DoorCalibration.of(gallery, card.impostor, card.rated_size)
    standing = Standing(card, door, tau, tau, judge_tau(door, tau), None, False)
    return TauPicture.of(standing, gallery, GenuineScores(scores), Replay.of(events, 0.1, encoder), ())
