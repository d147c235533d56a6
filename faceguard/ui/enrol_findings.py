"""What the quality gate found in a photo, said to the person at the desk: few rows, each something to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceguard.domain.observation import HaltReason, QualityAssessment, QualityFinding
from faceguard.ui.messages import HALTS


@dataclass(frozen=True, slots=True)
class FindingWords:
    """One row: good or not, the sentence, and what to do about it."""

    good: bool
    sentence: str
    detail: str = ""


_GROUPS: Final[tuple[tuple[str, tuple[HaltReason, ...]], ...]] = (
    ("The face is large enough", (HaltReason.TOO_SMALL,)),
    ("The whole face is in the picture", (HaltReason.CUT_OFF, HaltReason.OUTSIDE_ZONE)),
    ("Looks straight at the camera", (HaltReason.TURNED_AWAY, HaltReason.TILTED)),
    ("Well and evenly lit", (HaltReason.TOO_DARK, HaltReason.TOO_BRIGHT, HaltReason.UNEVEN_LIGHT)),
    ("Nothing covers the face", (HaltReason.COVERED,)),
    ("Sharp", (HaltReason.BLURRED,)),
    ("Easy to recognise", (HaltReason.POOR_PICTURE,)),
)
"""Findings that pass together are one row; each that fails is a row of its own."""

_REMEDIES: Final[dict[HaltReason, str]] = {
    HaltReason.CUT_OFF: "Use a photo that shows the whole head.",
    HaltReason.OUTSIDE_ZONE: "Use a photo with the face in the middle.",
    HaltReason.TURNED_AWAY: "Use a photo that is taken from the front.",
    HaltReason.TILTED: "Use a photo with the head upright.",
    HaltReason.COVERED: "Eyes, nose and mouth must be free: no mask, no dark glasses, no hair over the eyes.",
    HaltReason.TOO_DARK: "Use a photo with more light on the face.",
    HaltReason.TOO_BRIGHT: "Use a photo with softer light, without flash.",
    HaltReason.UNEVEN_LIGHT: "Use a photo that is lit from the front, not from one side.",
    HaltReason.BLURRED: "Use a sharper photo, not a copy of a print.",
    HaltReason.POOR_PICTURE: "Use a clearer photo that is taken from the front.",
    HaltReason.BAD_EMBEDDING: "Use another photo.",
}


def rows_of(quality: QualityAssessment) -> tuple[FindingWords, ...]:
    """What failed first, then what is good; every finding is in one of the rows."""
    failed: dict[HaltReason, FindingWords] = {}
    for finding in quality.findings:
        if not finding.passed and finding.reason not in failed:
            failed[finding.reason] = FindingWords(False, HALTS[finding.reason], _remedy(finding))
    good = []
    for sentence, reasons in _GROUPS:
        findings = [f for f in quality.findings if f.reason in reasons]
        if findings and all(f.passed for f in findings):
            good.append(FindingWords(True, _good_words(sentence, findings[0])))
    return (*failed.values(), *good)


def _good_words(sentence: str, finding: QualityFinding) -> str:
    if finding.reason is HaltReason.TOO_SMALL:
        return f"One face, {finding.measured:.0f} pixels between the eyes"
    return sentence


def _remedy(finding: QualityFinding) -> str:
    if finding.reason is HaltReason.TOO_SMALL:
        return (
            f"{finding.measured:.0f} pixels between the eyes; at least {finding.limit:.0f} are needed. "
            "Use a larger photo."
        )
    return _REMEDIES.get(finding.reason, "Use another photo.")
