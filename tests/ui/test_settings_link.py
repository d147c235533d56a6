"""What the settings page tried, and what stays in force when it is refused."""

from types import SimpleNamespace

import pytest

from faceguard.app.settings_link import SettingsLink
from faceguard.config.settings import TABLE, Settings
from faceguard.domain.errors import NotPermitted
from faceguard.ui.settings_page import SettingsPage


class SlowDesk:
    """A desk that is asked at once; ``refuses`` as the admin's two minutes end."""

    def __init__(self):
        self.refuses = False
        self.busy = False

    def submit(self, job, done, failed):
        if self.refuses:
            failed(NotPermitted("To change what only the admin may change, enter the admin PIN first."))
        else:
            done(job(self))

    def lock(self):
        pass

    def tried(self, key, value):
        return Settings({key: value})


@pytest.fixture
def door(qtbot):
    """The link, and the settings that the door was told to judge by, newest last."""
    page = SettingsPage(TABLE)
    qtbot.addWidget(page)
    stored = Settings({"access.tau": 1.0})
    desk = SlowDesk()
    link = SettingsLink(SimpleNamespace(settings=lambda: stored), desk, page)
    told = []
    link.tried.connect(told.append)
    return SimpleNamespace(page=page, desk=desk, told=told, link=link)


def test_tau_that_was_tried_and_then_refused_is_not_left_in_force(door):
    door.page.tau_changed.emit(3.9)
    assert door.told[-1]["access.tau"] == 3.9
    door.desk.refuses = True
    door.page.setting_changed.emit("access.tau", 3.9)
    assert door.told[-1]["access.tau"] == 1.0


def test_locking_takes_back_what_was_only_tried(door):
    door.page.set_locked(False)
    door.page.tau_changed.emit(3.9)
    door.page.lock_requested.emit()
    assert door.told[-1]["access.tau"] == 1.0
    assert door.page.locked


def test_what_was_only_tried_ends_with_the_admins_two_minutes(door):
    door.page.set_locked(False)
    door.page.tau_changed.emit(3.9)
    door.desk.locked = True
    door.link._look_at_lock()
    assert door.told[-1]["access.tau"] == 1.0
    assert door.page.locked
