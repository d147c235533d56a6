"""The networks under test, wired as for stored photos, and the embeddings of earlier runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
import onnxruntime
import PIL

from faceguard import __version__
from faceguard.camera import photo_file
from faceguard.camera.photo_file import read_photo_bytes
from faceguard.cli import photo_stages
from faceguard.cli.context import Context, as_json, tell_progress
from faceguard.cli.photo_stages import FoundFace, stages_of
from faceguard.compose import Networks, load_networks, still_examiner
from faceguard.domain.card import EncoderCard, ModelCard
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.evaluation import report
from faceguard.evaluation.acquisition import Acquired
from faceguard.evaluation.embedding_cache import EmbeddingCache
from faceguard.evaluation.photo_run import PhotoFile, Stages, Stopped, embed_photos
from faceguard.pipeline import (
    aligner,
    detector,
    encoder,
    landmark_refiner,
    onnx_model,
    quality,
    quality_network,
    recogniser,
    still,
)
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.onnx_model import OnnxModel

CACHE_FOLDER: Final = "embeddings"
"""Below the data folder."""
_STAGES: Final = (detector, landmark_refiner, aligner, quality, quality_network, recogniser, still, onnx_model, encoder)
_DECIDING_CODE: Final = tuple(module.__file__ for module in (photo_file, photo_stages, *_STAGES))
_LIBRARIES: Final = (np, cv2, onnxruntime, PIL)


@dataclass(frozen=True, slots=True)
class Bench:
    """The networks under test.

    Attributes:
        networks: with the settings' overrides.
        stages: a photo -> what it gives, in steps.
        made_by: what decides an embedding beside the photo, in words.
        cache_folder: of embeddings of earlier runs; None does without.
    """

    networks: Networks
    stages: Stages[Frame, FoundFace]
    made_by: dict[str, str]
    cache_folder: Path | None = None

    @property
    def card(self) -> EncoderCard:
        """Of the encoder, mirror setting as tested."""
        return self.networks.encoder.card

    @property
    def tau(self) -> float | None:
        """The card's default one; None where it was not measured with this mirror setting."""
        return None if self.card.default_tau is None else self.card.default_tau.value

    def answer(self) -> dict[str, Any]:
        """What was tested."""
        used: tuple[ModelCard, ...] = (self.networks.detector.card, self.networks.landmarks.card, self.card)
        return {
            "encoder": str(self.card.encoder_id),
            "mirror": self.card.mirror,
            "detector": self.networks.detector.card.id,
            "provider": self.networks.provider,
            "networks": {card.id: card.sha256 for card in used},
        }

    def acquire(self, photos: Sequence[PhotoFile]) -> Acquired:
        """Embed each photo, or take its embedding from an earlier run; progress on standard error.

        Raises:
            FaceguardError: none can be used, the cache cannot, or Ctrl-C: what is done is kept then.
        """
        if self.cache_folder is None:
            return embed_photos(photos, self.stages, None, tell_progress)
        with EmbeddingCache(self.cache_folder, self.made_by, self.card.encoder_id, self.card.length) as cache:
            if cache.damaged:
                click.echo(
                    f"{cache.damaged} damaged entries of {cache.path} were dropped; their photos are encoded anew.",
                    err=True,
                )
            try:
                return embed_photos(photos, self.stages, cache, tell_progress)
            except Stopped as stopped:
                raise FaceguardError(
                    f"Stopped after {stopped.done} of {stopped.total} photos. Their embeddings are kept in "
                    f"{cache.path}; the same command goes on from there."
                ) from stopped


def encoder_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--encoder`` and ``--mirror``."""
    command = click.option(
        "--mirror/--no-mirror", default=None, help="Average with the mirror image, or not, whatever the card says."
    )(command)
    return click.option("--encoder", "encoder_id", help="Card id of the encoder to measure (else the one in use).")(
        command
    )


def cache_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--cache`` and ``--no-cache``, read by ``open_bench`` and ``cache_folder``."""
    command = click.option("--no-cache", is_flag=True, help="Keep no embeddings, and use none that were kept.")(command)
    return click.option(
        "--cache",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep the photos' embeddings here (else below the data folder), so that a second run goes on from them.",
    )(command)


