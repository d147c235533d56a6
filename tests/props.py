"""Rendered props and people before a camera that is one as far as the program can tell."""

import numpy as np

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.opencv_source import WebcamSource
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.plane import AttackMove, Medium, PlaneActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Keyframe, Placed, Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.domain.decision import Hint
from faceguard.domain.face import Frame

NEAR = 0.15


def face_photo(detector, pixels=None):
    """The largest face of a photo (scikit-image's astronaut), for the renderer."""
    pixels = bundled_photo("astronaut").pixels if pixels is None else pixels
    face = max(detector.detect(Frame(pixels, 0, 0)), key=lambda f: f.box.area)
    return FacePhoto(pixels, face.landmarks, face.box)


def room():
    return Scene([], seed=1)


def person(photo, seed=11):
    return Scene([Placed(HeadActor(photo, seed=seed), (Keyframe(eyes=NEAR),))], seed=1)


def prop(photo, medium=Medium.PRINT, move=AttackMove.NOTHING):
    return Scene([Placed(PlaneActor(photo, medium, seed=5, move=move), (Keyframe(eyes=NEAR),))], seed=5)


def obey(source, hint):
    """What whoever stands there does when the arrow shows."""
    if hint is Hint.TURN_LEFT:
        source.turn("left")
    elif hint is Hint.TURN_RIGHT:
        source.turn("right")
    elif hint in (Hint.LOOK_STRAIGHT, Hint.LOOK_HERE):
        source.turn("straight")


class RenderedCapture:
    """A ``cv2.VideoCapture`` before which a scene is played; ``unplugged`` as soon as a test says so."""

    def __init__(self, source):
        self.source = source
        self.unplugged = False

    def open(self, name, backend, params, /):
        self.source.open()
        return not self.unplugged

    def set(self, prop, value, /):
        return True

    def get(self, prop, /):
        return 0.0

    def read(self):
        frame = None if self.unplugged else self.source.read()
        return (False, None) if frame is None else (True, np.array(frame.pixels))

    def release(self):
        self.source.close()


def webcam(scene, *, fps=15.0, device=0):
    """A webcam, and the capture behind it: the pictures are rendered, but nothing in the program can know."""
    capture = RenderedCapture(SyntheticSource(scene, fps=fps, seed=3))
    source = WebcamSource(device, fps=None, width=640, height=480, new_capture=lambda: capture)
    return source, capture
