"""The installed networks: the bundled ones, and those that an admin added to the data folder."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import tomlkit

from faceguard.domain.card import (
    AnyCard,
    DetectorCard,
    EncoderCard,
    KnownAnswer,
    LandmarkCard,
    ModelTask,
    OperatingPoint,
    PadCard,
)
from faceguard.domain.errors import ModelFault
from faceguard.domain.impostor import ImpostorModel
from faceguard.models.cards import CARD_FILE, parse_cards, read_cards

MAX_CARD_BYTES: Final = 1 << 20

_Card = TypeVar("_Card", DetectorCard, LandmarkCard, EncoderCard, PadCard)

Prove = Callable[[AnyCard, bytes], KnownAnswer]
"""Opens a network, checks it against its card and gives its known answer; raises ``ModelFault``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One installed network.

    Attributes:
        id: of the card.
        card: None when it cannot be read.
        bundled: comes with the program and cannot be removed.
        folder: where its file lies.
        fault: why it cannot be used, as one sentence; empty when nothing is known against it.
    """

    id: str
    card: AnyCard | None
    bundled: bool
    folder: Path
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A network that is to be added.

    Attributes:
        card_text: TOML with its one card.
        card_name: what the card is called in a sentence to people.
        read: gives the network's bytes; raises ``ModelFault``.
    """

    card_text: str
    card_name: str
    read: Callable[[AnyCard], bytes]


class Catalogue:
    """Lists, adds, verifies, chooses and removes networks.

    An added network lies in a folder of its own, ``ID/`` with the ONNX file and ``cards.toml``, which appears in one
    step when everything in it has been verified.

    Args:
        bundled: folder of the bundled networks and their cards.
        added: the data folder's ``models``; need not exist yet.
    """

    def __init__(self, bundled: Path, added: Path) -> None:
        self._bundled = bundled
        self._added = added

    def entries(self) -> tuple[Entry, ...]:
        """All networks, the bundled ones first; a broken added one is listed with its fault.

        Raises:
            ModelFault: the bundled cards cannot be read.
        """
        bundled = [Entry(card.id, card, True, self._bundled) for card in read_cards(self._bundled / CARD_FILE)]
        return (*bundled, *self._added_entries())

    def card(self, model_id: str) -> AnyCard:
        """Card of an installed network.

        Raises:
            ModelFault: unknown, or its card cannot be read.
        """
        return _card_of(self._find(model_id))

    def default(self, kind: type[_Card]) -> _Card:
        """Card of the first bundled network of a kind (``DetectorCard``, ``EncoderCard``): the default.

        Raises:
            ModelFault: none comes with the program.
        """
        found = next((e.card for e in self.entries() if e.bundled and isinstance(e.card, kind)), None)
        if found is None:
            raise ModelFault(f"The bundled networks lack a {kind.__name__.removesuffix('Card').lower()}.")
        return found

    def resolve(self, model_id: str) -> tuple[AnyCard, bytes]:
        """Card and bytes of a network, to be opened by the pipeline, which verifies the bytes.

        Raises:
            ModelFault: unknown, or its file is missing or of another size.
        """
        entry = self._find(model_id)
        card = _card_of(entry)
        return card, _read_network(entry.folder / card.file, card)

    def add(self, file: Path, card_file: Path, prove: Prove) -> AnyCard:
        """Copies a network and its card into the data folder, after it has been opened and tested.

        Args:
            file: the ONNX file; it is stored under the name on the card.
            card_file: TOML with the one card.
            prove: opens and tests a network (``pipeline.known_answer.prove``).

        Raises:
            ModelFault: card or file are missing, invalid or do not fit, the id is taken, or nothing can be written.
        """
        made = Made(_read_card_text(card_file), card_file.name, lambda card: _read_network(file, card))
        return self.add_made([made], prove)[0]

    def add_made(self, networks: Sequence[Made], prove: Prove) -> tuple[AnyCard, ...]:
        """The same for networks that the program brings along itself: all of them appear, or none.

        Raises:
            ModelFault: see ``add``.
        """
        proven = [self._proven(network, prove) for network in networks]
        placed: list[Path] = []
        try:
            self._added.mkdir(parents=True, exist_ok=True)
            with _staging(self._added) as staged:
                for card, text, data in proven:
                    folder = staged / card.id
                    folder.mkdir()
                    _write(folder / card.file, data)
                    _write(folder / CARD_FILE, text.encode())
                for card, _, _ in proven:
                    (staged / card.id).rename(self._added / card.id)
                    placed.append(self._added / card.id)
        except OSError as error:
            for folder in placed:
                shutil.rmtree(folder, ignore_errors=True)
            ids = "', '".join(card.id for card, _, _ in proven)
            raise ModelFault(f"The network '{ids}' cannot be copied to {self._added}.", str(error)) from error
        return tuple(card for card, _, _ in proven)

    def _proven(self, network: Made, prove: Prove) -> tuple[AnyCard, str, bytes]:
        """Card, its text with the known answer, and bytes, once everything about them was found right."""
        cards = parse_cards(network.card_text, network.card_name)
        if len(cards) != 1:
            raise ModelFault(f"{network.card_name} holds {len(cards)} cards; to add a network it holds exactly one.")
        card = cards[0]
        if any(entry.id == card.id for entry in self.entries()):
            raise ModelFault(f"There is a network with the id '{card.id}' already; remove it or change the id.")
        data = network.read(card)
        _require_digest(card, data)
        text = _with_known_answer(network.card_text, card, prove(card, data))
        return parse_cards(text, network.card_name)[0], text, data

    def verify(self, model_id: str, prove: Prove) -> AnyCard:
        """Reads a network, compares its digest, opens it and runs its known-answer test.

        Raises:
            ModelFault: anything about it is wrong.
        """
        card, data = self.resolve(model_id)
        _require_digest(card, data)
        prove(card, data)
        return card

    def remove(self, model_id: str, in_use: Collection[str] = ()) -> None:
        """Deletes an added network.

        Args:
            model_id: of the card, or of a broken entry.
            in_use: ids that the settings name.

        Raises:
            ModelFault: unknown, bundled, in use, or the folder cannot be changed.
        """
        entry = self._find(model_id)
        if entry.bundled:
            raise ModelFault(f"The network '{model_id}' comes with the program and cannot be removed.")
        if model_id in in_use:
            raise ModelFault(f"The network '{model_id}' is in use; choose another one first.")
        try:
            with _staging(self._added) as staged:
                entry.folder.rename(staged / "removed")
        except OSError as error:
            raise ModelFault(f"The network '{model_id}' cannot be removed.", str(error)) from error

    def calibrate(
        self,
        model_id: str,
        points: Collection[OperatingPoint] | None,
        rated_size: int | None = None,
        impostor: ImpostorModel | None = None,
    ) -> AnyCard:
        """Writes what was measured onto the card of an added encoder; what is None stays as it is.

        Raises:
            ModelFault: unknown, bundled, no encoder, or the points do not make a valid card.
        """
        entry = self._find(model_id)
        if entry.bundled or _card_of(entry).task is not ModelTask.ENCODER:
            raise ModelFault(
                f"'{model_id}' is no encoder that was added; only such a card can be given a measured tau."
            )
        path = entry.folder / CARD_FILE
        document = tomlkit.parse(_read_card_text(path))
        table = document[ModelTask.ENCODER.value][0]
        if points is not None:
            rows = tomlkit.aot()
            for point in sorted(points, key=lambda p: -p.fmr):
                row = tomlkit.table()
                row.update(point_table(point))
                rows.append(row)
            table["operating_points"] = rows
        if rated_size is not None:
            table["rated_size"] = rated_size
        if impostor is not None:
            table["impostor"] = tomlkit.item(impostor_table(impostor))
        text = tomlkit.dumps(document)
        card = parse_cards(text, path.name)[0]
        temporary = path.with_suffix(".new")
        try:
            _write(temporary, text.encode())
            temporary.replace(path)
        except OSError as error:
            raise ModelFault(f"The card of '{model_id}' cannot be written.", str(error)) from error
        return card

    def _added_entries(self) -> Iterator[Entry]:
        if not self._added.is_dir():
            return
        for folder in sorted(self._added.iterdir()):
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            try:
                cards = read_cards(folder / CARD_FILE)
                if len(cards) != 1 or cards[0].id != folder.name:
                    raise ModelFault(f"The folder {folder.name} does not hold the one card of that id.")
                yield Entry(folder.name, cards[0], False, folder)
            except ModelFault as fault:
                yield Entry(folder.name, None, False, folder, fault.sentence)

    def _find(self, model_id: str) -> Entry:
        entries = self.entries()
        found = next((entry for entry in entries if entry.id == model_id), None)
        if found is None:
            raise ModelFault(f"There is no network '{model_id}'; there are: {', '.join(e.id for e in entries)}.")
        return found


