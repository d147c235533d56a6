"""Builds everything from settings, without Qt; the only place that knows how the parts fit together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from faceguard.access.liveness_trial import JUDGING_VERSION
from faceguard.access.policy import FRAME_GAP_MS, AccessPolicy, LearnedTaus, LivenessPolicy, PassiveRule
from faceguard.access.roles import Role
from faceguard.camera.photo_file import read_photo
from faceguard.camera.source import FrameSource, is_live, open_source
from faceguard.comparing import DeskComparison, chosen_head, loosest_tau
from faceguard.comparing import pair_tau as pair_tau
from faceguard.comparing import search_tau as search_tau
from faceguard.config.folders import DATABASE_FILE, SETTINGS_FILE, data_folder
from faceguard.config.settings import Settings
from faceguard.config.settings_file import SettingsFile
from faceguard.desk import Desk
from faceguard.domain.card import DetectorCard, EncoderCard, LandmarkCard, Measured, PadCard, QualityCard
from faceguard.domain.errors import ModelFault, SettingsFault
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import Threshold
from faceguard.door.none import NoOutput
from faceguard.door.output import DoorOutput
from faceguard.door.serial_relay import SerialRelay
from faceguard.evaluation.drift import Drift
from faceguard.guard import Guard
from faceguard.models.catalogue import Catalogue
from faceguard.models.download import MIRROR_VARIABLE, Downloads
from faceguard.models.heads import Heads
from faceguard.models.installer import Installer
from faceguard.models.packs import PACK_FILE, read_packs
from faceguard.pin_thread import PinThread
from faceguard.pipeline.aligner import Aligner
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.known_answer import open_checked, prove
from faceguard.pipeline.landmark_refiner import LandmarkRefiner
from faceguard.pipeline.liveness import Liveness
from faceguard.pipeline.matcher import Matcher
from faceguard.pipeline.onnx_model import OnnxModel, available_providers
from faceguard.pipeline.passive_pad import PassivePadNetwork
from faceguard.pipeline.quality import QualityGate, QualityLimits
from faceguard.pipeline.quality_network import QualityNetwork, StricterGate
from faceguard.pipeline.recogniser import Recogniser
from faceguard.pipeline.still import StillExaminer
from faceguard.pipeline.tracker import Tracker
from faceguard.resources import bundled
from faceguard.shelf import Shelf
from faceguard.store.audit_log import AuditLog
from faceguard.store.database import Database
from faceguard.store.gallery_store import GalleryStore, LoadedGallery
from faceguard.tau_picture import Standing, TauPicture
from faceguard.trial_bench import TrialBench


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks in use, checked against their cards and known answers; shared by all threads.

    Attributes:
        detector, landmarks, encoder: always there.
        pads: PAD networks, in the order of the setting; empty while none is installed.
        quality: judges pictures behind the quality gate; None while none is chosen.
        head: learned comparison in place of the squared distance; None while none is chosen.
        pad_fault: why a PAD network that the settings name is not there; the door then lets nobody in.
    """

    detector: Detector
    landmarks: LandmarkRefiner
    encoder: Encoder
    pads: tuple[PassivePadNetwork, ...] = ()
    quality: QualityNetwork | None = None
    head: HeadCard | None = None
    pad_fault: str = ""

    @property
    def measured(self) -> Measured:
        """What distances are compared by, with what was measured with it: the learned comparison, else the encoder."""
        return self.encoder.card if self.head is None else self.head

    @property
    def providers(self) -> tuple[str, ...]:
        """Execution providers that this installation offers."""
        return available_providers()

    @property
    def provider(self) -> str:
        """Execution provider in use, as the sessions report it."""
        return " and ".join(dict.fromkeys((self.encoder.provider, self.detector.provider)))


