"""Without a screen there is a sentence, not an abort."""

import sys

import pytest

from faceguard.app.screen import require_screen
from faceguard.domain.errors import FaceguardError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland")


def test_no_screen_is_said():
    with pytest.raises(FaceguardError, match="no screen"):
        require_screen({})


def test_screen_that_does_not_answer_is_said():
    with pytest.raises(FaceguardError, match=":987 does not answer"):
        require_screen({"DISPLAY": ":987"})


@pytest.mark.parametrize("environment", [{"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen"}])
def test_other_platforms_are_left_to_qt(environment):
    require_screen(environment)
