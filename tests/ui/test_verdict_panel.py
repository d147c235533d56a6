"""The panel is a function of the decision: colour, icon and words."""

import pytest

from faceguard.domain.decision import Deny, DenyReason, Hint, OutOfService, Pending
from faceguard.ui.messages import HINTS, REFUSALS
from faceguard.ui.theme import Scheme, apply_theme
from faceguard.ui.verdict_panel import VerdictPanel, verdict_of


@pytest.fixture
def panel(qtbot):
    made = VerdictPanel()
    qtbot.addWidget(made)
    made.resize(400, 110)
    made.show()
    return made


@pytest.mark.parametrize(
    ("name", "tone", "icon", "headline"),
    [
        ("idle", "neutral", "face", "Ready"),
        ("approach", "neutral", "face", "Come closer"),
        ("turn", "neutral", "arrow-left", "Turn your head to the left"),
        ("grant", "grant", "tick", "Granted"),
        ("ask", "ask", "key", "Please enter your PIN"),
        ("deny", "deny", "cross", "Not recognised"),
        ("out", "out", "wrench", "Out of service"),
    ],
)
def test_every_decision_has_its_colour_icon_and_words(panel, decisions, name, tone, icon, headline):
    panel.show_decision(decisions[name])
    verdict = panel.verdict
    assert (verdict.tone, verdict.icon, verdict.headline) == (tone, icon, headline)
    assert panel.headline.text() == headline
    assert headline in panel.accessibleName()
    assert not panel.grab().isNull()


def test_no_two_kinds_of_verdict_share_an_icon(decisions):
    icons = [verdict_of(decisions[name]).icon for name in ("idle", "grant", "ask", "deny", "out", "turn")]
    assert len(set(icons)) == len(icons)


def test_grant_says_the_name_only_where_names_are_shown(panel, grant):
    panel.show_decision(grant)
    assert panel.sentence.text() == "Eileen Collins"
    assert "Eileen" not in verdict_of(grant, show_names=False).sentence


@pytest.mark.parametrize("reason", list(DenyReason))
def test_refusal_shows_no_number_whatever_the_deny_carries(panel, decisions, reason):
    deny = decisions["deny"]
    panel.show_decision(Deny(reason, 1, deny.distance, deny.tau, deny.runner_up, 1042, 15))
    words = panel.headline.text() + panel.sentence.text()
    assert not any(character.isdigit() for character in words)
    assert panel.headline.text() == REFUSALS[reason].headline


@pytest.mark.parametrize("hint", list(Hint))
def test_every_hint_is_shown(panel, hint):
    panel.show_decision(Pending(hint, 0.5))
    assert HINTS[hint] in (panel.headline.text(), panel.sentence.text())


def test_out_of_service_says_what_and_since_when(panel, decisions):
    panel.show_decision(decisions["out"])
    assert panel.sentence.text().startswith("The camera was unplugged. Since ")


def test_colours_follow_the_theme_at_run_time(qapp, panel, grant):
    panel.show_decision(grant)
    light = panel.grab().toImage().pixelColor(380, 12)
    apply_theme(qapp, Scheme.DARK)
    qapp.processEvents()
    dark = panel.grab().toImage().pixelColor(380, 12)
    assert light.lightness() > 200
    assert dark.lightness() < 80


def test_headline_can_be_read_from_three_metres(panel, decisions):
    """28 px of Inter are 20 px cap height: 5.4 mm at 96 dpi, six minutes of arc at 3 m; the eye resolves five."""
    panel.show_decision(decisions["deny"])
    panel.ensurePolished()
    assert panel.headline.fontInfo().pixelSize() >= 28


def test_long_sentence_grows_the_panel_instead_of_being_cut(panel, qtbot):
    before = panel.sizeHint().height()
    panel.show_decision(OutOfService("The camera at this door has not sent a picture for a long time now. " * 3, 0))
    panel.resize(400, panel.heightForWidth(400))
    assert panel.heightForWidth(400) > before
    assert panel.sentence.height() >= panel.sentence.heightForWidth(panel.sentence.width())