class House:
    """One data folder: settings, networks, people, events.

    Args:
        folder: the data folder.
        clock: monotonic nanoseconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.folder = folder
        self.clock = clock
        self.settings_file = SettingsFile(folder / SETTINGS_FILE)
        self.catalogue = Catalogue(bundled("models"), folder / "models")
        self.heads = Heads(folder / "models")
        mirror = os.environ.get(MIRROR_VARIABLE)
        self.downloads = Downloads(folder / "downloads", Path(mirror).expanduser() if mirror else None)
        self._lock = Lock()
        self._networks: Networks | None = None

    def settings(self) -> Settings:
        """As the file has them now."""
        return self.settings_file.load()

    @property
    def shelf(self) -> Shelf:
        """The networks as the admin sees them: installed ones and packs.

        Raises:
            ModelFault: the list of packs cannot be read.
        """
        packs = read_packs(bundled("models") / PACK_FILE)
        return Shelf(self.catalogue, Installer(self.catalogue, packs, self.downloads, prove), prove)

    @property
    def networks(self) -> Networks:
        """Loaded at first use, by whichever thread comes first."""
        with self._lock:
            if self._networks is None:
                self._networks = load_networks(self.settings(), self.catalogue, self.heads)
            return self._networks

    @property
    def loaded_networks(self) -> Networks | None:
        """The networks if they are loaded already; never waits."""
        return self._networks

    def forget_networks(self) -> None:
        """Another network or provider was chosen: load anew at the next use."""
        with self._lock:
            self._networks = None

    def database(self) -> Database:
        """A connection for the calling thread."""
        return Database(self.folder / DATABASE_FILE)

    def open_desk(self, *, networks: bool = True, role: Role = Role.OPERATOR) -> Desk:
        """The operator's place, for the calling thread.

        Args:
            networks: False for jobs that look at no photo: they start without loading a network.
            role: whose rights count without the admin PIN.
        """
        card, examiner = self.encoder_card(), still_examiner(self.networks, self.settings()) if networks else None
        compared = DeskComparison.of(self.settings(), card, self.heads)
        return Desk(
            self.database(),
            self.settings_file,
            examiner=examiner,
            encoder_id=card.encoder_id,
            tau_owner=compared.tau_owner,
            measured=compared.measured,
            length=card.length,
            tau=compared.tau,
            tau_pair=compared.tau_pair,
            search=compared.search,
            compare=compared.compare,
            compare_with=compared.compare_with,
            read_photo=read_photo,
            role=role,
            clock=self.clock,
        )

    def tau_standing(self, desk: Desk) -> Standing:
        """Both taus in force, and what is to be said about them."""
        card, settings = self.measured(), desk.settings()
        return desk.taus.standing(card, search_tau(settings, card), pair_tau(settings, card))

    def tau_drift(self, desk: Desk) -> tuple[Drift, ...]:
        """Who comes near to being refused at the tau in force."""
        return desk.taus.drift(search_tau(desk.settings(), self.measured()))

    def tau_picture(self, desk: Desk) -> TauPicture:
        """All that a position of tau can be judged by."""
        return desk.taus.picture(self.tau_standing(desk))

    def encoder_card(self) -> EncoderCard:
        """Of the encoder that the settings choose."""
        return chosen_encoder(self.settings(), self.catalogue)

    def measured(self) -> Measured:
        """What distances are compared by: the learned comparison that the settings choose, else the encoder.

        Raises:
            ModelFault: the comparison cannot be used.
        """
        card = self.encoder_card()
        return chosen_head(self.settings(), card, self.heads) or card

    def policy(self, settings: Settings | None = None) -> AccessPolicy:
        """The rules that the settings make with the present networks."""
        return policy_of(settings or self.settings(), self.networks)

    def pin_thread(self) -> PinThread:
        """Checks PINs beside the recognition; whoever asks for it closes it."""
        return PinThread(self.database)

    def open_guard(
        self, database: Database, pins: PinThread, door: DoorOutput, *, clock: Callable[[], int] | None = None
    ) -> Guard:
        """The door, for the calling thread, which owns ``database``.

        Args:
            database: this thread's connection.
            pins: closed by the caller.
            door: opened by the caller, who closes it too.
            clock: that stamps the frames, when it is not this house's own.
        """
        networks = self.networks  # first: loading them takes seconds, in which the settings may change
        rules = PolicyWatch(self.settings_file, networks)
        settings = self.settings()
        people = GalleryWatch(GalleryStore(database), networks.encoder, networks.head)
        return Guard(
            recogniser_of(networks, settings),
            people.load(),
            policy_of(settings, networks),
            events=AuditLog(database),
            pins=pins,
            door=door,
            pulse_ms=settings.whole("door.pulse_ms"),
            tau_owner=networks.measured.tau_owner,
            clock=clock or self.clock,
            poll_gallery=people.poll,
            poll_policy=rules.poll,
        )

    def open_bench(self, camera: str, *, clock: Callable[[], int] | None = None) -> TrialBench:
        """A liveness test before the source with this label, for the calling thread; it has no door."""
        networks = self.networks
        return TrialBench(
            recogniser_of(networks, self.settings()),
            lambda: policy_of(self.settings(), networks),
            camera,
            judging_networks(networks),
            clock=clock or self.clock,
        )

    def open_source(self, spec: str | None = None, *, fps: float | None = None, paced: bool = True) -> FrameSource:
        """The camera that the settings, or ``spec``, name; not opened yet."""
        settings = self.settings()
        named = spec or settings.text("camera.source")

        def source(rate: float | None) -> FrameSource:
            width, height = settings.whole("camera.width"), settings.whole("camera.height")
            return open_source(named, fps=rate, width=width, height=height, paced=paced, clock=self.clock)

        found = source(fps)
        # the setting is asked of a camera; a recording keeps its own rate
        return source(settings.number("camera.fps")) if fps is None and is_live(found) else found

    def door_output(self) -> DoorOutput:
        """What a grant does, as the settings say; not opened yet."""
        settings = self.settings()
        if settings.text("door.output") == "serial":
            return SerialRelay(settings.text("door.serial_port"), channel=settings.whole("door.serial_channel"))
        return NoOutput()


class GalleryWatch:
    """The gallery as a snapshot, read again when people have come or gone, whoever changed them."""

    def __init__(self, store: GalleryStore, encoder: Encoder, head: HeadCard | None = None) -> None:
        self._store = store
        self._encoder = encoder
        self._head = None if head is None else head.head
        self._loaded: LoadedGallery | None = None

    def load(self) -> Matcher:
        """Read it now."""
        self._loaded = self._store.load_gallery(self._encoder.encoder_id, self._encoder.length)
        return Matcher(self._loaded.gallery, self._head)

    def poll(self) -> Matcher | None:
        """A new snapshot when something changed, else None."""
        return None if self._loaded is not None and not self._store.changed_since(self._loaded) else self.load()


class PolicyWatch:
    """The rules, made anew when the settings file has changed, whoever changed it."""

    def __init__(self, file: SettingsFile, networks: Networks) -> None:
        self._file = file
        self._networks = networks
        self._seen = self._stamp()

    def poll(self) -> AccessPolicy | None:
        """Other rules when the file is another one, else None.

        Raises:
            SettingsFault: it cannot be read any more, as often as it is asked; the door is then out of service.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        policy = policy_of(self._file.load(), self._networks)
        self._seen = stamp
        return policy

    def _stamp(self) -> tuple[int, int, int, int] | None:
        try:
            found = self._file.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsFault(f"The settings in {self._file.path} cannot be read: {error.strerror}.") from error
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino  # ctime: also who may read it