def point_table(point: OperatingPoint) -> dict[str, Any]:
    """An operating point as the table that stands on a card."""
    return dataclasses.asdict(point) | {"tau": point.tau.value}


def impostor_table(model: ImpostorModel) -> dict[str, Any]:
    """An impostor model as the table that stands on a card."""
    return {
        "knots": [list(row) for row in model.knots],
        "scale": model.scale,
        "shape": model.shape,
        "spread": [list(row) for row in model.spread],
        "people": model.people,
        "photos": model.photos,
        "pairs": model.pairs,
        "data_set": model.data_set,
        "checks": [dataclasses.asdict(check) for check in model.checks],
    }


def _card_of(entry: Entry) -> AnyCard:
    if entry.card is None:
        raise ModelFault(f"The network '{entry.id}' cannot be used: {entry.fault}")
    return entry.card


def _read_network(path: Path, card: AnyCard) -> bytes:
    """All bytes of a network file; its size is compared first, so that a wrong file of any size costs nothing."""
    try:
        size = path.stat().st_size
        if size != card.size_bytes:
            raise ModelFault(
                f"The network file {path.name} is not the one on its card: it has {size} bytes, not {card.size_bytes}."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelFault(f"The network file {path} is missing.") from None
    except OSError as error:
        raise ModelFault(f"The network file {path} cannot be read.", str(error)) from error


def _require_digest(card: AnyCard, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise ModelFault(f"The network file {card.file} is not the one on its card: its SHA-256 is another.")


def _read_card_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise ModelFault(f"{path.name} is too large for a model card.")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelFault(f"The model card {path} is missing.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFault(f"The model card {path} cannot be read.", str(error)) from error


def _with_known_answer(text: str, card: AnyCard, answer: KnownAnswer) -> str:
    """The card's TOML, comments kept, with the known answer in it."""
    document = tomlkit.parse(text)
    table = tomlkit.table()
    table.update({"seed": answer.seed, "values": list(answer.values), "tolerance": answer.tolerance})
    document[card.task.value][0]["known_answer"] = table
    return tomlkit.dumps(document)


@contextlib.contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    """A hidden folder beside the entries; whatever is left of it in the end is deleted."""
    folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
