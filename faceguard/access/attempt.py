"""One person's stay before the camera: the frames of one track, gathered for at most two looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from statistics import median
from typing import Protocol

from faceguard.access.challenge import Challenge
from faceguard.access.policy import AccessPolicy, PassiveRule
from faceguard.domain.decision import EVIDENCE_MS, NS_PER_MS, Deny, DenyReason, Evidence, Gate
from faceguard.domain.observation import Observation, PadVerdict
from faceguard.domain.score import Candidate, Distance, Threshold
from faceguard.domain.template import Embedding, Gallery, fuse


class GallerySearch(Protocol):
    """What an attempt asks of the gallery; ``pipeline.matcher.Matcher`` answers."""

    @property
    def gallery(self) -> Gallery:
        """The snapshot that is searched."""

    def search(self, embedding: Embedding) -> tuple[Candidate, ...]:
        """The two nearest people, nearest first."""

    def compare(self, embedding: Embedding, subject_id: int) -> Distance | None:
        """Distance to one person's nearest template; None when there is none."""


class Phase(Enum):
    """Where an attempt stands."""

    COLLECT = auto()
    """Gathering good frames for a look."""
    PROVE = auto()
    """A look named a person; liveness is still to be shown."""
    ASK = auto()
    """The person's PIN is awaited."""
    CONFIRM = auto()
    """The PIN was right; the face must still be there."""


class LookResult(Enum):
    """What one search with the fused embedding says."""

    CLEAR = auto()
    TOO_ALIKE = auto()
    NOBODY = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """One search with the fused embedding of some frames.

    Attributes:
        result: CLEAR only within tau, with the margin, and when every single frame shows that same person: a photo
            and the attacker's own head by turns, fused, would lie near to both.
        frames: the observations that were fused, oldest first.
        fused: their normalised mean.
        nearest, runner_up: the two nearest people, if there are any.
        tau: what the nearest was compared with.
    """

    result: LookResult
    frames: tuple[Observation, ...]
    fused: Embedding
    nearest: Candidate | None
    runner_up: Candidate | None
    tau: Threshold

    def evidence(self, track_id: int, now_ns: int, gallery_size: int, gates: frozenset[Gate]) -> Evidence:
        """What a grant of the nearest person would rest on."""
        if self.nearest is None:
            raise ValueError("a look at an empty gallery is no evidence")
        return Evidence(
            track_id=track_id,
            sequences=tuple(f.sequence for f in self.frames),
            oldest_ns=self.frames[0].captured_ns,
            newest_ns=self.frames[-1].captured_ns,
            decided_ns=now_ns,
            distance=self.nearest.distance,
            tau=self.tau,
            runner_up=None if self.runner_up is None else self.runner_up.distance,
            encoder_id=self.fused.encoder_id,
            gallery_size=gallery_size,
            gates=gates,
        )


def judged(nearest: Distance | None, runner_up: Distance | None, tau: Threshold, margin: float) -> LookResult:
    """What the two smallest distances of a search say by themselves; the single frames may still speak against it.

    Args:
        nearest: to the nearest person; None in an empty gallery.
        runner_up: to the nearest other person; None where there is none.
        tau: of the search.
        margin: how much farther the runner-up must be.
    """
    if nearest is None or not nearest.within(tau):
        return LookResult.NOBODY
    apart = runner_up is None or runner_up.value - nearest.value >= margin
    return LookResult.CLEAR if apart else LookResult.TOO_ALIKE


def look(
    frames: Sequence[Observation], gallery: GallerySearch, tau: Threshold, margin: float, single: Threshold | None
) -> Look:
    """Fuse the frames and search the gallery once (1:N); each frame has the same nearest person within ``single``.

    Where ``single`` is None or less than tau, tau stands in for it.

    Where few are enrolled, the same nearest person alone says nothing: with one, everybody's nearest is that one.
    """
    fused = fuse([_embedding(f) for f in frames])
    found = gallery.search(fused)
    nearest = found[0] if found else None
    runner_up = found[1] if len(found) > 1 else None
    result = judged(
        None if nearest is None else nearest.distance, None if runner_up is None else runner_up.distance, tau, margin
    )
    if nearest is not None and result is not LookResult.NOBODY:
        wide = tau if single is None else max(tau, single)
        if not all(f.candidates and _shows(f.candidates[0], nearest.subject_id, wide) for f in frames):
            result = LookResult.NOBODY
    return Look(result, tuple(frames), fused, nearest, runner_up, tau)