def open_house(data_dir: str | Path | None = None) -> House:
    """The data folder that the command line or the environment names, made if it is not there."""
    return House(data_folder(data_dir))


def chosen_encoder(settings: Settings, catalogue: Catalogue) -> EncoderCard:
    """Card of the encoder that the settings name, else of the bundled one."""
    card = catalogue.card(settings.text("models.encoder") or catalogue.default(EncoderCard).id)
    if not isinstance(card, EncoderCard):
        raise ModelFault(f"The network {card.id} is no encoder; choose another one in models.encoder.")
    return card


def load_networks(settings: Settings, catalogue: Catalogue, heads: Heads | None = None) -> Networks:
    """Load and check every network that the settings name.

    Args:
        settings: name them.
        catalogue: the installed ones.
        heads: learned comparisons; None leaves the setting for them alone, for measurements of the encoder itself.

    Raises:
        ModelFault: missing, altered, of another shape, wrong answers, or the demanded provider is not there.
    """
    provider, threads = settings.text("models.provider"), settings.whole("models.threads")

    def model(model_id: str) -> OnnxModel:
        card, data = catalogue.resolve(model_id)
        return open_checked(card, data, provider, threads)

    detector_id = settings.text("models.detector") or catalogue.default(DetectorCard).id
    if not isinstance(catalogue.card(detector_id), DetectorCard):
        raise ModelFault(f"The network {detector_id} is no face detector; choose another one in models.detector.")
    landmarks_id = settings.text("models.landmarks") or catalogue.default(LandmarkCard).id
    if not isinstance(catalogue.card(landmarks_id), LandmarkCard):
        raise ModelFault(f"The network {landmarks_id} places no landmarks; choose another one in models.landmarks.")
    encoder_card = chosen_encoder(settings, catalogue)
    detector, encoder = Detector(model(detector_id)), Encoder(model(encoder_card.id))
    landmarks = LandmarkRefiner(model(landmarks_id))
    quality_id = settings.text("models.quality")
    if quality_id and not isinstance(catalogue.card(quality_id), QualityCard):
        raise ModelFault(f"The network {quality_id} is no quality network; choose another one in models.quality.")
    quality = QualityNetwork(model(quality_id)) if quality_id else None
    pads: tuple[PassivePadNetwork, ...] = ()
    fault = ""
    try:
        wanted = settings.listed("models.pad")
        for model_id in wanted:
            if not isinstance(catalogue.card(model_id), PadCard):
                raise ModelFault(f"The network {model_id} is no liveness network; correct models.pad.")
        pads = tuple(PassivePadNetwork(model(model_id)) for model_id in wanted)
    except ModelFault as error:
        fault = error.sentence
    head = None if heads is None else chosen_head(settings, encoder_card, heads)
    return Networks(detector, landmarks, encoder, pads, quality, head, fault)


