"""Is the face a still? Pictures change, but all the change is noise, and the embedding goes nowhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import Frame
from faceguard.domain.observation import PadVerdict
from faceguard.domain.template import Embedding

FROZEN_BELOW: Final = 2.2
LIVELY_FROM: Final = 3.0
"""Limits of ``StaticCheck.liveliness``, measured with the bundled encoder and detector on faces of 60 to 110 px between
the eyes, eight sequences a kind, 38 pictures (1.5 s) each.

==================================================================  ==========
one photo, noise of +-1 grey level                                  0.07..0.16
one photo, recompressed as JPEG, quality 75..95 at random           0.30..1.03
one photo, recompressed as JPEG, quality 50..95 at random           0.43..1.30
one photo before a camera, sensor noise of 2 / 4 grey levels        0.26..1.45
a head that sways by 0.2 degrees, noise of 2 / 4 grey levels        3.63..45.6
a head that sways by 0.7 degrees, noise of 2 / 4 grey levels        4.74..60.4
==================================================================  ==========

After 12 pictures (0.5 s) the photos reach 3.0 in about 1 % of the windows. The plain cosine of neighbouring embeddings
does not separate them: 0.992..0.999 for the recompressed photo, 0.980..0.999 for the swaying head, nearly all of it
noise.
"""

FIRST_SAMPLES: Final = 12
"""Pictures before a face may be called lively."""
FULL_SAMPLES: Final = 24
FULL_SECONDS: Final = 1.5
"""Pictures and time before a face may be called frozen."""
WINDOW_SAMPLES: Final = 50
WINDOW_SECONDS: Final = 4.0
"""What is older is forgotten."""
DRIFT_FLOOR: Final = 4e-4
"""Drift (1 - cosine) below which an embedding stands still, however little noise there is."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """An embedding and when its picture was taken."""

    captured_ns: int
    values: NDArray[np.float32]


class StaticCheck:
    """Compares the drift of one track's embeddings with their noise.

    A living face moves slowly, also when it is held still: posture, breath and mimicry carry the embedding along.
    Noise and recompression throw it to and fro about one place. So thirds of the window are averaged, which removes
    noise and keeps drift. Bit-identical pictures are no samples: they are the camera's fault, not the person's.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=WINDOW_SAMPLES)
        self._pixels: NDArray[np.uint8] | None = None
        self.verdict = PadVerdict.UNDECIDED

    def reset(self) -> None:
        """A new track begins."""
        self._samples.clear()
        self._pixels = None
        self.verdict = PadVerdict.UNDECIDED

    def add(self, frame: Frame, embedding: Embedding) -> float | None:
        """Takes the next embedding of the track and renews ``verdict``.

        Returns:
            Its cosine to the one before, None for the first.
        """
        previous = self._samples[-1].values if self._samples else None
        similarity = None if previous is None else min(1.0, max(-1.0, float(previous @ embedding.values)))
        if self._pixels is not None and np.array_equal(self._pixels, frame.pixels):
            return similarity
        self._pixels = frame.pixels
        self._samples.append(_Sample(frame.captured_ns, embedding.values))
        while frame.captured_ns - self._samples[0].captured_ns > WINDOW_SECONDS * 1e9:
            self._samples.popleft()
        self.verdict = self._judged()
        return similarity

    def liveliness(self) -> float:
        """Drift of the embedding over what its noise alone would cause; about 1 for a still, 0 with too few samples.

        1. The window is cut into thirds, the middle one takes the rest; each is averaged.
        2. Drift = the largest 1 - cosine between two of the three means.
        3. Noise = the median 1 - cosine between neighbours, over the number of embeddings in a third.
        """
        if len(self._samples) < FIRST_SAMPLES:
            return 0.0
        values = np.stack([s.values for s in self._samples]).astype(np.float64)
        third = len(values) // 3
        means = np.stack([values[:third].mean(axis=0), values[third:-third].mean(axis=0), values[-third:].mean(axis=0)])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        drift = 1.0 - float(min(means[0] @ means[1], means[1] @ means[2], means[0] @ means[2]))
        noise = 1.0 - float(np.median((values[1:] * values[:-1]).sum(axis=1)))
        return max(drift, 0.0) / max(DRIFT_FLOOR, noise / third)

    def _judged(self) -> PadVerdict:
        liveliness = self.liveliness()
        if liveliness >= LIVELY_FROM:
            return PadVerdict.BONA_FIDE
        span_ns = self._samples[-1].captured_ns - self._samples[0].captured_ns
        full = len(self._samples) >= FULL_SAMPLES and span_ns >= FULL_SECONDS * 1e9
        return PadVerdict.ATTACK if full and liveliness < FROZEN_BELOW else PadVerdict.UNDECIDED
