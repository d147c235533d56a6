"""The design tokens: every colour, length and type size of the window, as plain values without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Spacing, in logical pixels.
XS: Final = 4
S: Final = 8
M: Final = 12
L: Final = 16
XL: Final = 24
XXL: Final = 32

RADIUS: Final = 8
TOUCH: Final = 44
"""Smallest touch target."""
KIOSK_TOUCH: Final = 72
"""Smallest touch target at the kiosk."""

# Type scale, in logical pixels.
SMALL: Final = 12
BODY: Final = 14
LEAD: Final = 16
TITLE: Final = 20
HEADLINE: Final = 28
DISPLAY: Final = 48
CLOCK: Final = 96

FONT_FAMILY: Final = "Inter"


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour scheme, as ``#rrggbb``.

    Attributes:
        background, card, rail, line: surfaces, and the hairline between them.
        ink, dim: text, and text that steps back.
        accent, accent_soft: the one accent, and the surface that it is read on.
        grant, deny, ask (and ``_soft``): meaning; each is readable on its own soft surface, on card and on background.
        on_strong: text and marks on accent, grant, deny or ask.
        hover, pressed: surfaces of a button under the pointer.
    """

    background: str
    card: str
    rail: str
    line: str
    ink: str
    dim: str
    accent: str
    accent_soft: str
    accent_hover: str
    grant: str
    grant_soft: str
    deny: str
    deny_soft: str
    ask: str
    ask_soft: str
    on_strong: str
    hover: str
    pressed: str
    name: str


LIGHT: Final = Palette(
    background="#f6f7f9",
    card="#ffffff",
    rail="#eef0f3",
    line="#e1e5ea",
    ink="#16202b",
    dim="#5b6875",
    accent="#2457d6",
    accent_soft="#e6edfd",
    accent_hover="#1c48b6",
    grant="#0d7a4d",
    grant_soft="#e3f5ec",
    deny="#b3261e",
    deny_soft="#fdeceb",
    ask="#8a5a00",
    ask_soft="#fff3d9",
    on_strong="#ffffff",
    hover="#f3f5f8",
    pressed="#e9ecf1",
    name="light",
)
DARK: Final = Palette(
    background="#10151b",
    card="#181f27",
    rail="#141a21",
    line="#2a333e",
    ink="#eef2f6",
    dim="#98a5b3",
    accent="#7aa2ff",
    accent_soft="#1d2a47",
    accent_hover="#9ab8ff",
    grant="#4ad295",
    grant_soft="#12352a",
    deny="#ff8a80",
    deny_soft="#43201f",
    ask="#ffc861",
    ask_soft="#3d2f12",
    on_strong="#10151b",
    hover="#1f2832",
    pressed="#27313d",
    name="dark",
)

# The kiosk's whole-screen colours; white text on each.
KIOSK_TOP: Final = "#131b24"
KIOSK_BOTTOM: Final = "#0b0f14"
KIOSK_KEY: Final = "#1d2732"
KIOSK_KEY_PRESSED: Final = "#2b3846"
KIOSK_GRANT: Final = "#0b6b43"
KIOSK_DENY: Final = "#8c1d18"
KIOSK_OUT: Final = "#39434e"
KIOSK_SHADOW: Final = "#27496d"
"""Neither welcome nor refusal: what the door would do."""
KIOSK_OUT_MARK: Final = "#cfd7df"


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2); text wants 4.5."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
