"""A real door before which rendered people step up, in the scene's own time: nothing waits, nothing is scripted."""

from collections import Counter
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.sensor import SensorTraits
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import House
from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending
from faceguard.domain.errors import PhotoRefused, SeveralFaces
from faceguard.domain.face import Frame
from faceguard.domain.template import ConsentMeans
from faceguard.headless import FrameClock
from faceguard.pipeline.quality import head_pose

SECOND = 1_000_000_000
NEAR = 0.15
"""Eye distance as a share of the picture's height: 72 px of 480, as in the demonstration."""
AWAY_S = 5
"""Between two visits: longer than any verdict stands and any track lives."""


class PromptPins:
    """The real PIN thread, but the answer is there when the next frame comes: scene time stands still meanwhile."""

    def __init__(self, thread):
        self._thread = thread

    def verify_any(self, subject_ids, pin):
        answer = self._thread.verify_any(subject_ids, pin)
        wait([answer])
        return answer


class Relay:
    """A door output that counts."""

    label = "a relay of the test"

    def __init__(self):
        self.pulses = 0

    def open(self):
        pass

    def pulse(self, duration_ms):
        self.pulses += 1

    def close(self):
        pass


@dataclass
class Visit:
    """What became of one person before the door.

    Attributes:
        decision: the verdict, None when there was none before the person left.
        asked: the door asked for the PIN on the way.
        events: as logged.
        hints: how often which words were shown.
        seconds: of the scene.
    """

    decision: Decision | None = None
    asked: bool = False
    events: list = field(default_factory=list)
    hints: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def name(self):
        """Under whose name the door opened, None when it did not."""
        return self.decision.subject.name if isinstance(self.decision, Grant) else None

    @property
    def words(self):
        """The verdict for a table."""
        asked = "asked for the PIN, then " if self.asked else ""
        match self.decision:
            case Grant(subject):
                return f"{asked}grant {subject.name}"
            case Deny(reason):
                return f"{asked}deny: {reason.value}"
            case OutOfService(sentence):
                return f"{asked}fault: {sentence}"
            case _:
                return f"{asked}no verdict"


class SimulatedDoor:
    """House, gallery, event log, session and relay of one door; the camera is a ``SyntheticSource`` for each visit.

    Args:
        folder: an empty data folder.
        settings: changed from the defaults.
    """

    def __init__(self, folder, settings=None):
        self.clock = FrameClock()
        self.clock.now_ns = SECOND
        self.house = House(folder, self.clock)
        self.house.settings_file.update(lambda _present: settings or {})
        self.desk = self.house.open_desk()
        self.relay = Relay()
        self._guard = None

    def enrol(self, name, photo, pin=None):
        """From one photo (a ``Frame``); raises what the desk raises."""
        subject = self.desk.enrol(self.desk.examine_frame(photo), name, ConsentMeans.PAPER)
        if pin is not None:
            self.desk.set_pin(subject.subject_id, pin)
        return subject

    def face_photo(self, photo):
        """Where the face in the middle is, for the renderer; None where there is none.

        The photo stands for a person, not for an entry at the desk: other people in it are simply not drawn.
        """
        try:
            face = self.desk.examine_frame(photo).face
        except SeveralFaces as several:
            middle = (photo.width / 2, photo.height / 2)
            away = [np.hypot(*np.subtract(box.centre, middle)) for box in several.boxes]
            face = self.desk.examine_frame(photo, 1 + int(np.argmin(away))).face
        except PhotoRefused:
            return None
        return FacePhoto(photo.pixels, face.landmarks, face.box)

    def near_frontal(self, photo, limit_deg):
        """The face in the middle looks into the camera, as far as five landmarks can say."""
        face = self.face_photo(photo)
        return face is not None and abs(head_pose(face.landmarks.points).yaw) <= limit_deg

    def open(self):
        """The guard, with the people enrolled so far."""
        self._pins = self.house.pin_thread()
        self._database = self.house.database()
        self._guard = self.house.open_guard(self._database, PromptPins(self._pins), self.relay)
        return self

    def visit(self, scene, *, pin="", fps=10.0, limit_s=20.0, seed=0, traits=None):
        """Somebody steps up, does what the door asks for, types ``pin`` when asked, and leaves with the verdict."""
        source = SyntheticSource(
            scene,
            fps=fps,
            paced=False,
            seed=seed,
            traits=traits or SensorTraits(),
            duration_s=limit_s,
            clock=self.clock,
        )
        visit, told = Visit(), None
        source.open()
        with closing(source):
            while visit.decision is None and (frame := source.read()) is not None:
                self._wait_until(frame)
                report = self._guard.step(frame)
                decision = report.decision
                if isinstance(decision, Ask) and not visit.asked:
                    visit.asked = True
                    visit.events.append(report.event)
                    report = self._guard.submit_pin(pin)
                    decision = report.decision
                if report.event is not None:
                    visit.events.append(report.event)
                if isinstance(decision, Pending):
                    visit.hints[decision.hint] += 1
                    if decision.hint is not told:
                        told = decision.hint
                        _obey(source, told)
                elif isinstance(decision, Grant | Deny | OutOfService):
                    visit.decision = decision
            visit.seconds = source.scene_time_s
        self.leave(visit)
        return visit

    def show(self, frames, *, fps=10.0):
        """A recording before the camera: every verdict that it brings about, and what is said when it has ended."""
        decisions = []
        for number, pixels in enumerate(frames):
            self.clock.now_ns += round(SECOND / fps)
            report = self._guard.step(Frame(pixels, self.clock.now_ns, number))
            if isinstance(report.decision, Ask) and report.event is not None:
                report = self._guard.submit_pin("")
            decisions.append(report.decision)
        decisions.append(self.leave())
        return list(dict.fromkeys(d for d in decisions if not isinstance(d, Pending)))

    def leave(self, visit=None):
        """The scene is empty for a while."""
        self.clock.now_ns += AWAY_S * SECOND
        report = self._guard.nobody()
        if visit is not None and visit.decision is None and isinstance(report.decision, Deny):
            visit.decision = report.decision
            visit.events.append(report.event)
        self.clock.now_ns += AWAY_S * SECOND
        self._guard.nobody()
        return report.decision

    def _wait_until(self, frame):
        self.clock.now_ns = frame.captured_ns

    def close(self):
        self.desk.close()
        if self._guard is not None:
            self._pins.close()
            self._database.close()


def _obey(source, hint):
    if hint is Hint.TURN_LEFT:
        source.turn("left")
    elif hint is Hint.TURN_RIGHT:
        source.turn("right")
    elif hint in (Hint.LOOK_STRAIGHT, Hint.LOOK_HERE):
        source.turn("straight")
