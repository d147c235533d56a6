"""Plays the scenes through the real door: pipeline, gallery, session, event log and window (offscreen).

Writes nothing outside a temporary folder, except the pictures of the window where they are asked for.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot
from PySide6.QtTest import QTest

from faceguard.app import application
from faceguard.app.desktop import Desktop
from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.sensor import SensorTraits
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import House
from faceguard.demo.scenes import COLLEAGUE, PARTS, STAFF, STRANGER, Cast, Part
from faceguard.demo.table import Outcome, table
from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending
from faceguard.domain.face import Frame
from faceguard.domain.template import ConsentMeans
from faceguard.events import word_of
from faceguard.store.audit_log import AuditEvent
from faceguard.ui.keypad import CONFIRM

PHOTOS: Final = {STAFF: "astronaut", COLLEAGUE: "group 3", STRANGER: "group 1"}
"""Which bundled photograph plays which part."""
NAMES: Final = {STAFF: "Eileen Collins", COLLEAGUE: "Robin Example"}
ADMIN_PIN, STAFF_PIN = "739184", "402957"
FPS: Final = 25.0
SEED: Final = 5
TRIES: Final = 2
"""Now and then a head answers a challenge and does not prove it (README, liveness)."""
LIMIT_MS: Final = 30_000
"""A scene without a verdict by then has failed."""
SHOWN_MS: Final = 150
"""From the verdict to the picture of the window: time for it to be painted."""

log = logging.getLogger(__name__)


def play(
    shots: Path | None = None,
    as_json: Callable[[dict[str, Any]], None] | None = None,
    *,
    photos: Mapping[str, str] = PHOTOS,
    parts: tuple[Part, ...] = PARTS,
) -> bool:
    """Play all scenes; True when every verdict is the expected one.

    Args:
        shots: folder for a PNG of the window at each verdict.
        as_json: prints one object instead of the table.
        photos: which photograph plays which part at the door; who is enrolled stays the same.
        parts: the scenes.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if shots is not None:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faceguard-demo-", ignore_cleanup_errors=True) as folder:
        house = House(Path(folder))
        cast = _prepare(house, photos)
        outcomes = []
        for part in parts:
            print(f"scene {part.key}: {part.title} ...", end=" ", file=sys.stderr, flush=True)  # noqa: T201
            outcome = _staged(house, part, cast, shots)
            print(f"{outcome.verdict} {outcome.reason or outcome.subject}", file=sys.stderr, flush=True)  # noqa: T201
            outcomes.append(outcome)
    passed = all(outcome.passed for outcome in outcomes)
    if as_json is not None:
        as_json({"scenes": [asdict(outcome) for outcome in outcomes], "passed": passed})
    else:
        print(table(outcomes, passed))  # noqa: T201
    return passed


def _staged(house: House, part: Part, cast: Cast, shots: Path | None) -> Outcome:
    """One scene. Whoever ought to get in and is sent back steps up again, as people do; the outcome says how often."""
    outcome = Stage(house, part, cast, shots).run()
    while not outcome.passed and part.verdict == "grant" and outcome.verdict == "deny" and outcome.tries < TRIES:
        again = Stage(house, part, cast, shots).run()
        outcome = replace(again, tries=outcome.tries + 1)
    return outcome


def _prepare(house: House, photos: Mapping[str, str]) -> Cast:
    """Enrol staff and colleague from their one photo each; look where the faces of all photos are."""
    with closing(house.open_desk()) as desk:
        desk.set_admin_pin(ADMIN_PIN)
        for part, name in NAMES.items():
            draft = desk.examine_frame(Frame(bundled_photo(PHOTOS[part]).pixels, 0, 0))
            subject = desk.enrol(draft, name, ConsentMeans.SPOKEN)
            if part == STAFF:
                desk.set_pin(subject.subject_id, STAFF_PIN)

        def face_photo(part: str) -> FacePhoto:
            pixels = bundled_photo(photos[part]).pixels
            face = desk.examine_frame(Frame(pixels, 0, 0)).face
            return FacePhoto(pixels, face.landmarks, face.box)

        return Cast(face_photo(STAFF), face_photo(COLLEAGUE), face_photo(STRANGER))


