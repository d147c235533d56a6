"""The one style sheet, built from the tokens.

Widgets say what they are by properties, never by colours of their own: ``primary``, ``danger``, ``quiet``, ``chip``,
``link`` on buttons; ``card`` on frames; ``pill`` = grant | deny | ask | neutral | accent, ``title``, ``headline``,
``strong``, ``dim``, ``small`` on labels; ``note`` = grant | deny | ask | neutral on frames.
"""

from __future__ import annotations

from faceguard.resources import bundled
from faceguard.ui.tokens import BODY, HEADLINE, LEAD, RADIUS, SMALL, TITLE, Palette, S


def style_sheet(colours: Palette) -> str:
    """Qt style sheet of the whole application in one colour scheme."""
    return "\n".join((_text(colours), _surfaces(colours), _buttons(colours), _fields(colours), _views(colours)))


def _text(c: Palette) -> str:
    meanings = {
        "grant": (c.grant, c.grant_soft),
        "deny": (c.deny, c.deny_soft),
        "ask": (c.ask, c.ask_soft),
        "accent": (c.on_strong, c.accent),
        "neutral": (c.dim, c.pressed),
    }
    pills = "\n".join(
        f'QLabel[pill="{name}"] {{ color: {ink}; background: {surface}; }}' for name, (ink, surface) in meanings.items()
    )
    inks = "\n".join(
        f'QLabel[tone="{name}"] {{ color: {colour}; }}'
        for name, colour in (("grant", c.grant), ("deny", c.deny), ("ask", c.ask), ("accent", c.accent))
    )
    return f"""
    QWidget {{ color: {c.ink}; }}
    QLabel {{ background: transparent; }}
    QLabel[title="true"] {{ font-size: {TITLE}px; font-weight: 700; }}
    QLabel[headline="true"] {{ font-size: {HEADLINE}px; font-weight: 700; }}
    QLabel[lead="true"] {{ font-size: {LEAD}px; }}
    QLabel[strong="true"] {{ font-weight: 600; }}
    QLabel[medium="true"] {{ font-weight: 500; }}
    QLabel[small="true"] {{ font-size: {SMALL}px; }}
    QLabel[dim="true"] {{ color: {c.dim}; }}
    {inks}
    QLabel[pill] {{ border-radius: 11px; padding: 0px 10px; font-size: {SMALL}px; font-weight: 600;
                    min-height: 22px; max-height: 22px; }}
    QLabel[pill][step="true"] {{ border-radius: 15px; padding: 0px 14px; font-size: {BODY}px;
                    min-height: 30px; max-height: 30px; }}
    {pills}
    QToolTip {{ color: {c.ink}; background: {c.card}; border: 1px solid {c.line}; padding: 4px 8px; }}
    """


def _surfaces(c: Palette) -> str:
    notes = "\n".join(
        f'QFrame[note="{name}"] {{ background: {surface}; }}'
        for name, surface in (
            ("grant", c.grant_soft),
            ("deny", c.deny_soft),
            ("ask", c.ask_soft),
            ("neutral", c.hover),
        )
    )
    verdicts = "\n".join(
        f'QFrame[verdict="{name}"] {{ background: {surface}; border-color: {edge}; }}'
        for name, surface, edge in (
            ("grant", c.grant_soft, c.grant),
            ("deny", c.deny_soft, c.deny),
            ("ask", c.ask_soft, c.ask),
        )
    )
    return f"""
    QMainWindow, QDialog, QWidget[page="true"] {{ background: {c.background}; }}
    QFrame[card="true"] {{ background: {c.card}; border: 1px solid {c.line}; border-radius: {RADIUS}px; }}
    QFrame[note] {{ border: none; border-radius: {RADIUS}px; }}
    {notes}
    QFrame[note][flat="true"] {{ border-radius: 0px; }}
    QFrame[note="neutral"][flat="true"] {{ background: {c.rail}; }}
    QFrame[verdict] {{ background: {c.card}; border: 1px solid {c.line}; border-radius: {RADIUS}px; }}
    {verdicts}
    QFrame[rule="true"] {{ background: {c.line}; border: none; min-height: 1px; max-height: 1px; }}
    QWidget[rail="true"] {{ background: {c.rail}; border-right: 1px solid {c.line}; }}
    QWidget[strip="true"] {{ background: {c.rail}; border-top: 1px solid {c.line}; }}
    QScrollArea, QScrollArea > QWidget > QWidget[scroll="true"] {{ background: transparent; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 3px; min-height: 32px; min-width: 32px; }}
    QScrollBar::handle:hover {{ background: {c.dim}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0px; height: 0px; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QMenu {{ background: {c.card}; border: 1px solid {c.line}; border-radius: {RADIUS}px; padding: 4px; }}
    QMenu::item {{ padding: 8px 16px; border-radius: 6px; }}
    QMenu::item:selected {{ background: {c.accent_soft}; }}
    """


