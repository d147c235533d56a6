"""What the liveness test calls its props, and what it says of how a presentation ended."""

from __future__ import annotations

from typing import Final

from faceguard.domain.presentation import Response, Species, TrialResult
from faceguard.evaluation.measured_liveness import NOT_MEASURED, MeasuredLiveness, quote, rate_words
from faceguard.evaluation.presentations import WHAT_TO_DO
from faceguard.ui.verdict_panel import Verdict

TITLES: Final = {
    Species.PRINT_MATTE: "Print, matte",
    Species.PRINT_GLOSSY: "Print, glossy",
    Species.PRINT_BENT: "Print, bent",
    Species.PHONE: "Phone",
    Species.TABLET: "Tablet",
    Species.LAPTOP: "Laptop",
    Species.BONA_FIDE: "Real person",
}
FOLLOW: Final = "When the arrow appears, turn it that way."
TESTED: Final = "The liveness of this camera is being tested. The door opens to nobody until the test is finished."
SIMULATION: Final = (
    "Simulation: the pictures are rendered. Nothing is stored, and none of this is a PAD rate of a camera."
)
RECORDING: Final = "Recording: no camera is running. Nothing is stored, and none of this is a PAD rate of a camera."
IDLE: Final = "The liveness test was ended, because nothing was tried for some minutes. The door works again."
OVER: Final = "The test is over."
NO_CAMERA: Final = "The pictures come from no camera now: liveness can be tried, but not measured."
PROPS: Final = "Your own props only: another phone, print or film may get through."
POLICY_TITLES: Final = {"standard": "Standard", "strict": "Strict"}


def ready(species: Species) -> Verdict:
    """Before a trial."""
    return Verdict("neutral", "face" if species is Species.BONA_FIDE else "photo", TITLES[species], WHAT_TO_DO[species])


def about(camera: str, policy: str, *, kept: bool) -> str:
    """What is tested, what the counters count, and what is kept of it."""
    what = "Results are kept for this camera; pictures are not." if kept else "Nothing is kept."
    return f"{camera}, policy {policy}. Passed: liveness would have let it in, whoever it is. {what}"


def no_picture(sentence: str) -> Verdict:
    """The camera is away."""
    return Verdict("out", "camera", "No picture", sentence)


def outcome(species: Species, result: TrialResult) -> Verdict:
    """After a trial: green when liveness did what it is there for."""
    if result.response is Response.NOT_ACQUIRED:
        return Verdict("ask", "eye-off", "No answer", f"{_sentence(result.reason)} Counted apart.")
    passed = result.response is Response.PASSED
    good = passed is not species.attack
    if passed:
        words = "Let through" if species.attack else "Passed"
        said = f"Passed: {result.reason}."
    else:
        words = "Refused" if species.attack else "Person refused"
        said = _sentence(result.reason)
    return Verdict("grant" if good else "deny", "tick" if good else "cross", words, said)


def counted(test: MeasuredLiveness, species: Species) -> str:
    """``3 of 20 passed``."""
    share = test.share(species)
    if share.n:
        return f"{share.k} of {share.n} {'passed' if species.attack else 'refused'}"
    return "No answer yet" if test.count(species) else "Not tried"


def rated(test: MeasuredLiveness, species: Species) -> str:
    """The rate's name and bounds, and what got no answer; empty while there is nothing to say."""
    share, silent = test.share(species), test.count(species, Response.NOT_ACQUIRED)
    rate = f"{'APCER' if species.attack else 'BPCER'} {rate_words(share)}" if share.n else ""
    apart = f"{silent} without an answer" if silent else ""
    return "; ".join(part for part in (rate, apart) if part)


def quoted(policy: str, test: MeasuredLiveness, camera: str) -> str:
    """What was measured under one policy, for the card where it is chosen."""
    if not test.measured:
        return f"{POLICY_TITLES[policy]}: {NOT_MEASURED}."
    day = "" if test.last is None else f" on {test.last:%d %B %Y}".replace(" 0", " ")
    return f"{POLICY_TITLES[policy]}, measured on {camera}{day}: {quote(test)}"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
