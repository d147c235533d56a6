"""The first start and the two ways of asking for a PIN."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from faceguard.ui.first_start import FirstStartPage
from faceguard.ui.pin_prompt import DIFFERENT, PinPrompt

RULES = ("At least 6 digits.", "No rows such as 123456.")


def weakness(pin: str) -> str | None:
    return None if len(pin) >= 6 else "The PIN is too short; use at least 6 digits."


@pytest.fixture
def page(qtbot):
    page = FirstStartPage(weakness, RULES)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def prompt(qtbot):
    prompt = PinPrompt()
    qtbot.addWidget(prompt)
    prompt.show()
    qtbot.waitExposed(prompt)
    return prompt


def type_twice(qtbot, page: FirstStartPage, first: str, second: str) -> None:
    qtbot.keyClicks(page.form.first, first)
    qtbot.keyClick(page.form.first, Qt.Key.Key_Tab)
    qtbot.keyClicks(page.form.second, second)
    qtbot.keyClick(page.form.second, Qt.Key.Key_Return)


def test_there_is_no_default_pin_and_no_way_round(page):
    assert page.form.first.text() == page.form.second.text() == ""
    assert not page.form.accept.isEnabled()
    assert not page.form.cancel.isVisible()
    assert page.form.first.echoMode() is QLineEdit.EchoMode.Password


def test_a_good_pin_typed_twice_is_handed_over_and_forgotten(qtbot, page):
    with qtbot.waitSignal(page.pin_chosen) as chosen:
        type_twice(qtbot, page, "482913", "482913")
    assert chosen.args == ["482913"]
    assert page.form.first.text() == page.form.second.text() == ""


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [("123", "123", "The PIN is too short; use at least 6 digits."), ("482913", "482914", DIFFERENT)],
    ids=["weak", "different"],
)
def test_a_pin_that_is_weak_or_differs_is_refused_in_one_sentence(qtbot, page, first, second, sentence):
    with qtbot.assertNotEmitted(page.pin_chosen):
        type_twice(qtbot, page, first, second)
    assert page.form.refusal.isVisible()
    assert page.form.refusal.text() == sentence
    assert page.form.first.text() == ""


def test_escape_does_not_leave_the_first_start(qtbot, page):
    qtbot.keyClicks(page.form.first, "4829")
    qtbot.keyClick(page.form.first, Qt.Key.Key_Escape)
    assert page.form.first.text() == "4829"


def test_a_pin_that_could_not_be_stored_may_be_typed_again(qtbot, page):
    type_twice(qtbot, page, "482913", "482913")
    assert not page.form.first.isEnabled()
    page.show_refusal("The database is full.")
    assert page.form.first.isEnabled()
    assert page.form.refusal.text() == "The database is full."


def test_the_prompt_hands_the_pin_over_once_and_forgets_it(qtbot, prompt):
    assert not prompt.accept.isEnabled()
    qtbot.keyClicks(prompt.field, "482913")
    with qtbot.waitSignal(prompt.pin_entered) as entered:
        qtbot.keyClick(prompt.field, Qt.Key.Key_Return)
    assert entered.args == ["482913"]
    assert prompt.field.text() == ""
    with qtbot.assertNotEmitted(prompt.pin_entered):
        qtbot.keyClick(prompt.field, Qt.Key.Key_Return)


def test_the_prompt_says_why_it_refused_and_escape_leaves(qtbot, prompt):
    prompt.show_refusal("Wrong PIN. Try again in 4 s.")
    assert prompt.refusal.isVisible()
    with qtbot.waitSignal(prompt.cancelled):
        qtbot.keyClick(prompt.field, Qt.Key.Key_Escape)
    assert not prompt.refusal.isVisible()
