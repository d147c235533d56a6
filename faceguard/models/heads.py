"""Learned comparisons in the data folder: one small TOML file each, beside the encoders, with a checksum of its own.

::

    sha256 = "..."            # of every byte after this line
    format = 1
    id = "..."
    encoder = "..."           # EncoderId; with the embeddings of any other it is refused
    kind = "absolute"
    bias = 12.5
    weights = [-1.5, ...]
    ...                       # the other attributes of HeadCard

The checksum finds what was damaged or edited by hand. It is no signature: whoever may write into the data folder may
also write another head, and the settings.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import tomlkit

from faceguard.domain.errors import ModelFault
from faceguard.domain.head_card import HeadCard
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.domain.template import EncoderId
from faceguard.models.cards import impostor_of, point_of
from faceguard.models.catalogue import impostor_table, point_table
from faceguard.models.tables import list_of, number_of, text_of

SUFFIX: Final = ".head.toml"
FORMAT: Final = 1
MAX_BYTES: Final = 1 << 20
_FIRST_LINE: Final = re.compile(rb'sha256 = "([0-9a-f]{64})"\r?\n')
_NEEDED: Final = frozenset({"format", "id", "encoder", "kind", "bias", "weights", "origin"})
_KNOWN: Final = _NEEDED | {"operating_points", "default_fmr", "rated_size", "impostor"}


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """One file in the data folder.

    Attributes:
        id: of its name.
        card: None when it cannot be used.
        fault: why, as one sentence; empty when nothing is known against it.
    """

    id: str
    card: HeadCard | None
    fault: str = ""


class Heads:
    """Lists, adds and removes learned comparisons.

    Args:
        folder: the data folder's ``models``; need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> tuple[HeadEntry, ...]:
        """All of them by name; a broken one with its fault."""
        found = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            name = path.name.removesuffix(SUFFIX)
            try:
                card = read_head(path)
                if card.id != name:
                    raise ModelFault(f"The file {path.name} holds the comparison '{card.id}'.")
                found.append(HeadEntry(name, card))
            except ModelFault as fault:
                found.append(HeadEntry(name, None, fault.sentence))
        return tuple(found)

    def card(self, head_id: str) -> HeadCard:
        """The comparison of this id.

        Raises:
            ModelFault: unknown, altered or damaged.
        """
        entry = self._find(head_id)
        if entry.card is None:
            raise ModelFault(f"The comparison '{head_id}' cannot be used: {entry.fault}")
        return entry.card

    def add(self, file: Path) -> HeadCard:
        """Copies a file into the data folder, once it has been read and checked.

        Raises:
            ModelFault: it cannot be used, its id is taken, or nothing can be written.
        """
        card = read_head(file)
        if any(entry.id == card.id for entry in self.entries()):
            raise ModelFault(f"There is a comparison '{card.id}' already; remove it, or train with another --id.")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelFault(f"The comparison cannot be copied to {self._folder}.", str(error)) from error
        write_head(self._folder / f"{card.id}{SUFFIX}", card)
        return card

    def remove(self, head_id: str) -> None:
        """Deletes one.

        Raises:
            ModelFault: unknown, or it cannot be deleted.
        """
        path = self._folder / f"{self._find(head_id).id}{SUFFIX}"
        try:
            path.unlink()
        except OSError as error:
            raise ModelFault(f"The comparison '{head_id}' cannot be removed.", str(error)) from error

    def _find(self, head_id: str) -> HeadEntry:
        entries = self.entries()
        found = next((entry for entry in entries if entry.id == head_id), None)
        if found is None:
            there = ", ".join(entry.id for entry in entries) or "none"
            raise ModelFault(f"There is no learned comparison '{head_id}'; there are: {there}.")
        return found


def read_head(path: Path) -> HeadCard:
    """One file.

    Raises:
        ModelFault: it cannot be read, was altered, or what it states is no comparison.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFault(f"{path.name} is too large for a comparison.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelFault(f"The comparison {path} is missing.") from None
    except OSError as error:
        raise ModelFault(f"The comparison {path} cannot be read.", str(error)) from error
    first = _FIRST_LINE.match(data)
    if first is None:
        raise ModelFault(f"{path.name} is no comparison made by `faceguard train head`: its first line is no checksum.")
    stated, body = first.group(1).decode(), data[first.end() :]
    if hashlib.sha256(body).hexdigest() != stated:
        raise ModelFault(f"The comparison {path.name} was altered or damaged: its checksum is another. Put it back.")
    try:
        return _card(tomllib.loads(body.decode()))
    except (ValueError, TypeError, OverflowError) as error:  # TOML's and UTF-8's own errors are ValueErrors
        raise ModelFault(f"The comparison {path.name} cannot be used: {error}.") from error


def write_head(path: Path, card: HeadCard) -> None:
    """The file, whole or not at all.

    Raises:
        ModelFault: it cannot be written.
    """
    body = tomlkit.dumps(_tables(card)).encode()
    data = f'sha256 = "{hashlib.sha256(body).hexdigest()}"\n'.encode() + body
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise ModelFault(f"The comparison {path} cannot be written: {error.strerror or error}.") from error


def _tables(card: HeadCard) -> dict[str, Any]:
    head = card.head
    tables: dict[str, Any] = {
        "format": FORMAT,
        "id": card.id,
        "encoder": str(head.encoder_id),
        "kind": head.kind.value,
        "origin": card.origin,
        "default_fmr": card.default_fmr,
        "bias": float(head.bias),
        "weights": head.weights.tolist(),
    }
    if card.rated_size is not None:
        tables["rated_size"] = card.rated_size
    if card.operating_points:
        tables["operating_points"] = [point_table(point) for point in card.operating_points]
    if card.impostor is not None:
        tables["impostor"] = impostor_table(card.impostor)
    return tables


def _card(table: Mapping[str, Any]) -> HeadCard:
    missing, unknown = _NEEDED - table.keys(), table.keys() - _KNOWN
    if missing or unknown:
        what = "missing" if missing else "not known"
        raise ValueError(f"the key '{min(missing or unknown)}' is {what}")
    if table["format"] != FORMAT:
        raise ValueError(f"its format is {table['format']!r}, not {FORMAT}")
    weights = np.array(list_of(number_of)(table["weights"]))
    head = SimilarityHead(
        HeadKind(text_of(table["kind"])),
        EncoderId.parse(text_of(table["encoder"])),
        weights,
        number_of(table["bias"]),
    )
    measured: dict[str, Any] = {}
    if "operating_points" in table:
        measured["operating_points"] = list_of(point_of)(table["operating_points"])
    if "impostor" in table:
        measured["impostor"] = impostor_of(table["impostor"])
    if "rated_size" in table:
        measured["rated_size"] = table["rated_size"]
    if "default_fmr" in table:
        measured["default_fmr"] = number_of(table["default_fmr"])
    return HeadCard(id=text_of(table["id"]), head=head, origin=text_of(table["origin"]), **measured)
