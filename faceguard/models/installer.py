"""Installs packs: brings their files, makes the networks of them, and puts these into the catalogue in one step."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit

from faceguard.domain.card import AnyCard
from faceguard.domain.errors import ModelFault
from faceguard.models.catalogue import Catalogue, Made, Prove
from faceguard.models.checkpoint import read_checkpoint
from faceguard.models.download import MIRROR_VARIABLE, Downloads, Unreachable, require_going_on
from faceguard.models.insightface_pack import read_recognition
from faceguard.models.packs import Pack, PackNetwork, PinnedFile, Recipe

if TYPE_CHECKING:
    from onnx import ValueInfoProto


@dataclass(frozen=True, slots=True)
class InstallStep:
    """How far an installation is.

    Attributes:
        doing: in words, e.g. the file that is being downloaded.
        done, total: bytes of the whole pack.
    """

    doing: str
    done: int
    total: int


class Installer:
    """Installs the packs of a list.

    Args:
        catalogue: where the networks go.
        packs: that can be installed.
        downloads: brings their files.
        prove: opens and tests a network (``pipeline.known_answer.prove``).
    """

    def __init__(self, catalogue: Catalogue, packs: tuple[Pack, ...], downloads: Downloads, prove: Prove) -> None:
        self._catalogue = catalogue
        self.packs = packs
        self._downloads = downloads
        self._prove = prove

    def pack(self, pack_id: str) -> Pack:
        """A pack by its id.

        Raises:
            ModelFault: there is none; the sentence names those there are.
        """
        found = next((pack for pack in self.packs if pack.id == pack_id), None)
        if found is None:
            known = ", ".join(pack.id for pack in self.packs)
            raise ModelFault(f"There is no pack '{pack_id}'; there are: {known}.")
        return found

    def missing(self, pack: Pack) -> tuple[PackNetwork, ...]:
        """The networks of a pack that are not installed."""
        present = {entry.id for entry in self._catalogue.entries()}
        return tuple(network for network in pack.networks if network.id not in present)

    def check(self, pack_id: str, accepted: str) -> Pack:
        """Whether a pack may be installed, before anything is downloaded.

        Raises:
            ModelFault: unknown, installed already, or its licence was not accepted by name.
        """
        pack = self.pack(pack_id)
        if not self.missing(pack):
            raise ModelFault(f"The pack '{pack.id}' is installed already.")
        if not pack.accepted(accepted):
            raise ModelFault(
                f"The licence of {pack.title} ({pack.licence}) has to be accepted by its name, "
                f"'{pack.accept}', before it is installed: type these words (--accept-licence '{pack.accept}')."
            )
        return pack

    def install(
        self,
        pack_id: str,
        accepted: str = "",
        *,
        progress: Callable[[InstallStep], None] = lambda step: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[AnyCard, ...]:
        """Installs what is missing of a pack.

        1. Every file is brought here and compared with its SHA-256.
        2. Each network is made of them: as it is, out of a zip, or out of a checkpoint.
        3. The card is completed with what only the network itself can say: its digest, size and tensors.
        4. Each network is opened and tested; only then do all of them appear in the catalogue, in one step.

        Args:
            pack_id: which.
            accepted: the words of the licence, where the pack wants them.
            progress: told again and again; called in the calling thread.
            cancelled: asked again and again until the last step.

        Raises:
            ModelFault: see ``check``; a file could not be brought here, is another one, or makes no network.
        """
        pack = self.check(pack_id, accepted)
        networks = self.missing(pack)
        paths = self._bring(pack, networks, progress, cancelled)
        progress(InstallStep("Testing the networks", pack.size_bytes, pack.size_bytes))
        made = [self._make(pack, network, paths[network.source]) for network in networks]
        require_going_on(cancelled)
        cards = self._catalogue.add_made(made, self._prove)
        for file in pack.files:
            self._downloads.forget(file)
        return cards

    def _bring(
        self,
        pack: Pack,
        networks: tuple[PackNetwork, ...],
        progress: Callable[[InstallStep], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        sources = {network.source for network in networks}
        wanted = [file for file in pack.files if file.name in sources]
        total, before = sum(file.size_bytes for file in wanted), 0
        for file in wanted:

            def tell(done: int, name: str = file.name, before: int = before) -> None:
                progress(InstallStep(f"Fetching {name}", before + done, total))

            try:
                paths[file.name] = self._downloads.fetch(file, tell, cancelled)
            except Unreachable as fault:
                absent = [f for f in wanted if f.name not in paths and self._downloads.here(f) is None]
                copies = "; ".join(f"{f.name} (SHA-256 {f.sha256}) from {f.address}" for f in absent)
                raise ModelFault(
                    f"{fault.sentence} Without a connection, copy into the folder {self._downloads.folder}, or into "
                    f"one that {MIRROR_VARIABLE} names: {copies}. Then install '{pack.id}' again.",
                    fault.detail,
                ) from fault
            before += file.size_bytes
        return paths

    def _make(self, pack: Pack, network: PackNetwork, path: Path) -> Made:
        source = next(file for file in pack.files if file.name == network.source)
        more: dict[str, Any] = {}
        match network.recipe:
            case Recipe.ONNX:
                data, name = _pinned(path.read_bytes, source), source.name
            case Recipe.MINIFASNET:
                from faceguard.models.minifasnet import minifasnet_onnx  # see _tensors

                tensors = read_checkpoint(_pinned(path.read_bytes, source), source.name)
                data, name = minifasnet_onnx(tensors, source.name), f"{network.id}.onnx"
            case Recipe.INSIGHTFACE:
                member = network.member
                assert member is not None
                data, name = _pinned(lambda: _member(path, member), member), member.name
                read = read_recognition(data, name)
                more = {"input_size": read.side, "mean": [read.mean] * 3, "std": [read.std] * 3}
        inputs, outputs = _tensors(data, name)
        card = {
            "file": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "inputs": inputs,
            "outputs": outputs,
            "licence": pack.licence,
            **more,
            **network.card,
        }
        return Made(_toml(network.task.value, card), f"the card of {network.id}", lambda _: data)


def _pinned(read: Callable[[], bytes], file: PinnedFile) -> bytes:
    """The bytes that are used are the ones that are compared: a file on the disk may change in between."""
    try:
        data = read()
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ModelFault(f"The file {file.name} cannot be read.", repr(error)) from error
    if len(data) != file.size_bytes or hashlib.sha256(data).hexdigest() != file.sha256:
        raise ModelFault(f"The file {file.name} is not the one that was published: its SHA-256 is another.")
    return data


def _member(path: Path, member: PinnedFile) -> bytes:
    """A member of a zip, whichever folder it lies in; never more bytes than the pinned size and one."""
    with zipfile.ZipFile(path) as archive:
        named = [info for info in archive.infolist() if info.filename.rpartition("/")[2] == member.name]
        if len(named) != 1:
            raise ModelFault(f"The file {path.name} does not hold the one network {member.name}.")
        with archive.open(named[0]) as data:
            return data.read(member.size_bytes + 1)


def _tensors(data: bytes, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Inputs and outputs of an ONNX file as a card lists them."""
    import onnx  # 40 MB and a sixth of a second that no door needs at its start
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.ModelProto.FromString(data).graph
    except DecodeError as error:
        raise ModelFault(f"The file {name} is no ONNX network.", str(error)) from error
    weights = {weight.name for weight in graph.initializer}
    inputs = [_tensor(value) for value in graph.input if value.name not in weights]
    outputs = [_tensor(value) for value in graph.output]
    batch = inputs[0]["shape"][0] if inputs and inputs[0]["shape"] else None
    if isinstance(batch, str):
        for output in outputs:  # some exporters write the 1 of their example as the batch of the output
            output["shape"][:1] = [batch]
    return inputs, outputs


def _tensor(value: ValueInfoProto) -> dict[str, Any]:
    tensor = value.type.tensor_type
    shape = [
        axis.dim_value if axis.HasField("dim_value") else axis.dim_param or f"axis_{number}"
        for number, axis in enumerate(tensor.shape.dim)
    ]
    dtypes = {1: "float32", 2: "uint8", 10: "float16"}  # onnx.TensorProto.DataType
    return {"name": value.name, "shape": shape, "dtype": dtypes.get(tensor.elem_type, "unknown")}


def _toml(task: str, card: dict[str, Any]) -> str:
    table = tomlkit.table()
    table.update(card)
    array = tomlkit.aot()
    array.append(table)
    return tomlkit.dumps({task: array})
