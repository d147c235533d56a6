"""A bug in the window's own thread shuts the door."""

import sys

import pytest
from PySide6.QtCore import QTimer

from faceguard import app as app_module
from faceguard.app import application


class Running:
    def __init__(self):
        self.sentences = []
        self.stopped = False

    def shut_door(self, sentence):
        self.sentences.append(sentence)

    def stop(self):
        self.stopped = True


@pytest.mark.qt_no_exception_capture
def test_bug_in_a_slot_shuts_the_door_and_the_hook_is_given_back(qapp):
    running, before = Running(), sys.excepthook

    def bug():
        QTimer.singleShot(0, application().quit)
        raise ZeroDivisionError

    QTimer.singleShot(0, bug)
    app_module._run(application(), running)
    assert running.sentences == [app_module.BUG]
    assert running.stopped
    assert sys.excepthook is before
