"""Who stands where, and when: actors on their paths in front of a wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceguard.camera.rendering.backdrop import paint_wall
from faceguard.camera.rendering.mesh import Layer
from faceguard.camera.rendering.motion import ease


class Actor(Protocol):
    """Somebody or something that can be drawn and spoken to."""

    def turn(self, direction: str, now_s: float) -> None:
        """Answers "left", "right" or "straight"."""
        ...

    def come_closer(self, now_s: float) -> None:
        """Answers "come closer"."""
        ...

    def draw(self, size: tuple[int, int], place: tuple[float, float, float], now_s: float) -> Layer | None:
        """What the camera sees of it; None while it is out of the picture."""
        ...


@dataclass(frozen=True, slots=True)
class Keyframe:
    """Where an actor is at a time of the scene.

    Attributes:
        at_s: seconds since the scene began.
        x, y: of the point between the eyes, as shares of the picture's width and height; outside 0 to 1 is out of it.
        eyes: distance between the eyes as a share of the picture's height; 0.13 is 62 px of 480.
    """

    at_s: float = 0.0
    x: float = 0.5
    y: float = 0.42
    eyes: float = 0.13


@dataclass(frozen=True, slots=True)
class Placed:
    """An actor and its way through the picture.

    Attributes:
        actor: who.
        path: at least one keyframe, in order of time; between two of them it moves smoothly.
        answers: whether it hears the door's requests.
    """

    actor: Actor
    path: tuple[Keyframe, ...] = (Keyframe(),)
    answers: bool = True

    def __post_init__(self) -> None:
        times = [keyframe.at_s for keyframe in self.path]
        if not times or times != sorted(set(times)):
            raise ValueError("a path has at least one keyframe, and each is later than the one before")

    def at(self, now_s: float) -> tuple[float, float, float]:
        """Place (x, y, eyes) at a time."""
        before = after = self.path[0]
        for keyframe in self.path:
            before, after = (keyframe, keyframe) if keyframe.at_s <= now_s else (before, keyframe)
            if keyframe.at_s > now_s:
                break
        span = after.at_s - before.at_s
        share = ease((now_s - before.at_s) / span) if span > 0 else 0.0
        return (
            before.x + share * (after.x - before.x),
            before.y + share * (after.y - before.y),
            before.eyes + share * (after.eyes - before.eyes),
        )


class Scene:
    """A room with actors in it.

    Args:
        placed: from back to front.
        seed: of the room.
    """

    def __init__(self, placed: Sequence[Placed], *, seed: int = 0) -> None:
        self._placed = tuple(placed)
        self._seed = seed
        self._wall: NDArray[np.uint8] | None = None

    def turn(self, direction: str, now_s: float) -> None:
        """Asks everybody who listens for a turn of the head."""
        for one in self._placed:
            if one.answers:
                one.actor.turn(direction, now_s)

    def come_closer(self, now_s: float) -> None:
        """Asks everybody who listens to come closer."""
        for one in self._placed:
            if one.answers:
                one.actor.come_closer(now_s)

    def draw(self, width: int, height: int, now_s: float) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 BGR: the scene as a perfect camera sees it, each actor over those behind."""
        if self._wall is None or self._wall.shape[:2] != (height, width):
            self._wall = paint_wall(width, height, self._seed)
        picture = self._wall.copy()
        for one in self._placed:
            layer = one.actor.draw((width, height), one.at(now_s), now_s)
            if layer is not None:
                layer.over(picture)
        return picture