def aligner_of(card: EncoderCard) -> Aligner:
    """Alignment to the template on the encoder's card."""
    return Aligner(card.template, card.template_points, card.input_size)


def quality_of(networks: Networks, settings: Settings) -> QualityGate | StricterGate:
    """The quality gate with the limits of the settings, and the quality network behind it where one is chosen."""
    limits = {key: float(value) for key, value in settings.section("quality").items() if isinstance(value, int | float)}
    gate = QualityGate(QualityLimits(**limits))
    return gate if networks.quality is None else StricterGate(gate, networks.quality)


def recogniser_of(networks: Networks, settings: Settings) -> Recogniser:
    """All stages in order, for one thread."""
    return Recogniser(
        networks.detector,
        Tracker(),
        networks.landmarks,
        aligner_of(networks.encoder.card),
        quality_of(networks, settings),
        Liveness(networks.pads),
        networks.encoder,
        zone=settings.number("access.zone"),
        encode_gap_ms=FRAME_GAP_MS,
    )


def still_examiner(networks: Networks, settings: Settings) -> StillExaminer:
    """The same stages for stored photos."""
    return StillExaminer(
        networks.detector,
        networks.landmarks,
        aligner_of(networks.encoder.card),
        quality_of(networks, settings),
        networks.encoder,
    )


def judging_networks(networks: Networks) -> str:
    """Everything but the policy that liveness depends on, in one line: results of another one are not quoted."""
    detector, encoder = networks.detector.card, networks.encoder.card
    pads = [
        f"{card.id}@{card.sha256[:12]} ({card.attack_threshold:g}, {card.accept_threshold:g}, "
        f"{'measured' if card.measured else 'not measured'})"
        for card in (pad.card for pad in networks.pads)
    ]
    return (
        f"judging {JUDGING_VERSION}; detector {detector.id}@{detector.sha256[:12]}; encoder {encoder.encoder_id}; "
        f"PAD {' + '.join(pads) or 'none'}"
    )


def passive_rule(cards: Sequence[PadCard]) -> PassiveRule:
    """How the fused score of these PAD networks is read: the strictest limits; one that is not measured vouches not."""
    accept = max(card.accept_threshold for card in cards) if all(card.measured for card in cards) else None
    return PassiveRule(accept, max(card.attack_threshold for card in cards))


def policy_of(settings: Settings, networks: Networks) -> AccessPolicy:
    """The rules of the door."""
    card, measured = networks.encoder.card, networks.measured
    continuity = loosest_tau(card) or Threshold(1.0)
    pads = [pad.card for pad in networks.pads]
    return AccessPolicy(
        tau=search_tau(settings, measured),
        tau_pair=pair_tau(settings, measured),
        tau_continuity=continuity,
        margin=settings.number("access.margin"),
        liveness=LivenessPolicy(settings.text("liveness.policy")),
        passive=passive_rule(pads) if pads else None,
        liveness_available=not networks.pad_fault,
        pin_after_face=settings.switch("liveness.pin_after_face"),
        cooldown_ms=settings.whole("access.cooldown_ms"),
        shadow=settings.switch("door.shadow"),
        learned=None if networks.head is None else LearnedTaus(loosest_tau(measured), card.default_tau or continuity),
    )
