"""One of each decision, and a camera that always shows scikit-image's portrait."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PySide6.QtCore import QEvent

from faceguard import compose
from faceguard.domain.decision import (
    Ask,
    AskReason,
    Deny,
    DenyReason,
    Evidence,
    Gate,
    Grant,
    Hint,
    OutOfService,
    Pending,
)
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import Halt, HaltReason, Observation, Stage
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import ConsentMeans, EncoderId, Subject
from faceguard.ui.theme import Scheme, apply_theme

SECOND = 1_000_000_000
NOW = 100 * SECOND


_kept: dict[object, compose.Networks] = {}


@pytest.fixture(scope="module", autouse=True)
def _networks_are_loaded_once():
    """Every window's door loads the same bundled networks, which threads share anyway; each load takes seconds."""
    real = compose.load_networks

    def load(settings, catalogue, heads):
        chosen = tuple(sorted(settings.section("models").items()))
        if heads._folder.exists():  # something is installed there, or altered
            return real(settings, catalogue, heads)
        if chosen not in _kept:
            _kept[chosen] = real(settings, catalogue, heads)
        return _kept[chosen]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "load_networks", load)
        yield


@pytest.fixture(autouse=True)
def _themed(qapp):
    # pytest-qt deletes a test's widgets later, and without an event loop "later" never comes: each theme change
    # would restyle the windows of all tests so far.
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    apply_theme(qapp, Scheme.LIGHT)


@pytest.fixture
def clock():
    """A monotonic clock that a test moves: ``clock.now_ns += ...``."""

    class Clock:
        now_ns = NOW

        def __call__(self) -> int:
            return self.now_ns

    return Clock()


@pytest.fixture
def frame(astronaut):
    return Frame(astronaut[:384], NOW, 7)


@pytest.fixture
def grant():
    evidence = Evidence(
        track_id=1,
        sequences=(1, 2, 3, 4, 5),
        oldest_ns=NOW - SECOND // 2,
        newest_ns=NOW,
        decided_ns=NOW,
        distance=Distance(0.61),
        tau=Threshold(0.98),
        runner_up=Distance(1.52),
        encoder_id=EncoderId("encoder", "abc", "arcface"),
        gallery_size=312,
        gates=frozenset({Gate.QUALITY, Gate.MATCH, Gate.NOT_STATIC}),
    )
    return Grant(Subject(1042, "Eileen Collins", ConsentMeans.PAPER, datetime.now(UTC)), evidence)


@pytest.fixture
def ask():
    return Ask(
        AskReason.LIVENESS_UNPROVEN, NOW + 24 * SECOND, 1, distance=Distance(0.61), tau=Threshold(0.98), frames=5
    )


@pytest.fixture
def decisions(grant, ask):
    """By name, one of every kind."""
    return {
        "idle": Pending(Hint.STEP_UP),
        "approach": Pending(Hint.COME_CLOSER, 0.0, 1),
        "checking": Pending(Hint.CHECKING, 0.6, 1),
        "turn": Pending(Hint.TURN_LEFT, 1.0, 1),
        "grant": grant,
        "ask": ask,
        "deny": Deny(DenyReason.NOT_RECOGNISED, 1, Distance(1.31), Threshold(0.98), Distance(1.5), 1042, 15),
        "out": OutOfService("The camera was unplugged.", NOW - 1260 * SECOND),
    }


@pytest.fixture
def observation():
    points = np.array([[200, 80], [250, 80], [225, 110], [205, 135], [245, 135]], np.float32)
    face = DetectedFace(BoundingBox(172, 32, 280, 172), Landmarks(points), 0.9)
    halt = Halt(Stage.QUALITY, HaltReason.TOO_DARK)
    return Observation(NOW, 7, halt=halt, track_id=1, face=face, faces=1, stage_ms={Stage.DETECT: 11.0})
