"""Networks by clicks alone, through the real window, desk and installer."""

import threading
import urllib.error
from contextlib import closing

import pytest
from PySide6.QtCore import Qt

from faceguard.app.desktop import NEXT_START
from faceguard.models.download import Downloads
from tests.ui.test_desktop import PIN, opened, running, unlock  # noqa: F401

LEFT = Qt.MouseButton.LeftButton
PATIENCE_MS = 20_000


@pytest.fixture
def house(tmp_path, monkeypatch, shared):
    from faceguard.compose import House

    monkeypatch.setenv("FACEGUARD_MODEL_MIRROR", str(shared / "models" / "mirror"))
    house = House(tmp_path)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
    return house


@pytest.fixture
def page(qtbot, running):  # noqa: F811
    running.window.show_page("settings")
    qtbot.waitUntil(lambda: bool(running.settings.networks.packs), timeout=PATIENCE_MS)
    unlock(qtbot, running)
    return running


def click(qtbot, page, button):
    """As a person does: scrolls to it first."""
    area = button.parentWidget()
    while area is not None and not hasattr(area, "ensureWidgetVisible"):
        area = area.parentWidget()
    area.ensureWidgetVisible(button)
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=PATIENCE_MS)
    qtbot.mouseClick(button, LEFT)


pytestmark = pytest.mark.shared


def test_a_liveness_pack_is_installed_used_and_removed_by_clicks(qtbot, house, page):
    card = page.settings.networks
    click(qtbot, page, card.packs["minifasnet"].install)
    qtbot.waitUntil(lambda: "minifasnet_v2" in card.networks, timeout=PATIENCE_MS)
    assert "minifasnet" not in card.packs
    assert "is installed and tested" in card.result.text()
    assert house.settings().listed("models.pad") == ("minifasnet_v2", "minifasnet_v1se")
    qtbot.waitUntil(lambda: NEXT_START in [b.sentence for b in page.window.banners], timeout=PATIENCE_MS)
    assert page.settings.fields["models.pad"].editor.text() == "minifasnet_v2,minifasnet_v1se"
    house.forget_networks()  # the next start
    assert len(house.networks.pads) == 2

    for model_id in ("minifasnet_v2", "minifasnet_v1se"):
        click(qtbot, page, card.networks[model_id].remove)
        qtbot.waitUntil(lambda gone=model_id: gone not in card.networks, timeout=PATIENCE_MS)
    assert house.settings().listed("models.pad") == ()
    assert "minifasnet" in card.packs
    assert [entry.id for entry in house.catalogue.entries()] == ["detector_s", "landmarks_s", "encoder_s"]


def test_a_detector_is_installed_and_put_to_use_by_clicks(qtbot, house, page):
    card = page.settings.networks
    click(qtbot, page, card.packs["yunet"].install)
    qtbot.waitUntil(lambda: "yunet" in card.networks, timeout=PATIENCE_MS)
    assert not card.networks["yunet"].question.isVisible()
    click(qtbot, page, card.networks["yunet"].use)
    qtbot.waitUntil(lambda: house.settings().text("models.detector") == "yunet", timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not card.networks["yunet"].use.isVisible(), timeout=PATIENCE_MS)
    click(qtbot, page, card.networks["yunet"].remove)
    qtbot.waitUntil(lambda: "is in use" in card.networks["yunet"].refusal.text(), timeout=PATIENCE_MS)
    click(qtbot, page, card.networks["detector_s"].use)
    qtbot.waitUntil(lambda: house.settings().text("models.detector") == "detector_s", timeout=PATIENCE_MS)


def test_without_a_connection_the_page_says_what_to_copy_where(qtbot, house, page):
    def unplugged(request):
        raise urllib.error.URLError(OSError("Network is unreachable"))

    house.downloads = Downloads(house.folder / "downloads", None, unplugged)
    row = page.settings.networks.packs["sface"]
    click(qtbot, page, row.install)
    qtbot.waitUntil(row.refusal.isVisible, timeout=PATIENCE_MS)
    for words in ("cannot be reached", str(house.folder / "downloads"), "0ba9fbfa01b5270c"):
        assert words in row.refusal.text()
    assert row.install.isVisible()


def test_a_download_is_cancelled_while_the_window_goes_on(qtbot, house, page):
    answered = threading.Event()

    class Slow:
        status = 200
        headers = {}  # noqa: RUF012

        def read(self, amount):
            answered.set()
            return b"x" * 100

        def close(self):
            pass

    house.downloads = Downloads(house.folder / "downloads", None, lambda request: Slow())
    row = page.settings.networks.packs["sface"]
    click(qtbot, page, row.install)
    qtbot.waitUntil(lambda: answered.is_set() and row.bar.value() > 0, timeout=PATIENCE_MS)
    frames = page.window.page  # the window answers meanwhile
    page.window.show_page("people")
    page.window.show_page("settings")
    assert frames == page.window.page == "settings"
    click(qtbot, page, row.cancel)
    qtbot.waitUntil(lambda: "Cancelled" in row.refusal.text(), timeout=PATIENCE_MS)
    assert (house.folder / "downloads" / "face_recognition_sface_2021dec.onnx.part").stat().st_size > 0
    assert "sface" not in page.settings.networks.networks


def test_rights_that_have_ended_meanwhile_refuse_and_lock_the_page(qtbot, house, page):
    page.desk.submit(lambda desk: desk.lock(), lambda _: None, print)
    row = page.settings.networks.packs["yunet"]
    click(qtbot, page, row.install)
    qtbot.waitUntil(lambda: page.settings.locked, timeout=PATIENCE_MS)
    assert "admin PIN" in row.refusal.text()
    assert not row.install.isEnabled()
    assert "yunet" not in [entry.id for entry in house.catalogue.entries()]