def cache_folder(context: Context, cache: Path | None, no_cache: bool = False) -> Path | None:
    """Where embeddings are kept; None where they are not to be.

    Raises:
        UsageError: both options at once.
    """
    if cache is not None and no_cache:
        raise click.UsageError("--cache and --no-cache exclude each other.")
    return None if no_cache else cache or context.house.folder / CACHE_FOLDER


def open_bench(context: Context, encoder_id: str | None, mirror: bool | None, kept_in: Path | None = None) -> Bench:
    """The networks that the settings name, but for what is overridden.

    Args:
        context: of the command.
        encoder_id, mirror: overrides.
        kept_in: folder of embeddings of earlier runs; None does without.

    Raises:
        ModelFault: a network cannot be used.
    """
    settings = context.house.settings()
    if encoder_id is not None:
        settings = settings.with_value("models.encoder", encoder_id)
    networks = load_networks(settings, context.house.catalogue)
    if mirror is not None and mirror != networks.encoder.card.mirror:
        card, data = context.house.catalogue.resolve(networks.encoder.card.id)
        assert isinstance(card, EncoderCard)
        # another EncoderId follows from the card: what is measured here is not taken for the installed encoder's
        other = replace(card, mirror=mirror, operating_points=(), rated_size=None, impostor=None)
        model = OnnxModel(other, data, settings.text("models.provider"), settings.whole("models.threads"))
        networks = replace(networks, encoder=Encoder(model))
    examiner = still_examiner(networks, settings)
    stages = stages_of(examiner)
    limits = {key: str(value) for key, value in sorted(settings.section("quality").items())}
    return Bench(
        networks,
        stages,
        made_by(networks, limits),
        kept_in,
    )


def require_own_card(context: Context, encoder_id: str | None) -> None:
    """Raises ``FaceguardError`` for a bundled encoder, whose card stays as it came."""
    wanted = encoder_id or context.house.encoder_card().id
    if any(entry.bundled and entry.id == wanted for entry in context.house.catalogue.entries()):
        raise FaceguardError(
            f"The card of {wanted} comes with the program and stays as it is; "
            "name an encoder that was added with --encoder, or set access.tau."
        )


def made_by(networks: Networks, limits: dict[str, str]) -> dict[str, str]:
    """What decides an embedding and what is told with it, beside the photo."""
    cards: dict[str, ModelCard] = {"detector": networks.detector.card, "landmarks": networks.landmarks.card}
    if networks.quality is not None:
        cards["quality"] = networks.quality.card
    # the encoder's id covers its preprocessing, and tau, which its card may learn later, decides no embedding
    return {
        **{task: _digest(repr(asdict(replace(card, rates=()))).encode()) for task, card in cards.items()},
        "encoder": networks.encoder.card.sha256,
        "limits": _digest(repr(limits).encode()),
        "code": _digest(b"".join(_code(file) for file in _DECIDING_CODE)),
        "libraries": ", ".join(f"{library.__name__} {library.__version__}" for library in _LIBRARIES),
        "provider": networks.provider,
    }


def say(answer: dict[str, Any], json_: bool) -> None:
    """The answer as one object, or as lines."""
    if json_:
        as_json(answer)
    else:
        for line in report.lines(answer):
            click.echo(line)


def photo_files(paths: Sequence[Path], root: Path) -> list[PhotoFile]:
    """Photos of a folder, named by their paths below it."""
    return [PhotoFile(path.relative_to(root).as_posix(), partial(read_photo_bytes, path)) for path in paths]


def _code(file: str | None) -> bytes:
    """A module's file; in a program that was frozen the version stands for it."""
    try:
        return Path(file or "").read_bytes()
    except OSError:
        return __version__.encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
