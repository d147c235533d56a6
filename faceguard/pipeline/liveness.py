"""Presentation attack detection (PAD): three cues about one face on one track, none of which can open a door.

A cue can only take a grant away:

1. *static*: the pictures change (noise, recompression) but the embedding goes nowhere: a photo on a stand, a paused
   video (``static_check.py``).
2. *passive*: networks that look at one picture, fused (``passive_pad.py``); none is bundled.
3. *parallax*: while a challenge runs, the geometry of a turn (``parallax.py``); it proves "not flat", never "live".

What the static cue does not stop: a print that is held in a moving hand, a video. What the parallax does not stop: a
video of a turning head, a mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import PadResult, ParallaxReading
from faceguard.domain.template import Embedding
from faceguard.pipeline.parallax import ParallaxProbe
from faceguard.pipeline.static_check import StaticCheck


class PassivePad(Protocol):
    """A network that judges one picture of a face: ``passive_pad.PassivePadNetwork``."""

    def score(self, frame: Frame, face: DetectedFace) -> float:
        """Probability of bona fide in [0, 1]; raises ``ModelFault`` when the network fails."""
        ...


class Liveness:
    """All cues of one track, reset when the track changes.

    The recogniser calls, for every frame in which the probe was found:

    - ``before_encode`` always, even when quality fails: the parallax needs every frame of the turn;
    - ``after_encode`` with its result, when the frame was good enough to be encoded: static and passive cue.

    A frame that is not encoded keeps the result of ``before_encode``. ``observe`` is both in one.

    Args:
        pad_networks: passive PAD networks, none by default; their mean probability is the passive score.
        parallax: the geometry of the challenge.
        static: the static check.
    """

    def __init__(
        self,
        pad_networks: Sequence[PassivePad] = (),
        *,
        parallax: ParallaxProbe | None = None,
        static: StaticCheck | None = None,
    ) -> None:
        self._pad_networks = tuple(pad_networks)
        self._parallax = parallax or ParallaxProbe()
        self._static = static or StaticCheck()
        self._track_id: int | None = None
        self._challenged = False

    def reset(self) -> None:
        """Forgets everything; the next frame begins a new track."""
        self._parallax.reset()
        self._static.reset()
        self._track_id = None
        self._challenged = False

    def before_encode(self, frame: Frame, face: DetectedFace, track_id: int, *, challenge: bool) -> PadResult:
        """Follows the points of the challenge; the static verdict is the one the track had so far.

        Args:
            frame: raw picture, neither mirrored nor brightened.
            face: the probe in it.
            track_id: another one than before resets every cue.
            challenge: a turn is being asked for; its first frame near frontal view becomes the reference.
        """
        if track_id != self._track_id:
            self.reset()
            self._track_id = track_id
        return PadResult(static=self._static.verdict, parallax=self._follow(frame, face, challenge))

    def after_encode(self, pad: PadResult, frame: Frame, face: DetectedFace, embedding: Embedding) -> PadResult:
        """Completes ``before_encode``'s result of the same frame with the static and the passive cue.

        Raises:
            ModelFault: a PAD network failed; no result means no grant.
        """
        similarity = self._static.add(frame, embedding)
        return replace(
            pad,
            static=self._static.verdict,
            static_similarity=similarity,
            passive_score=self._passive_score(frame, face),
        )

    def observe(
        self, frame: Frame, face: DetectedFace, track_id: int, embedding: Embedding | None, *, challenge: bool
    ) -> PadResult:
        """``before_encode`` and, with an embedding, ``after_encode``."""
        pad = self.before_encode(frame, face, track_id, challenge=challenge)
        return pad if embedding is None else self.after_encode(pad, frame, face, embedding)

    def _follow(self, frame: Frame, face: DetectedFace, challenge: bool) -> ParallaxReading | None:
        if not challenge:
            if self._challenged:
                self._parallax.reset()
            self._challenged = False
            return None
        if not self._challenged:
            self._challenged = True
            self._parallax.start(frame, face)
            return None
        return self._parallax.update(frame, face)

    def _passive_score(self, frame: Frame, face: DetectedFace) -> float | None:
        if not self._pad_networks:
            return None
        return sum(network.score(frame, face) for network in self._pad_networks) / len(self._pad_networks)
