"""The state of the machine in words: status strip and banners of the window."""

from __future__ import annotations

from faceguard.access.policy import LivenessPolicy
from faceguard.camera.source import FrameSource
from faceguard.camera.watchdog import CameraState, CameraStatus
from faceguard.compose import Networks
from faceguard.config.settings import Settings
from faceguard.evaluation.door import TauState, Verdict
from faceguard.evaluation.measured_liveness import MeasuredLiveness, brief
from faceguard.ui.main_window import Banner
from faceguard.ui.status_strip import StatusItem

SIMULATED = "Simulation: the pictures are rendered, nobody stands at this door."
LIVENESS_OFF = "Liveness is switched off: a photo of a member of staff opens this door."
SHADOW = "Shadow mode: the door records what it would do, and opens nothing."
NOT_MEASURED = "This encoder has no measured tau: people can be enrolled, but the door lets nobody in."
CHOOSE_TAU = "Choose another one on the Tuning page."


def camera_item(source: FrameSource, state: CameraState) -> StatusItem:
    """What the camera does."""
    if state.usable:
        return StatusItem(f"{source.label}, {state.fps:.0f} pictures a second", "ask" if source.simulated else "grant")
    waiting = state.status in (CameraStatus.CONNECTING, CameraStatus.ENDED)
    return StatusItem(state.sentence or source.label, "dim" if waiting else "deny")


def no_camera_item(sentence: str) -> StatusItem:
    """The door is not started yet, or could not be."""
    return StatusItem(sentence, "deny") if sentence else StatusItem("Camera: not started", "dim")


def people_item(count: int | None) -> StatusItem:
    """How many are enrolled."""
    if count is None:
        return StatusItem("People: not read yet", "dim")
    words = {0: "Nobody is enrolled", 1: "1 person"}.get(count, f"{count:,} people")
    return StatusItem(words, "grant" if count else "ask")


def encoder_item(networks: Networks | None, *, failed: bool = False) -> StatusItem:
    """Which encoder, on which execution provider, as the session itself reports it."""
    if networks is None and failed:
        return StatusItem("Networks: not loaded", "deny")
    if networks is None:
        return StatusItem("Networks: loading", "dim")
    card = networks.encoder.card
    compared = "" if networks.head is None else f" compared by {networks.head.id}"
    return StatusItem(
        f"Encoder: {card.id}{compared}, on {networks.provider.upper()}",
        "grant" if networks.measured.default_tau else "ask",
    )


def liveness_item(
    settings: Settings, networks: Networks | None, measured: MeasuredLiveness | None = None
) -> StatusItem:
    """What stands between a photo and the door, and what was measured of it on this camera."""
    policy = LivenessPolicy(settings.text("liveness.policy"))
    if policy is LivenessPolicy.OFF:
        return StatusItem("Liveness: off", "deny")
    pads = () if networks is None else networks.pads
    pin = settings.switch("liveness.pin_after_face")
    if pads and all(pad.card.measured for pad in pads):
        how = "network and challenge" if policy is LivenessPolicy.STRICT else "network, challenge when undecided"
    elif pads:
        how = "network and challenge, then PIN" if pin else "network and challenge"
    else:
        how = "challenge, then PIN" if pin else "challenge only"
    return StatusItem(f"Liveness: {how}, {brief(measured or MeasuredLiveness())}", "ask")


def banners(
    settings: Settings,
    networks: Networks | None,
    *,
    simulated: bool,
    verdict: Verdict | None = None,
    shadow: bool = False,
) -> list[Banner]:
    """Warnings that stay while their cause does, worst first.

    Args:
        settings: in force.
        networks: once they are loaded.
        simulated: the pictures are rendered.
        verdict: on the taus in force; None while it is not known.
        shadow: the door decides and opens nothing.
    """
    found = []
    if shadow:
        found.append(Banner(SHADOW, "ask", "See what it would have done", "shadow"))
    if settings.text("liveness.policy") == LivenessPolicy.OFF:
        found.append(Banner(LIVENESS_OFF, "deny"))
    if networks is not None and networks.pad_fault:
        found.append(Banner(f"{networks.pad_fault} Until then the door lets nobody in.", "deny"))
    if networks is not None and networks.measured.default_tau is None:
        found.append(Banner(NOT_MEASURED, "deny"))
    if verdict is not None:
        for state, sentence in zip(verdict.states, verdict.sentences, strict=False):
            if state is not TauState.UNKNOWN:
                choose = f" {CHOOSE_TAU}" if state is not TauState.BEYOND_RATED else ""
                found.append(Banner(f"{sentence}{choose}", "deny" if state is TauState.UNSAFE else "ask"))
    if simulated:
        found.append(Banner(SIMULATED))
    return found


def kiosk_sign(settings: Settings, *, simulated: bool) -> str:
    """What the kiosk shows at all times to everybody who stands there."""
    off = settings.text("liveness.policy") == LivenessPolicy.OFF
    return "    ".join(word for word, shown in (("Liveness check off", off), ("Simulation", simulated)) if shown)


def door_subtitle(settings: Settings, *, shadow: bool = False) -> str:
    """One line about how this door works."""
    if shadow:
        return f"Opens nothing: shadow mode. Policy: {settings.text('liveness.policy')}."
    seconds = settings.whole("door.pulse_ms") / 1000
    opens = "Shows grants only: no door output is set"
    if settings.text("door.output") != "none":
        opens = f"Opens for {seconds:g} seconds on a grant"
    return f"{opens}. Policy: {settings.text('liveness.policy')}."
