"""What the settings page calls its cards, settings and choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TAU_KEY: Final = "access.tau"
PROVIDER_KEY: Final = "models.provider"
POLICY_KEY: Final = "liveness.policy"

RECOGNITION: Final = "Recognition"
CAMERA: Final = "Camera"
LIVENESS: Final = "Liveness"
DOOR: Final = "Door"
APPEARANCE: Final = "Appearance"
ADMIN: Final = "Admin PIN"
MORE: Final = "More settings"

CARDS: Final[Mapping[str, Mapping[str, str]]] = {
    RECOGNITION: {PROVIDER_KEY: "Networks run on"},
    CAMERA: {"camera.source": "Source", "camera.width": "Width", "camera.height": "Height"},
    LIVENESS: {POLICY_KEY: "Policy", "liveness.pin_after_face": "PIN after the face"},
    DOOR: {
        "door.name": "Name",
        "door.shadow": "Shadow mode",
        "door.phone": "Telephone",
        "door.output": "Output",
        "door.serial_port": "Port",
        "door.serial_channel": "Relay",
        "door.pulse_ms": "Pulse",
    },
    APPEARANCE: {
        "window.theme": "Colours",
        "window.mirror": "Mirror the picture",
        "privacy.show_names": "Greet by name",
    },
}
"""Card -> key -> title. Whatever the table holds beyond these is found under ``MORE``."""
WORDS: Final[Mapping[str, dict[str, str]]] = {
    "window.theme": {"system": "As the desktop", "light": "Light", "dark": "Dark"},
    "door.output": {"none": "None", "serial": "USB relay board"},
    PROVIDER_KEY: {"auto": "Automatic", "cpu": "Processor (CPU)", "cuda": "Graphics card (CUDA)"},
    POLICY_KEY: {"standard": "Standard", "strict": "Strict", "off": "Off"},
}
POLICIES: Final = {
    "standard": "Refuses still pictures, and asks for a turn of the head where no liveness network decides. "
    "The turn proves “not flat”, not “alive”: a film of a turning head turns too.",
    "strict": "Asks everybody for a turn of the head, always. It proves the same: not flat.",
    "off": "Nothing is checked: whoever holds up a photo of a colleague gets in. A banner stays on every page.",
}
MORE_TITLES: Final[Mapping[str, str]] = {
    "camera.fps": "Pictures a second",
    "camera.stall_ms": "Longest silence of the camera",
    "models.threads": "Processor threads",
    "models.encoder": "Encoder",
    "models.detector": "Face detector",
    "models.landmarks": "Landmark network",
    "models.pad": "Liveness networks",
    "models.quality": "Quality network",
    "models.comparison": "Learned comparison",
    "access.tau_pair": "tau after PIN or badge",
    "access.margin": "Margin to the next person",
    "access.cooldown_ms": "Pause after a grant",
    "access.zone": "Zone of the picture",
    "privacy.label_events": "Labels by the desk",
    "quality.min_eye_px": "Size of the face",
    "quality.min_visible": "Face inside the picture",
    "quality.max_yaw_deg": "Turn to a side",
    "quality.max_pitch_deg": "Nod up or down",
    "quality.max_roll_deg": "Tilt of the head",
    "quality.min_eye_contrast": "Eyes uncovered",
    "quality.min_mouth_contrast": "Mouth uncovered",
    "quality.min_mouth_row": "Mouth uncovered, rows",
    "quality.max_mask_colour": "Colour of a mask",
    "quality.min_brightness": "Darkest face",
    "quality.max_brightness": "Brightest face",
    "quality.max_burnt_out": "Burnt-out skin",
    "quality.max_uneven": "Light from one side",
    "quality.min_sharpness": "Sharpness",
}
"""Titles under ``MORE``; a row that is missing here is called by its key."""
LOST: Final = "Whoever knows it changes how strict the door is and what opens it. Nobody can read it back."
TUNING: Final = "How alike two faces must be, and what that means for the people here, is set on the Tuning page."
