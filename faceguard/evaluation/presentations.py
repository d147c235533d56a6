"""How each species is presented before a camera, in one sentence for whoever does it."""

from __future__ import annotations

from typing import Final

from faceguard.domain.presentation import Species

WHAT_TO_DO: Final = {
    Species.PRINT_MATTE: "Hold a photo of an enrolled face, on matte paper, where a head would be.",
    Species.PRINT_GLOSSY: "Hold a photo of an enrolled face, on glossy paper, where a head would be.",
    Species.PRINT_BENT: "Bend a printed photo of an enrolled face round like a head, and hold it where one would be.",
    Species.PHONE: "Hold the phone with a photo or film of an enrolled face where a head would be.",
    Species.TABLET: "Hold the tablet with a photo or film of an enrolled face where a head would be.",
    Species.LAPTOP: "Set the laptop with a photo or film of an enrolled face where a head would be.",
    Species.BONA_FIDE: "Let a person stand before the camera, as at the door.",
}
