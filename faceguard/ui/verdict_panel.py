"""What the door says, readable from three metres: colour, icon and words, never colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending, WouldGrant
from faceguard.ui.icons import paint_icon
from faceguard.ui.messages import ASK_HEADLINE, HINTS, NOTHING_OPENS, QUESTIONS, REFUSALS, since_words, would_open
from faceguard.ui.theme import restyle, tokens_for
from faceguard.ui.tokens import L
from faceguard.ui.widgets.text import Text

MARK_SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a decision looks like.

    Attributes:
        tone: ``grant``, ``deny``, ``ask`` or ``neutral``: names of tokens.
        icon: of the mark.
        headline, sentence: the words.
        progress: share of the ring round the mark, None for no ring.
    """

    tone: str
    icon: str
    headline: str
    sentence: str = ""
    progress: float | None = None


def verdict_of(decision: Decision, *, show_names: bool = True) -> Verdict:
    """The window is a function of the decision."""
    match decision:
        case Grant(subject=subject):
            return Verdict("grant", "tick", "Granted", subject.name if show_names else "")
        case WouldGrant(grant=grant):
            return Verdict("neutral", "eye", would_open(grant.subject.name if show_names else None), NOTHING_OPENS)
        case Ask(reason=reason):
            return Verdict("ask", "key", ASK_HEADLINE, QUESTIONS[reason].sentence)
        case Deny(reason=denied):
            return Verdict("deny", "cross", REFUSALS[denied].headline, REFUSALS[denied].sentence)
        case Pending(hint=Hint.STEP_UP):
            return Verdict("neutral", "face", "Ready", HINTS[Hint.STEP_UP])
        case Pending(hint=Hint.WAIT):
            return Verdict("neutral", "clock", HINTS[Hint.WAIT])
        case Pending(hint=hint, progress=progress):
            icon = {Hint.TURN_LEFT: "arrow-left", Hint.TURN_RIGHT: "arrow-right"}.get(hint, "face")
            return Verdict("neutral", icon, HINTS[hint], "", progress)
        case OutOfService(sentence=sentence, since_ns=since_ns):
            return Verdict("out", "wrench", "Out of service", f"{sentence} {since_words(since_ns)}")
        case _:
            assert_never(decision)


class VerdictMark(QWidget):
    """The disc with the icon; the ring round it is the progress, there is no spinner."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdict = Verdict("neutral", "face", "")
        self.setFixedSize(QSize(MARK_SIDE, MARK_SIDE))

    def show_verdict(self, verdict: Verdict) -> None:
        """Another verdict."""
        self._verdict = verdict
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Disc, ring, icon."""
        colours, verdict = tokens_for(self), self._verdict
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        if verdict.tone == "neutral":
            disc, ink = colours.accent_soft, colours.accent
        elif verdict.tone == "out":
            disc, ink = colours.dim, colours.on_strong
        else:
            disc, ink = str(getattr(colours, verdict.tone)), colours.on_strong
        inner = area
        if verdict.progress is not None:
            inner = area.adjusted(7, 7, -7, -7)
            ring = area.adjusted(2, 2, -2, -2)
            for share, colour in ((1.0, colours.line), (verdict.progress, colours.accent)):
                painter.setPen(QPen(QColor(colour), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                if share > 0:
                    painter.drawArc(ring, 90 * 16, round(-360 * 16 * min(1.0, share)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(disc))
        painter.drawEllipse(inner)
        side = inner.width() * 0.6
        placed = QRectF(inner.center().x() - side / 2, inner.center().y() - side / 2, side, side)
        paint_icon(painter, verdict.icon, ink, placed, stroke=2.5 if verdict.icon in ("tick", "cross") else 1.75)
        painter.end()


class VerdictPanel(QFrame):
    """Mark, headline, sentence, on the soft colour of the verdict."""

    def __init__(self, *, show_names: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._show_names = show_names
        self._verdict = Verdict("neutral", "face", "")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(L + 4, L + 4, L + 4, L + 4)
        row.setSpacing(L)
        self.mark = VerdictMark()
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignVCenter)
        words = QVBoxLayout()
        words.setSpacing(4)
        self.headline = Text("", "headline", wrap=True)
        self.sentence = Text("", "lead", wrap=True)
        words.addStretch()
        words.addWidget(self.headline)
        words.addWidget(self.sentence)
        words.addStretch()
        row.addLayout(words, 1)
        self.setMinimumHeight(MARK_SIDE + 2 * (L + 4) + 6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.show_decision(Pending(Hint.WAIT))

    @property
    def verdict(self) -> Verdict:
        """What is shown."""
        return self._verdict

    def set_show_names(self, show_names: bool) -> None:
        """Whether a grant says whose it is; from the next decision on."""
        self._show_names = show_names

    def show_decision(self, decision: Decision) -> None:
        """Shows a decision; the same one again costs nothing."""
        self.show_verdict(verdict_of(decision, show_names=self._show_names))

    def show_verdict(self, verdict: Verdict) -> None:
        """Shows what looks like a decision; the same again costs nothing."""
        if verdict == self._verdict:
            return
        self._verdict = verdict
        self.headline.setText(verdict.headline)
        self.sentence.setText(verdict.sentence)
        self.sentence.setVisible(bool(verdict.sentence))
        self.mark.show_verdict(verdict)
        self.setAccessibleName(f"{verdict.headline}. {verdict.sentence}".strip())
        meant = verdict.tone in ("grant", "deny", "ask")
        self.headline.set_tone(verdict.tone if meant else None)
        restyle(self, verdict=verdict.tone)
