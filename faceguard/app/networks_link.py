"""The networks on the settings page behind the desk: rights, downloads, and what counts afterwards."""

from __future__ import annotations

import logging
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.card import EncoderCard, ModelTask
from faceguard.domain.errors import FaceguardError, NotPermitted
from faceguard.models.packs import Pack
from faceguard.shelf import Shelved, Use
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.install_worker import InstallWorker
from faceguard.ui.networks_card import NetworkLine, NetworksCard, PackLine

log = logging.getLogger(__name__)

TASKS = {
    ModelTask.DETECTOR: "Face detector",
    ModelTask.LANDMARKS: "Landmark network",
    ModelTask.ENCODER: "Encoder",
    ModelTask.PAD: "Liveness network",
    ModelTask.QUALITY: "Quality network",
}
NEW_PHOTOS = "With another encoder everybody who is enrolled needs a new photo."
NO_TAU = "Its tau is not measured: until it is, the door lets nobody in."


class NetworksLink(QObject):
    """Answers the networks' card.

    Args:
        house: networks and packs.
        desk: asks for rights and keeps the settings.
        card: asks for it.

    Signals:
        changed(Settings, str): another network is named; its setting's key.
        rights_ended(): the admin's rights are closed.
    """

    changed = Signal(object, str)
    rights_ended = Signal()

    def __init__(self, house: House, desk: DeskWorker, card: NetworksCard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._card = card
        self.worker = InstallWorker(self)
        self._accepted = ""
        card.install_requested.connect(self._allow)
        card.cancel_requested.connect(self.worker.cancel)
        card.use_requested.connect(self._use)
        card.remove_requested.connect(self._remove)
        self.worker.progressed.connect(card.show_progress)
        self.worker.installed.connect(self._finish)
        self.worker.refused.connect(self._on_refused)

    def refresh(self) -> None:
        """Show what is there now."""

        def read(desk: Desk) -> tuple[tuple[Shelved, ...], tuple[tuple[Pack, bool], ...]]:
            return self._house.shelf.networks(desk.settings()), self._house.shelf.packs()

        self._desk.submit(read, self._on_read, self._ignore)

    def stop(self) -> bool:
        """Cancel what runs; False when it hangs in the network."""
        return self.worker.stop()

    def _on_read(self, shelf: tuple[tuple[Shelved, ...], tuple[tuple[Pack, bool], ...]]) -> None:
        networks, packs = shelf
        self._card.show_shelf(
            tuple(network_line(one) for one in networks),
            tuple(pack_line(pack) for pack, installed in packs if not installed),
        )

    # install

    @Slot(str, str)
    def _allow(self, pack_id: str, accepted: str) -> None:
        self._accepted = accepted

        def allow(desk: Desk) -> Pack:
            return self._house.shelf.allow(desk, pack_id, accepted)

        self._desk.submit(allow, self._begin, partial(self._on_refused, pack_id))

    def _begin(self, pack: Pack) -> None:
        house, accepted = self._house, self._accepted
        self.worker.begin(
            pack.id, lambda progress, cancelled: house.shelf.install(pack.id, accepted, progress, cancelled)
        )

    @Slot(str)
    def _finish(self, pack_id: str) -> None:
        def finish(desk: Desk) -> tuple[Pack, Settings]:
            settings = self._house.shelf.finish(desk, pack_id)
            return next(pack for pack, _ in self._house.shelf.packs() if pack.id == pack_id), settings

        self._desk.submit(finish, self._on_finished, partial(self._on_refused, pack_id))

    def _on_finished(self, answer: tuple[Pack, Settings]) -> None:
        pack, settings = answer
        pads = any(network.task is ModelTask.PAD for network in pack.networks)
        use = "It is used from the next start of the program." if pads else "It is not used before you choose “Use”."
        self._card.show_ended(f"{pack.title} is installed and tested. {use}")
        self.refresh()
        if pads:
            self.changed.emit(settings, "models.pad")

    @Slot(str, object)
    def _on_refused(self, pack_id: str, fault: FaceguardError) -> None:
        self._card.show_pack_refusal(pack_id, fault)
        self._look_at_rights(fault)

    # use and remove

    @Slot(str)
    def _use(self, model_id: str) -> None:
        def use(desk: Desk) -> tuple[Use, Settings]:
            return self._house.shelf.use(desk, model_id), desk.settings()

        self._desk.submit(use, self._on_used, partial(self._on_network_refused, model_id))

    def _on_used(self, answer: tuple[Use, Settings]) -> None:
        used, settings = answer
        self.refresh()
        self.changed.emit(settings, used.setting)

    @Slot(str)
    def _remove(self, model_id: str) -> None:
        def remove(desk: Desk) -> Settings:
            self._house.shelf.remove(desk, model_id)
            return desk.settings()

        self._desk.submit(remove, self._on_removed, partial(self._on_network_refused, model_id))

    def _on_removed(self, settings: Settings) -> None:
        self.refresh()
        self.changed.emit(settings, "models.pad")  # any key of the section: the whole of it is compared

    def _on_network_refused(self, model_id: str, fault: FaceguardError) -> None:
        self._card.show_network_refusal(model_id, fault)
        self._look_at_rights(fault)

    def _look_at_rights(self, fault: FaceguardError) -> None:
        if isinstance(fault, NotPermitted):
            self.rights_ended.emit()

    def _ignore(self, fault: FaceguardError) -> None:
        log.error("%s (%s)", fault.sentence, fault.detail)


def network_line(one: Shelved) -> NetworkLine:
    """An installed network in words."""
    entry, card = one.entry, one.entry.card
    if card is None:
        return NetworkLine(entry.id, "", one.in_use, not entry.bundled, False, entry.fault)
    origin = "comes with the program" if entry.bundled else "added"
    detail = f"{TASKS[card.task]}, {card.size_bytes / 1e6:.1f} MB, {origin}. Licence: {card.licence.rstrip('.')}."
    warnings = []
    if isinstance(card, EncoderCard):
        warnings = [NEW_PHOTOS] + ([NO_TAU] if card.default_tau is None else [])
    return NetworkLine(entry.id, detail, one.in_use, not entry.bundled, True, warning=" ".join(warnings))


def pack_line(pack: Pack) -> PackLine:
    """A pack in words."""
    size = f"{pack.size_bytes / 1e6:.1f} MB. Licence: {pack.licence.rstrip('.')}."
    return PackLine(pack.id, pack.title, pack.about, size, pack.accept)