class Stage(QObject):
    """One scene in a window of its own."""

    def __init__(self, house: House, part: Part, cast: Cast, shots: Path | None) -> None:
        super().__init__()
        application()
        self._part = part
        self._shots = shots
        self._source = SyntheticSource(
            part.make(cast), title=part.title, fps=FPS, seed=SEED, traits=SensorTraits.varied(SEED)
        )
        self._desktop = Desktop(house, lambda: self._source)
        self._desktop.verdict.connect(self._on_verdict)
        self._desktop.decided.connect(self._on_decision)
        self._desktop.recorded.connect(self._on_event)
        self._event: AuditEvent | None = None
        self._decision: Decision | None = None
        self._asked: Hint | None = None
        self._gave_up = False
        self._loop = QEventLoop()

    def run(self) -> Outcome:
        """Until the verdict, or the time limit."""
        limit = QTimer(self)
        limit.setSingleShot(True)
        limit.timeout.connect(self._loop.quit)
        freeze = QTimer(self)
        freeze.setSingleShot(True)
        freeze.timeout.connect(self._source.freeze)
        self._desktop.window.show()
        self._desktop.start()
        limit.start(LIMIT_MS)
        if self._part.freeze_after_s is not None:
            freeze.start(int(self._part.freeze_after_s * 1000))
        self._loop.exec()
        limit.stop()
        freeze.stop()
        outcome = self._outcome()
        if self._shots is not None:
            self._desktop.window.grab().save(str(self._shots / f"scene-{self._part.key}-{outcome.verdict}.png"))
        self._desktop.stop()
        self._desktop.window.close()
        self._desktop.window.deleteLater()
        self._desktop.deleteLater()
        return outcome

    @Slot(object)
    def _on_decision(self, decision: Decision) -> None:
        """The person reads the window and does what it asks for."""
        if not isinstance(decision, Pending) or decision.hint is self._asked:
            return
        self._asked = decision.hint
        if decision.hint is Hint.TURN_LEFT:
            self._source.turn("left")
        elif decision.hint is Hint.TURN_RIGHT:
            self._source.turn("right")
        elif decision.hint in (Hint.LOOK_STRAIGHT, Hint.LOOK_HERE):
            self._source.turn("straight")

    @Slot(object)
    def _on_event(self, event: AuditEvent) -> None:
        self._event = event

    @Slot(object)
    def _on_verdict(self, decision: Decision) -> None:
        self._decision = decision
        if isinstance(decision, Ask):
            if self._shots is not None:
                QTimer.singleShot(SHOWN_MS, self, self._photograph_ask)
            knows_it = self._part.verdict == "grant"
            QTimer.singleShot(2 * SHOWN_MS, self, self._type_pin if knows_it else self._give_up)
        elif isinstance(decision, Grant | Deny | OutOfService):
            QTimer.singleShot(SHOWN_MS, self, self._loop.quit)

    @Slot()
    def _photograph_ask(self) -> None:
        if self._shots is not None:
            self._desktop.window.grab().save(str(self._shots / f"scene-{self._part.key}-ask.png"))

    @Slot()
    def _type_pin(self) -> None:
        """On the window's keypad, with the mouse."""
        keypad = self._desktop.door.entry.keypad
        for face in (*STAFF_PIN, CONFIRM):
            QTest.mouseClick(keypad.keys[face], Qt.MouseButton.LeftButton)

    @Slot()
    def _give_up(self) -> None:
        """Who holds up somebody's photo does not know the PIN. A scene that should end before has failed."""
        self._gave_up = True
        QTest.mouseClick(self._desktop.door.entry.cancel, Qt.MouseButton.LeftButton)

    def _outcome(self) -> Outcome:
        part, decision, event = self._part, self._decision, self._event
        expected = f"{part.verdict} {NAMES[part.who]}" if part.who else part.verdict
        if decision is None or event is None or isinstance(decision, Ask):
            return Outcome(
                part.key, part.title, "none", "", "no verdict in time", None, None, 0, LIMIT_MS, expected, False
            )
        verdict, _ = word_of(decision)
        subject = decision.subject.name if isinstance(decision, Grant) else ""
        passed = verdict == part.verdict and not self._gave_up
        if isinstance(decision, Grant):
            passed = passed and bool(part.who) and subject == NAMES[part.who]
        if isinstance(decision, Deny) and part.reasons:
            passed = passed and decision.reason in part.reasons
        return Outcome(
            part.key,
            part.title,
            verdict,
            subject,
            event.detail if verdict == "fault" else event.reason,
            event.distance,
            event.tau,
            event.frames,
            round(event.ms, 1),
            expected,
            passed,
        )
