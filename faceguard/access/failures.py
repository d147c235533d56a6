"""Faces that failed again and again, paused for a while; the PIN stays open to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceguard.domain.decision import NS_PER_MS
from faceguard.domain.observation import Observation
from faceguard.domain.score import Threshold
from faceguard.domain.template import Embedding, fuse

REMEMBERED = 32
"""So many faces are remembered; the longest forgotten goes first."""
FORGET_MS = 300_000
"""A face that has not failed for five minutes starts from nothing."""


@dataclass(slots=True)
class _Failed:
    face: Embedding
    count: int
    last_ns: int
    paused_until_ns: int = -1


class FailedFaces:
    """Counts failed attempts by face, because stepping aside and back makes a new track of the same face.

    Args:
        limit: failures in a row that pause a face.
        pause_ms: for how long.
    """

    def __init__(self, limit: int, pause_ms: int) -> None:
        self._faces: list[_Failed] = []
        self.configure(limit, pause_ms)

    def configure(self, limit: int, pause_ms: int) -> None:
        """Other limits from now on."""
        self._limit = limit
        self._pause_ms = pause_ms

    def charge(self, frames: Sequence[Observation], now_ns: int, tau: Threshold) -> None:
        """One more failed attempt of the face in these frames."""
        embeddings = [f.embedding for f in frames if f.embedding is not None]
        if not embeddings:
            return
        try:
            face = fuse(embeddings)
        except ValueError:
            return  # opposite vectors cancel out: nothing to remember
        self._faces = [f for f in self._faces if now_ns - f.last_ns <= FORGET_MS * NS_PER_MS][-REMEMBERED:]
        known = self._find(face, tau)
        if known is None:
            known = _Failed(face, 0, now_ns)
            self._faces.append(known)
        known.count += 1
        known.last_ns = now_ns
        if known.count >= self._limit:
            known.count = 0
            known.paused_until_ns = now_ns + self._pause_ms * NS_PER_MS

    def paused_until(self, face: Embedding, now_ns: int, tau: Threshold) -> int | None:
        """When the pause of this face ends, monotonic nanoseconds; None when it is not paused."""
        known = self._find(face, tau)
        return known.paused_until_ns if known is not None and now_ns < known.paused_until_ns else None

    def forgive(self, face: Embedding, tau: Threshold) -> None:
        """A granted face starts from nothing."""
        self._faces = [
            f for f in self._faces if f.face.encoder_id != face.encoder_id or not f.face.distance(face).within(tau)
        ]

    def _find(self, face: Embedding, tau: Threshold) -> _Failed | None:
        same = [f for f in self._faces if f.face.encoder_id == face.encoder_id]
        nearest = min(same, key=lambda f: f.face.distance(face), default=None)
        return nearest if nearest is not None and nearest.face.distance(face).within(tau) else None
