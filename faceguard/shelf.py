"""The networks as the admin sees them, without Qt: what is installed, what could be, what is in use.

Command line and window share it. It asks the desk for the admin's rights, and keeps settings and files in step: a
detector or encoder that is in use is not deleted; a liveness or quality network that goes is taken out of use first, so
that the door does without it instead of missing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from faceguard.access.roles import Action
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.card import AnyCard, DetectorCard, EncoderCard, LandmarkCard, ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.catalogue import Catalogue, Entry, Prove
from faceguard.models.installer import Installer, InstallStep
from faceguard.models.packs import Pack

SETTING_OF: Final = {
    ModelTask.DETECTOR: "models.detector",
    ModelTask.LANDMARKS: "models.landmarks",
    ModelTask.ENCODER: "models.encoder",
    ModelTask.PAD: "models.pad",
    ModelTask.QUALITY: "models.quality",
}


@dataclass(frozen=True, slots=True)
class Shelved:
    """One installed network.

    Attributes:
        entry: of the catalogue.
        in_use: from the next start on.
    """

    entry: Entry
    in_use: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A network was put to use.

    Attributes:
        card: of the network.
        setting: key that names it now.
        value: of the setting.
        people: who are enrolled and need a new photo, because the encoder is another one; None where it is not.
    """

    card: AnyCard
    setting: str
    value: str
    people: int | None = None


class Shelf:
    """Lists, installs, uses and removes networks.

    Args:
        catalogue: the installed ones.
        installer: of the packs.
        prove: opens and tests a network (``pipeline.known_answer.prove``).
    """

    def __init__(self, catalogue: Catalogue, installer: Installer, prove: Prove) -> None:
        self._catalogue = catalogue
        self._installer = installer
        self._prove = prove

    def networks(self, settings: Settings) -> tuple[Shelved, ...]:
        """Everything that is installed, the bundled ones first."""
        used = self.in_use(settings)
        return tuple(Shelved(entry, entry.id in used) for entry in self._catalogue.entries())

    def in_use(self, settings: Settings) -> frozenset[str]:
        """Ids that the settings name, or the bundled ones where they name none."""
        always = [
            settings.text("models.detector") or self._catalogue.default(DetectorCard).id,
            settings.text("models.landmarks") or self._catalogue.default(LandmarkCard).id,
            settings.text("models.encoder") or self._catalogue.default(EncoderCard).id,
        ]
        return frozenset((*always, *settings.listed("models.pad"), *settings.listed("models.quality")))

    def packs(self) -> tuple[tuple[Pack, bool], ...]:
        """Every pack, and whether all of it is installed."""
        return tuple((pack, not self._installer.missing(pack)) for pack in self._installer.packs)

    def allow(self, desk: Desk, pack_id: str, accepted: str) -> Pack:
        """Before the download: licence and rights; the beginning is on record.

        Raises:
            ModelFault: unknown, installed already, or its licence was not accepted by name.
            NotPermitted: only the admin may.
        """
        desk.require(Action.MANAGE_MODELS)
        pack = self._installer.check(pack_id, accepted)
        desk.allow_install(pack_id)
        return pack

    def install(
        self,
        pack_id: str,
        accepted: str,
        progress: Callable[[InstallStep], None],
        cancelled: Callable[[], bool],
    ) -> tuple[AnyCard, ...]:
        """The download, after ``allow``, in any thread; see ``Installer.install``."""
        return self._installer.install(pack_id, accepted, progress=progress, cancelled=cancelled)

    def finish(self, desk: Desk, pack_id: str) -> Settings:
        """After the download, at the desk that allowed it: the pack's liveness networks are used from now on."""
        pack = self._installer.pack(pack_id)
        return desk.finish_install(pack_id, [n.id for n in pack.networks if n.task is ModelTask.PAD])

    def use(self, desk: Desk, model_id: str) -> Use:
        """Put a network to use from the next start; a liveness network is added to those in use.

        Raises:
            ModelFault: unknown, altered, or it gives wrong answers.
            NotPermitted: only the admin may.
        """
        desk.require(Action.MANAGE_MODELS)
        card = self._catalogue.verify(model_id, self._prove)
        key = SETTING_OF[card.task]
        # whoever brings templates of the former encoder along is asked for a new photo
        former = desk.settings().text(key) or self._catalogue.default(EncoderCard).id
        changed = desk.change_list(key, add=[model_id]) if card.task is ModelTask.PAD else desk.set(key, model_id)
        people = len(desk.people()) if isinstance(card, EncoderCard) and model_id != former else None
        return Use(card, key, changed.text(key), people)

    def remove(self, desk: Desk, wanted: str) -> tuple[str, ...]:
        """Delete an added network, or all that are there of a pack.

        Returns:
            The ids that are gone.

        Raises:
            ModelFault: unknown, bundled, or in use as detector or encoder.
            NotPermitted: only the admin may.
        """
        desk.require(Action.MANAGE_MODELS)
        entries = {entry.id: entry for entry in self._catalogue.entries()}
        pack = next((pack for pack in self._installer.packs if pack.id == wanted), None)
        ids: tuple[str, ...] = (wanted,)
        if wanted not in entries and pack is not None:
            ids = tuple(i for i in pack.network_ids if i in entries)
            if not ids:
                raise ModelFault(f"The pack '{wanted}' is not installed.")
        # their right to be deleted is looked at before the setting is touched
        going = {i for i in ids if i in entries and not entries[i].bundled}
        for key in ("models.pad", "models.quality"):
            if going & set(desk.settings().listed(key)):
                desk.change_list(key, drop=going)
        for model_id in ids:
            self._catalogue.remove(model_id, self.in_use(desk.settings()))
        return ids