def look_pair(
    frames: Sequence[Observation], gallery: GallerySearch, subject_id: int, tau: Threshold, single: Threshold | None
) -> Look:
    """Fuse the frames and compare them with one named person (1:1); no margin, no runner-up.

    Each frame alone lies within ``single`` of that person.
    """
    fused = fuse([_embedding(f) for f in frames])
    distance = gallery.compare(fused, subject_id)
    nearest = None if distance is None else Candidate(subject_id, distance)
    wide = tau if single is None else max(tau, single)
    each = [gallery.compare(_embedding(f), subject_id) for f in frames]
    clear = distance is not None and distance.within(tau) and all(d is not None and d.within(wide) for d in each)
    return Look(LookResult.CLEAR if clear else LookResult.NOBODY, tuple(frames), fused, nearest, None, tau)


def _shows(candidate: Candidate, subject_id: int, tau: Threshold) -> bool:
    return candidate.subject_id == subject_id and candidate.distance.within(tau)


def _embedding(observation: Observation) -> Embedding:
    if observation.embedding is None:
        raise ValueError("a frame without embedding is no evidence")
    return observation.embedding


@dataclass(slots=True)
class Attempt:
    """The frames of one track so far; owned by the session, never handed out.

    Attributes:
        track_id: the one track.
        claimed_id: the person whom a right PIN named beforehand; the looks are then 1:1.
        good: matchable frames, at least ``frame_gap_ms`` apart, oldest first.
        last_seen_ns: newest frame of this track, good or not.
    """

    track_id: int
    claimed_id: int | None = None
    phase: Phase = Phase.COLLECT
    good: list[Observation] = field(default_factory=list)
    last_seen_ns: int = 0
    looks: int = 0
    judged_at_look: int = 0
    named: Look | None = None
    named_ns: int = 0
    challenge: Challenge | None = None
    proven_ns: int | None = None
    ask_targets: tuple[int, ...] = ()
    ask_expires_ns: int = 0
    confirmed_id: int | None = None
    confirm_until_ns: int = 0
    last_failed: Look | None = None

    @property
    def pin(self) -> bool:
        """A right PIN has named the person, before the face or after it."""
        return self.confirmed_id is not None or self.claimed_id is not None

    def add(self, observation: Observation, policy: AccessPolicy) -> bool:
        """Take a frame's evidence in; True when it counts as a good frame."""
        self.last_seen_ns = observation.captured_ns
        if not observation.matchable:
            return False
        if self.good and observation.captured_ns - self.good[-1].captured_ns < policy.frame_gap_ms * NS_PER_MS:
            return False
        self.good.append(observation)
        return True

    def drop_old(self, now_ns: int) -> None:
        """Forget good frames that no grant may rest on any more; keeps a long wait for a PIN bounded."""
        self.good = [f for f in self.good if now_ns - f.captured_ns <= EVIDENCE_MS * NS_PER_MS]

    def recent(self, now_ns: int, count: int, *, since_ns: int | None = None) -> list[Observation]:
        """The newest ``count`` good frames that are not too old for a grant, all of them after ``since_ns``."""
        oldest_ns = now_ns - EVIDENCE_MS * NS_PER_MS
        if since_ns is not None:
            oldest_ns = max(oldest_ns, since_ns + 1)
        return [f for f in self.good if f.captured_ns >= oldest_ns][-count:]

    def static(self) -> PadVerdict:
        """The static check's present word."""
        pad = self.good[-1].pad if self.good else None
        return PadVerdict.UNDECIDED if pad is None else pad.static

    def passive(self, rule: PassiveRule | None, needed: int) -> PadVerdict:
        """The PAD networks' word: the median over at least ``needed`` frames, never one frame's score.

        Once a look has named a person, only the frames of that look and later ones speak: a face that was shown
        before it vouches for nobody.
        """
        first_ns = self.named.frames[0].captured_ns if self.named is not None else 0
        frames = [f for f in self.good if f.captured_ns >= first_ns]
        scores = [f.pad.passive_score for f in frames if f.pad is not None and f.pad.passive_score is not None]
        if rule is None or len(scores) < needed:
            return PadVerdict.UNDECIDED
        middle = median(scores)
        if middle < rule.attack:
            return PadVerdict.ATTACK
        vouched = rule.accept is not None and middle >= rule.accept
        return PadVerdict.BONA_FIDE if vouched else PadVerdict.UNDECIDED


def denial(reason: DenyReason, attempt: Attempt, shown: Look | None, retry_ns: int | None) -> Deny:
    """The refusal of an attempt, with the numbers of the look that it rests on, if it rests on one."""
    nearest = None if shown is None else shown.nearest
    runner_up = None if shown is None else shown.runner_up
    return Deny(
        reason,
        attempt.track_id,
        distance=None if nearest is None else nearest.distance,
        tau=None if shown is None else shown.tau,
        runner_up=None if runner_up is None else runner_up.distance,
        nearest_subject_id=None if nearest is None else nearest.subject_id,
        frames=len(attempt.good),
        retry_ns=retry_ns,
        pin=attempt.pin,
    )
