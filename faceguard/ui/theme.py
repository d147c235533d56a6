"""The visual language: colours, spacing, type, and the switch between light and dark.

Every colour and length of the window comes from here. Widgets with a style sheet get theirs from ``style_sheet.py``;
widgets that paint themselves ask ``tokens_for(self)`` inside ``paintEvent``, so a switch at run time needs no signal:
Qt sends every widget a ``StyleChange`` and a repaint.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from faceguard.resources import bundled
from faceguard.ui.style_sheet import style_sheet
from faceguard.ui.tokens import BODY, DARK, DISPLAY, FONT_FAMILY, LIGHT, Palette

FONT_FILES: Final = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "Inter-Bold.otf")
_DARK_PROPERTY: Final = "faceguardDark"
_THEME_NAME: Final = "faceguardTheme"


class Scheme(StrEnum):
    """What the user chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class FontSpec:
    """One step of the type scale: pixels and weight (400, 500, 600, 700)."""

    pixels: int
    weight: int = 400


def font(spec: FontSpec) -> QFont:
    """The bundled family at one step of the type scale, digits all of one width."""
    made = QFont(QApplication.font())
    made.setPixelSize(spec.pixels)
    made.setWeight(QFont.Weight(spec.weight))
    if spec.pixels >= DISPLAY:
        made.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 98)  # large type looks loose otherwise
    made.setFeature(QFont.Tag("tnum"), 1)  # a clock and a list of times must not jitter
    return made


class Theme(QObject):
    """Dresses the whole application; keeps following the desktop while the choice is ``Scheme.SYSTEM``."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName(_THEME_NAME)
        self._app = app
        self._scheme = Scheme.SYSTEM
        app.setStyle("Fusion")  # the one style that looks alike on every desktop below the style sheet
        app.setFont(_bundled_font())
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def scheme(self) -> Scheme:
        """The user's choice, not its outcome."""
        return self._scheme

    def choose(self, scheme: Scheme) -> None:
        """Applies light, dark or the desktop's own choice at once to every open window; the same again is no work."""
        if scheme is self._scheme and self._app.styleSheet():
            return
        self._scheme = scheme
        hints = self._app.styleHints()
        match scheme:
            case Scheme.LIGHT:
                hints.setColorScheme(Qt.ColorScheme.Light)
            case Scheme.DARK:
                hints.setColorScheme(Qt.ColorScheme.Dark)
            case Scheme.SYSTEM:
                hints.unsetColorScheme()
        self._dress()

    @Slot()
    def _follow_system(self) -> None:
        if self._scheme is Scheme.SYSTEM:
            self._dress()

    def _dress(self) -> None:
        dark = self._scheme is Scheme.DARK or (
            self._scheme is Scheme.SYSTEM and self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        self._app.setProperty(_DARK_PROPERTY, dark)
        colours = DARK if dark else LIGHT
        collecting = gc.isenabled()
        gc.disable()  # Qt walks over all widgets and calls into Python on the way: none of them may be freed meanwhile
        try:
            self._app.setPalette(qt_palette(colours))
            self._app.setStyleSheet(style_sheet(colours))
        finally:
            if collecting:
                gc.enable()


def apply_theme(app: QApplication, scheme: Scheme = Scheme.SYSTEM) -> Theme:
    """The application's one theme, made at the first call, switched to ``scheme``."""
    theme = app.findChild(Theme, _THEME_NAME)
    if not isinstance(theme, Theme):
        theme = Theme(app)
    theme.choose(scheme)
    return theme


def tokens() -> Palette:
    """The colours in force for the application."""
    app = QApplication.instance()
    return DARK if app is not None and app.property(_DARK_PROPERTY) else LIGHT


def tokens_for(widget: QWidget) -> Palette:
    """The colours in force for this widget: the kiosk is always dark (window property ``scheme``)."""
    return DARK if widget.window().property("scheme") == "dark" else tokens()


def restyle(widget: QWidget, **properties: str | bool | None) -> None:
    """Sets style properties (``pill="grant"``, ``primary=True``) and lets the style sheet look again, if any is new."""
    if all(widget.property(name) == value for name, value in properties.items()):
        return
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def qt_palette(colours: Palette) -> QPalette:
    """The same colours for whatever Qt paints without the style sheet."""
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in (
        (role.Window, colours.background),
        (role.WindowText, colours.ink),
        (role.Base, colours.card),
        (role.AlternateBase, colours.rail),
        (role.Text, colours.ink),
        (role.Button, colours.card),
        (role.ButtonText, colours.ink),
        (role.ToolTipBase, colours.card),
        (role.ToolTipText, colours.ink),
        (role.PlaceholderText, colours.dim),
        (role.Highlight, colours.accent_soft),
        (role.HighlightedText, colours.ink),
        (role.Accent, colours.accent),
        (role.Link, colours.accent),
        (role.Mid, colours.line),
    ):
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.dim))
    return palette


def _bundled_font() -> QFont:
    """Inter at body size; the desktop's own font where the files are missing."""
    families: list[str] = []
    for name in FONT_FILES:
        path = bundled("assets") / "fonts" / name
        if path.is_file():
            families += QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(path)))
    made = QFont(FONT_FAMILY) if FONT_FAMILY in families else QFont(QApplication.font())
    made.setPixelSize(BODY)
    return made
