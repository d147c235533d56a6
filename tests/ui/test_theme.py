"""Colours that can be read, icons that exist, and a switch that reaches every widget."""

import re

import pytest
from PySide6.QtGui import QFontInfo, QFontMetricsF
from PySide6.QtWidgets import QWidget

from faceguard.resources import bundled
from faceguard.ui import icons
from faceguard.ui.style_sheet import style_sheet
from faceguard.ui.theme import FontSpec, Scheme, apply_theme, font, tokens
from faceguard.ui.tokens import (
    DARK,
    KIOSK_BOTTOM,
    KIOSK_DENY,
    KIOSK_GRANT,
    KIOSK_KEY,
    KIOSK_OUT,
    KIOSK_OUT_MARK,
    KIOSK_TOP,
    LIGHT,
    contrast,
)
from faceguard.ui.widgets.avatar import initials
from faceguard.ui.widgets.finding_row import FindingRow, FindingState
from faceguard.ui.widgets.pill import Pill
from faceguard.ui.widgets.text import ElidedText, Text

READ_ON = [
    ("ink", "background"),
    ("ink", "card"),
    ("ink", "rail"),
    ("ink", "accent_soft"),
    ("ink", "ask_soft"),
    ("ink", "grant_soft"),
    ("ink", "deny_soft"),
    ("dim", "background"),
    ("dim", "card"),
    ("dim", "rail"),
    ("dim", "pressed"),
    ("accent", "card"),
    ("accent", "accent_soft"),
    ("grant", "grant_soft"),
    ("deny", "deny_soft"),
    ("deny", "card"),
    ("ask", "ask_soft"),
    ("on_strong", "accent"),
    ("on_strong", "accent_hover"),
    ("on_strong", "grant"),
    ("on_strong", "deny"),
    ("on_strong", "ask"),
]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "surface"), READ_ON)
def test_every_text_reaches_aa_contrast_on_its_surface(palette, ink, surface):
    assert contrast(getattr(palette, ink), getattr(palette, surface)) >= 4.5


@pytest.mark.parametrize(
    ("ink", "surface"),
    [
        ("#ffffff", KIOSK_GRANT),
        ("#ffffff", KIOSK_DENY),
        ("#e6eaee", KIOSK_GRANT),
        ("#e6eaee", KIOSK_DENY),
        ("#e6eaee", KIOSK_OUT),
        (KIOSK_OUT, KIOSK_OUT_MARK),
        (DARK.ink, KIOSK_KEY),
        (DARK.dim, KIOSK_TOP),
        (DARK.dim, KIOSK_BOTTOM),
    ],
)
def test_kiosk_can_be_read_across_the_room(ink, surface):
    assert contrast(ink, surface) >= 4.5


def test_contrast_is_the_ratio_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_style_sheet_names_no_colour_beyond_the_tokens_and_no_missing_file(palette):
    sheet = style_sheet(palette)
    allowed = {getattr(palette, name) for name in palette.__slots__}
    assert set(re.findall(r"#[0-9a-f]{6}", sheet)) <= allowed
    for path in re.findall(r'url\("([^"]+)"\)', sheet):
        assert (bundled("assets") / "style" / path.rsplit("/", 1)[1]).is_file()


def test_bundled_font_is_in_use_with_digits_of_one_width(qapp):
    made = font(FontSpec(20, 600))
    assert QFontInfo(made).family() == "Inter"
    widths = [QFontMetricsF(made).horizontalAdvance(digit) for digit in "0123456789"]
    assert max(widths) - min(widths) < 0.1
    assert (bundled("assets") / "fonts" / "OFL.txt").is_file()


def test_switch_reaches_widgets_at_run_time(qapp, qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    page.setProperty("page", True)
    theme = apply_theme(qapp, Scheme.DARK)
    assert tokens() is DARK
    assert apply_theme(qapp, Scheme.LIGHT) is theme
    assert tokens() is LIGHT
    theme.choose(Scheme.SYSTEM)
    assert theme.scheme is Scheme.SYSTEM


@pytest.mark.parametrize("path", sorted((bundled("assets") / "icons").glob("*.svg")), ids=lambda p: p.stem)
def test_every_icon_belongs_to_the_one_family_and_takes_its_colour(qapp, path):
    text = path.read_text()
    assert 'viewBox="0 0 24 24"' in text
    assert 'stroke-width="1.75"' in text
    assert text.count("currentColor") == 1
    picture = icons.pixmap(path.stem, "#ff0000", 48).toImage()
    inked = [picture.pixelColor(x, y) for x in range(48) for y in range(48) if picture.pixelColor(x, y).alpha() > 200]
    assert inked
    assert all(colour.red() > 240 and colour.green() < 15 for colour in inked)


def test_unknown_icon_is_a_mistake_that_shows_at_once(qapp):
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no such icon", "#000000")


def test_a_name_is_never_read_as_markup(qtbot):
    label = Text("<b>Robert</b>")
    qtbot.addWidget(label)
    assert label.textFormat() is label.textFormat().PlainText
    assert label.text() == "<b>Robert</b>"


def test_long_line_is_cut_with_dots_and_told_whole_in_the_tool_tip(qtbot):
    label = ElidedText("Somebody with a very long name indeed")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == label.whole == "Somebody with a very long name indeed"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Eileen Collins", "EC"), ("Li Na", "LN"), ("Madonna", "M"), ("Anna da Silva", "AS"), ("(?)", "?"), ("", "?")],
)
def test_initials_of_a_name(name, letters):
    assert initials(name) == letters


def test_finding_and_pill_say_in_words_what_the_colour_means(qtbot):
    row = FindingRow(FindingState.BAD, "Too dark")
    pill = Pill("Denied", "deny")
    for widget in (row, pill):
        qtbot.addWidget(widget)
        widget.grab()
    assert "failed" in row.accessibleName()
    pill.show_word("Granted", "grant")
    assert pill.property("pill") == "grant"