def _buttons(c: Palette) -> str:
    return f"""
    QPushButton {{ background: {c.card}; color: {c.ink}; border: 1px solid {c.line}; border-radius: {RADIUS}px;
                   padding: 0px 15px; min-height: 38px; font-weight: 600; outline: none; }}
    QPushButton:hover {{ background: {c.hover}; }}
    QPushButton:pressed {{ background: {c.pressed}; }}
    QPushButton:focus {{ border: 2px solid {c.accent}; padding: 0px 14px; min-height: 36px; }}
    QPushButton:disabled {{ color: {c.dim}; background: {c.rail}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_strong}; border-color: {c.accent}; }}
    QPushButton[primary="true"]:hover {{ background: {c.accent_hover}; border-color: {c.accent_hover}; }}
    QPushButton[primary="true"]:focus {{ border-color: {c.ink}; }}
    QPushButton[primary="true"]:disabled {{ background: {c.line}; color: {c.dim}; border-color: {c.line}; }}
    QPushButton[danger="true"] {{ color: {c.deny}; }}
    QPushButton[danger="true"]:hover {{ background: {c.deny_soft}; }}
    QPushButton[quiet="true"] {{ background: transparent; border-color: transparent; color: {c.accent}; }}
    QPushButton[quiet="true"]:hover {{ background: {c.accent_soft}; }}
    QPushButton[quiet="true"]:focus {{ border-color: {c.accent}; }}
    QPushButton[quiet="true"]:disabled {{ color: {c.dim}; }}
    QPushButton[chip="true"] {{ font-weight: 500; color: {c.dim}; padding: 0px 11px; min-height: 34px; }}
    QPushButton[chip="true"]:checked {{ background: {c.accent_soft}; color: {c.accent};
                   border-color: {c.accent_soft}; }}
    QPushButton[chip="true"]:focus {{ border: 2px solid {c.accent}; padding: 0px 10px; min-height: 32px; }}
    QPushButton[link="true"] {{ background: transparent; border: 2px solid transparent; color: {c.accent};
                   padding: 0px; min-height: 28px; text-align: left; }}
    QPushButton[link="true"]:hover {{ color: {c.accent_hover}; }}
    QPushButton[link="true"]:focus {{ border-color: {c.accent}; padding: 0px; min-height: 28px; }}
    QPushButton[nav="true"] {{ background: transparent; border: 2px solid transparent; color: {c.dim};
                   text-align: left; font-weight: 500; padding: 0px 8px; min-height: 34px; }}
    QPushButton[nav="true"]:hover {{ background: {c.pressed}; }}
    QPushButton[nav="true"]:checked {{ background: {c.accent_soft}; color: {c.accent}; }}
    QPushButton[nav="true"]:focus {{ border-color: {c.accent}; }}
    """


