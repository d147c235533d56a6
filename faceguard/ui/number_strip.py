"""The numbers behind a verdict, for the admin only: nobody at a door sees a score."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from faceguard.domain.decision import NS_PER_MS, Ask, Decision, Deny, Grant, WouldGrant
from faceguard.ui.theme import FontSpec, font
from faceguard.ui.tokens import TITLE, L, M, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.text import Text

CAPTIONS: Final = ("Distance d", "Threshold tau", "Next nearest", "Frames fused", "Verdict after")
SHORT_CAPTIONS: Final = ("d", "tau", "Next", "Frames", "After")
NARROW: Final = 540
"""Below this width the captions are short."""
UNKNOWN: Final = "–"


def numbers_of(decision: Decision, after_ms: float | None = None) -> tuple[str, ...] | None:
    """What stands below the captions; None for a decision without numbers.

    Args:
        decision: a verdict.
        after_ms: from the first frame of the track to the verdict, when the caller knows it.
    """
    match decision:
        case Grant(evidence=evidence) | WouldGrant(Grant(evidence=evidence)):
            if after_ms is None:
                after_ms = (evidence.decided_ns - evidence.oldest_ns) / NS_PER_MS
            distance, tau, runner_up, frames = (
                evidence.distance,
                evidence.tau,
                evidence.runner_up,
                len(evidence.sequences),
            )
            return _words(distance.value, tau.value, runner_up.value if runner_up else None, frames, after_ms)
        case Deny(distance=d, tau=t, runner_up=r, frames=frames):
            return _words(d.value if d else None, t.value if t else None, r.value if r else None, frames, after_ms)
        case Ask(distance=d, tau=t, frames=frames):
            return _words(d.value if d else None, t.value if t else None, None, frames, after_ms)
        case _:
            return None


def _words(
    distance: float | None, tau: float | None, runner_up: float | None, frames: int, after_ms: float | None
) -> tuple[str, ...]:
    values = [UNKNOWN if value is None else f"{value:.2f}" for value in (distance, tau, runner_up)]
    return (*values, str(frames), UNKNOWN if after_ms is None else f"{after_ms / 1000:.2f} s")


class NumberStrip(Card):
    """Five numbers in a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(margin=L, parent=parent)
        self._row = row = QHBoxLayout()
        row.setSpacing(L + M)
        self.values: list[Text] = []
        self.captions: list[Text] = []
        for caption in CAPTIONS:
            pair = QVBoxLayout()
            pair.setSpacing(2)
            self.captions.append(Text(caption, "dim"))
            pair.addWidget(self.captions[-1])
            value = Text(UNKNOWN, "title")
            value.setFont(font(FontSpec(TITLE, 600)))
            value.setAccessibleName(caption)
            self.values.append(value)
            pair.addWidget(value)
            row.addLayout(pair)
        row.addStretch()
        self.column.addLayout(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Short captions where the long ones would be cut."""
        super().resizeEvent(event)
        self._row.setSpacing(S if self.width() < NARROW else L + M)
        for caption, text in zip(self.captions, SHORT_CAPTIONS if self.width() < NARROW else CAPTIONS, strict=True):
            caption.setText(text)

    def minimumSizeHint(self) -> QSize:
        """With short captions."""
        return QSize(320, super().minimumSizeHint().height())

    def show_decision(self, decision: Decision, after_ms: float | None = None) -> None:
        """The numbers of the last verdict stay until the next one."""
        numbers = numbers_of(decision, after_ms)
        if numbers is not None:
            for value, text in zip(self.values, numbers, strict=True):
                value.setText(text)
