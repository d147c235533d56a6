"""Packs: networks that are not bundled but can be installed, as ``models/packs.toml`` describes them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from faceguard.domain.card import ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.tables import as_is, build, list_of, text_of

PACK_FILE: Final = "packs.toml"
"""Name of the file beside the bundled networks."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAX_BYTES: Final = 2 << 30


class Recipe(StrEnum):
    """How a network is made of a downloaded file."""

    ONNX = "onnx"
    """The file is the network."""
    MINIFASNET = "minifasnet"
    """A PyTorch checkpoint, written as ONNX."""
    INSIGHTFACE = "insightface"
    """A member of a zip; scaling and size as the insightface library reads them."""


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that is known to the byte.

    Attributes:
        name: plain, without folder.
        sha256: 64 hex digits.
        size_bytes: at most 2 GiB.
    """

    name: str
    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name) is not None, "the name of a file is a plain name")
        _require(_SHA256.fullmatch(self.sha256) is not None, "sha256 has 64 lower-case hex digits")
        whole = isinstance(self.size_bytes, int) and not isinstance(self.size_bytes, bool)
        _require(whole and 0 < self.size_bytes <= _MAX_BYTES, "size_bytes lies between 1 and 2 GiB")


@dataclass(frozen=True, slots=True)
class PackFile(PinnedFile):
    """A file to download.

    Attributes:
        address: where its makers offer it, https.
    """

    address: str

    def __post_init__(self) -> None:
        PinnedFile.__post_init__(self)
        parts = urlsplit(self.address)
        _require(parts.scheme == "https" and bool(parts.hostname), "an address begins with https://")


@dataclass(frozen=True, slots=True)
class PackNetwork:
    """A network that a pack brings.

    Attributes:
        source: name of the pack's file it comes from.
        task: what it is for.
        card: what its card says; file, digest, size, tensors and licence are added when it is installed.
        recipe: how it is made of the file.
        member: of a zip; None where the file is no zip.
    """

    source: str
    task: ModelTask
    card: Mapping[str, Any]
    recipe: Recipe = Recipe.ONNX
    member: PinnedFile | None = None

    def __post_init__(self) -> None:
        _require(isinstance(self.card, Mapping) and isinstance(self.card.get("id"), str), "a card has an id")
        _require((self.member is not None) == (self.recipe is Recipe.INSIGHTFACE), "only a zip has members")

    @property
    def id(self) -> str:
        """Of the card."""
        return str(self.card["id"])


@dataclass(frozen=True, slots=True)
class Pack:
    """Networks that are installed together.

    Attributes:
        id: what the admin types.
        title: what people call it.
        about: one sentence: what it is and what it is good for.
        licence: of the weights, in words.
        files: to download.
        networks: that come of them.
        accept: words of the licence that have to be typed before it is installed; empty when nothing has to be.
    """

    id: str
    title: str
    about: str
    licence: str
    files: tuple[PackFile, ...]
    networks: tuple[PackNetwork, ...]
    accept: str = ""

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.id) is not None, "an id is a plain word")
        _require(bool(self.title and self.about and self.licence), "a pack has a title, a sentence and a licence")
        names = [file.name for file in self.files]
        _require(bool(names) and len(set(names)) == len(names), "a pack has files, each with a name of its own")
        _require(bool(self.networks), "a pack has networks")
        _require(all(n.source in names for n in self.networks), "a network comes from a file of its pack")

    @property
    def size_bytes(self) -> int:
        """Of the whole download."""
        return sum(file.size_bytes for file in self.files)

    @property
    def network_ids(self) -> tuple[str, ...]:
        """Card ids of what it brings."""
        return tuple(network.id for network in self.networks)

    def accepted(self, typed: str) -> bool:
        """The licence was accepted, by name where that is wanted; capitals and spaces do not matter."""
        return not self.accept or typed.casefold().split() == self.accept.casefold().split()


def read_packs(path: Path) -> tuple[Pack, ...]:
    """All packs of a file, in its order.

    Raises:
        ModelFault: it cannot be read, or a pack in it is not valid.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = document.pop("pack", [])
        if document or not isinstance(tables, list):
            raise ValueError("it holds [[pack]] tables and nothing else")
        packs = tuple(_pack(table) for table in tables)
        ids = [network for pack in packs for network in pack.network_ids] + [f"pack {pack.id}" for pack in packs]
        if len(set(ids)) != len(ids):
            raise ValueError("an id is used twice")
    except OSError as error:
        raise ModelFault(f"The list of packs {path} cannot be read.", str(error)) from error
    except (ValueError, TypeError) as error:  # tomllib's and the decoder's errors are ValueErrors
        raise ModelFault(f"The list of packs {path.name} is not valid: {error}.") from error
    return packs


def _pack(table: Any) -> Pack:
    readers = {
        **dict.fromkeys(("id", "title", "about", "licence", "accept"), text_of),
        "files": list_of(lambda item: build(PackFile, item, _FILE_READERS)),
        "networks": list_of(_network),
    }
    return build(Pack, table, readers)


def _network(table: Any) -> PackNetwork:
    readers = {
        "source": text_of,
        "task": lambda value: ModelTask(text_of(value)),
        "card": as_is,
        "recipe": lambda value: Recipe(text_of(value)),
        "member": lambda item: build(PinnedFile, item, _FILE_READERS),
    }
    return build(PackNetwork, table, readers)


_FILE_READERS: Final = dict.fromkeys(("name", "sha256", "address"), text_of)
