"""The admin's rights are opened on one page, seen on all, and end everywhere at once."""

from types import SimpleNamespace

import pytest

from faceguard.app.role_link import RoleLink
from faceguard.config.settings import TABLE
from faceguard.domain.errors import NotPermitted
from faceguard.ui.settings_page import SettingsPage
from faceguard.ui.tuning_page import TuningPage

PIN = "274951"


class Desk:
    """Answers at once."""

    busy = False
    locked = True

    def submit(self, job, done, failed):
        try:
            answer = job(self)
        except NotPermitted as error:
            failed(error)
        else:
            done(answer)

    def unlock(self, pin):
        if pin != PIN:
            raise NotPermitted("Wrong PIN.")
        self.locked = False

    def lock(self):
        self.locked = True


@pytest.fixture
def rights(qtbot):
    pages = SettingsPage(TABLE), TuningPage()
    for page in pages:
        qtbot.addWidget(page)
    desk = Desk()
    link = RoleLink(desk, pages)
    told = []
    link.role_changed.connect(told.append)
    yield SimpleNamespace(settings=pages[0], tuning=pages[1], desk=desk, link=link, told=told)
    link.stop()


def test_opened_on_one_page_they_are_open_on_all(rights):
    rights.tuning.unlock_requested.emit(PIN)
    assert not rights.tuning.locked
    assert not rights.settings.locked
    assert rights.told == [True]


def test_a_wrong_pin_is_said_where_it_was_typed(rights):
    rights.tuning.unlock_requested.emit("000000")
    assert rights.tuning.unlock_part.prompt.refusal.text() == "Wrong PIN."
    assert not rights.settings.unlock_part.prompt.refusal.text()
    assert rights.tuning.locked


def test_locked_on_one_page_they_are_locked_on_all(rights):
    rights.settings.unlock_requested.emit(PIN)
    rights.tuning.lock_requested.emit()
    assert rights.settings.locked
    assert rights.tuning.locked


def test_the_end_of_the_admins_two_minutes_is_noticed(rights):
    rights.settings.unlock_requested.emit(PIN)
    rights.desk.locked = True
    rights.link._look()
    assert rights.settings.locked
    assert rights.tuning.locked
    assert rights.told == [True, False]