def _fields(c: Palette) -> str:
    style = (bundled("assets") / "style").as_posix()
    tick, down, up = (f'url("{style}/{mark}-{c.name}.svg")' for mark in ("tick", "down", "up"))
    return f"""
    QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit {{ background: {c.card}; color: {c.ink};
        border: 1px solid {c.line}; border-radius: {RADIUS}px; padding: 0px 12px; min-height: 38px;
        selection-background-color: {c.accent_soft}; selection-color: {c.ink}; }}
    QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus {{ border: 2px solid {c.accent};
        padding: 0px 11px; min-height: 36px; }}
    QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {c.dim}; background: {c.rail}; }}
    QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"] {{ border-color: {c.deny}; }}
    QLineEdit {{ placeholder-text-color: {c.dim}; }}
    QAbstractSpinBox {{ padding: 0px 0px 0px 8px; }}
    QAbstractSpinBox:focus {{ padding: 0px 0px 0px 7px; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0px 4px 0px 10px; min-height: 0px;
        background: transparent; }}
    QComboBox::drop-down {{ border: none; width: 32px; }}
    QComboBox::down-arrow {{ image: {down}; width: 16px; height: 16px; }}
    QComboBox QAbstractItemView {{ background: {c.card}; border: 1px solid {c.line}; padding: 4px; outline: none;
        selection-background-color: {c.accent_soft}; selection-color: {c.ink}; }}
    QComboBox QAbstractItemView::item {{ min-height: 32px; padding: 0px 8px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; background: transparent; width: 28px; }}
    QAbstractSpinBox::up-arrow {{ image: {up}; width: 12px; height: 12px; }}
    QAbstractSpinBox::down-arrow {{ image: {down}; width: 12px; height: 12px; }}
    QCheckBox, QRadioButton {{ spacing: {S}px; min-height: 32px; background: transparent; outline: none; }}
    QCheckBox::indicator, QRadioButton::indicator {{ width: 18px; height: 18px; border: 1px solid {c.dim};
        background: {c.card}; }}
    QCheckBox::indicator {{ border-radius: 5px; }}
    QRadioButton::indicator {{ border-radius: 10px; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: {tick}; }}
    QRadioButton::indicator:checked {{ width: 10px; height: 10px; border: 5px solid {c.accent};
        background: {c.on_strong}; }}
    QCheckBox::indicator:checked:disabled {{ background: {c.dim}; border-color: {c.dim}; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {c.accent}; }}
    QCheckBox:disabled, QRadioButton:disabled {{ color: {c.dim}; }}
    QSlider {{ min-height: 28px; background: transparent; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {c.line}; }}
    QSlider::sub-page:horizontal {{ border-radius: 2px; background: {c.accent}; }}
    QSlider::handle:horizontal {{ width: 20px; height: 20px; margin: -8px 0px; border-radius: 10px;
        background: {c.accent}; }}
    QSlider::handle:horizontal:focus {{ border: 3px solid {c.accent_soft}; width: 14px; height: 14px; }}
    QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {c.dim}; }}
    QProgressBar {{ border: none; border-radius: 2px; background: {c.line}; max-height: 4px; min-height: 4px; }}
    QProgressBar::chunk {{ border-radius: 2px; background: {c.accent}; }}
    """


def _views(c: Palette) -> str:
    return f"""
    QTableView, QListView, QTreeView {{ background: {c.card}; border: none; outline: none; gridline-color: {c.line};
        font-size: {BODY}px; selection-background-color: {c.accent_soft}; selection-color: {c.ink}; }}
    QTableView::item {{ border-bottom: 1px solid {c.line}; padding: 0px 8px; }}
    QTableView::item:hover {{ background: {c.hover}; }}
    QTableView::item:selected {{ background: {c.accent_soft}; color: {c.ink}; }}
    QTableCornerButton::section {{ background: {c.card}; border: none; }}
    QHeaderView {{ background: {c.card}; border: none; }}
    QHeaderView::section {{ background: {c.card}; color: {c.dim}; border: none; border-bottom: 1px solid {c.line};
        padding: 0px 8px; min-height: 38px; font-size: {SMALL}px; font-weight: 600; }}
    QHeaderView::section:horizontal:first {{ padding-left: 14px; }}
    """
