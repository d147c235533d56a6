"""The networks on the settings page: install with progress and cancel, licences by their words, use, remove."""

import pytest
from PySide6.QtCore import Qt

from faceguard.domain.errors import ModelFault
from faceguard.ui.networks_card import NetworkLine, NetworksCard, PackLine

LEFT = Qt.MouseButton.LeftButton
WORDS = "non-commercial research only"
NETWORKS = (
    NetworkLine("detector_s", "Face detector, 0.3 MB", in_use=True, removable=False, usable=True),
    NetworkLine("yunet", "Face detector, 0.3 MB", in_use=False, removable=True, usable=True),
    NetworkLine("sface", "Encoder, 38.7 MB", False, True, True, warning="Everybody needs a new photo."),
    NetworkLine("broken", "", False, True, False, fault="The card is not valid."),
)
PACKS = (
    PackLine("minifasnet", "MiniFASNet", "Two liveness networks.", "3.7 MB. Licence: Apache-2.0."),
    PackLine("buffalo_sc", "InsightFace buffalo_sc", "An encoder.", "15.0 MB. Licence: research.", WORDS),
)


@pytest.fixture
def card(qtbot):
    card = NetworksCard()
    qtbot.addWidget(card)
    card.resize(1000, 800)
    card.show_shelf(NETWORKS, PACKS)
    card.set_locked(False)
    card.show()
    qtbot.waitExposed(card)
    return card


def test_what_may_be_done_with_a_network_is_offered(card):
    offered = {i: (row.use.isVisible(), row.remove.isVisible()) for i, row in card.networks.items()}
    assert offered == {
        "detector_s": (False, False),
        "yunet": (True, True),
        "sface": (True, True),
        "broken": (False, True),
    }
    assert card.networks["broken"].refusal.text() == "The card is not valid."


def test_without_the_admins_rights_nothing_can_be_clicked(qtbot, card):
    card.set_locked(True)
    with (
        qtbot.assertNotEmitted(card.install_requested),
        qtbot.assertNotEmitted(card.use_requested),
        qtbot.assertNotEmitted(card.remove_requested),
    ):
        for button in (card.packs["minifasnet"].install, card.networks["yunet"].use, card.networks["yunet"].remove):
            qtbot.mouseClick(button, LEFT)
    card.set_locked(False)
    with qtbot.waitSignal(card.remove_requested) as asked:
        qtbot.mouseClick(card.networks["yunet"].remove, LEFT)
    assert asked.args == ["yunet"]


def test_a_pack_is_installed_with_progress_and_can_be_cancelled(qtbot, card):
    row = card.packs["minifasnet"]
    with qtbot.waitSignal(card.install_requested) as asked:
        qtbot.mouseClick(row.install, LEFT)
    assert asked.args == ["minifasnet", ""]
    assert row.bar.isVisible()
    assert not row.install.isVisible()
    assert not card.packs["buffalo_sc"].install.isEnabled()
    card.show_progress("minifasnet", "Fetching a.pth", 427)
    assert (row.bar.value(), row.doing.text()) == (427, "Fetching a.pth, 42 %")
    with qtbot.waitSignal(card.cancel_requested):
        qtbot.mouseClick(row.cancel, LEFT)
    assert not row.cancel.isEnabled()
    card.show_pack_refusal("minifasnet", ModelFault("Cancelled."))
    assert row.refusal.text() == "Cancelled."
    assert not row.bar.isVisible()
    assert row.install.isEnabled()
    assert card.packs["buffalo_sc"].install.isEnabled()
    qtbot.mouseClick(row.install, LEFT)
    assert not row.refusal.isVisible()
    assert row.cancel.isEnabled()


def test_a_running_installation_can_be_cancelled_though_the_page_is_locked(qtbot, card):
    qtbot.mouseClick(card.packs["minifasnet"].install, LEFT)
    card.set_locked(True)
    with qtbot.waitSignal(card.cancel_requested):
        qtbot.mouseClick(card.packs["minifasnet"].cancel, LEFT)


def test_a_licence_is_accepted_by_typing_its_words(qtbot, card):
    row = card.packs["buffalo_sc"]
    with qtbot.assertNotEmitted(card.install_requested):
        qtbot.mouseClick(row.install, LEFT)
        assert row.words.hasFocus()
        for typed in ("yes", "non-commercial", "commercial research only"):
            row.words.clear()
            qtbot.keyClicks(row.words, typed)
            assert not row.accept.isEnabled(), typed
            qtbot.keyClick(row.words, Qt.Key.Key_Return)
        qtbot.mouseClick(row.keep, LEFT)
    assert not row.licence.isVisible()
    qtbot.mouseClick(row.install, LEFT)
    assert row.words.text() == ""
    qtbot.keyClicks(row.words, "Non-commercial research only")
    with qtbot.waitSignal(card.install_requested) as asked:
        qtbot.mouseClick(row.accept, LEFT)
    assert asked.args == ["buffalo_sc", "Non-commercial research only"]
    assert not row.licence.isVisible()


def test_another_installation_closes_an_open_licence_and_its_button(qtbot, card):
    qtbot.mouseClick(card.packs["buffalo_sc"].install, LEFT)
    qtbot.mouseClick(card.packs["minifasnet"].install, LEFT)
    assert not card.packs["buffalo_sc"].licence.isVisible()
    assert not card.packs["buffalo_sc"].install.isEnabled()


def test_an_encoder_is_put_to_use_after_its_warning_only(qtbot, card):
    row = card.networks["sface"]
    with qtbot.assertNotEmitted(card.use_requested):
        qtbot.mouseClick(row.use, LEFT)
        assert row.question.isVisible()
        qtbot.mouseClick(row.keep, LEFT)
    assert not row.question.isVisible()
    qtbot.mouseClick(row.use, LEFT)
    with qtbot.waitSignal(card.use_requested) as asked:
        qtbot.mouseClick(row.confirm, LEFT)
    assert asked.args == ["sface"]
    with qtbot.waitSignal(card.use_requested) as asked:
        qtbot.mouseClick(card.networks["yunet"].use, LEFT)
    assert asked.args == ["yunet"]


def test_a_refusal_stands_below_its_network_and_can_be_copied(card):
    card.show_network_refusal("yunet", ModelFault("The network 'yunet' is in use."))
    refusal = card.networks["yunet"].refusal
    assert refusal.isVisible()
    assert refusal.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


def test_rows_follow_the_shelf_and_stay_while_nothing_changes(card):
    row = card.networks["yunet"]
    card.show_shelf(NETWORKS, PACKS)
    assert card.networks["yunet"] is row
    card.show_shelf(NETWORKS[:1], ())
    assert set(card.networks) == {"detector_s"}
    assert card.packs == {}
