"""f(x): turns an aligned face into an embedding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.card import EncoderCard
from faceguard.domain.face import AlignedFace
from faceguard.domain.template import Embedding, EncoderId
from faceguard.pipeline.onnx_model import OnnxModel


class Encoder:
    """Embeddings by the network of an ``EncoderCard``.

    1. The crop goes through the network, and where the card says ``mirror``, its mirror image too.
    2. Each raw output is brought to unit length, so that both count the same whatever their raw lengths.
    3. f(x) is the mean of the unit vectors, brought to unit length again.

    Args:
        model: the network; its card is an ``EncoderCard``.
    """

    def __init__(self, model: OnnxModel) -> None:
        card = model.card
        if not isinstance(card, EncoderCard):
            raise TypeError("an encoder needs an encoder's card")
        self._model = model
        self._card = card

    @property
    def card(self) -> EncoderCard:
        """Of the network in use."""
        return self._card

    @property
    def encoder_id(self) -> EncoderId:
        """Travels with every embedding."""
        return self._card.encoder_id

    @property
    def length(self) -> int:
        """D, number of values of an embedding."""
        return self._card.length

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self._model.provider

    def encode(self, aligned: AlignedFace) -> Embedding:
        """f(x) of one face; the same as in a batch.

        Raises:
            ValueError: the crop belongs to another template or size, or the network gives no usable vector.
            ModelFault: the network fails.
        """
        return self.encode_batch([aligned])[0]

    def encode_batch(self, faces: Sequence[AlignedFace]) -> list[Embedding]:
        """f(x) of several faces, in their order.

        Raises:
            ValueError: as for ``encode``.
            ModelFault: the network fails.
        """
        if not faces:
            return []
        size = self._card.input_size
        for face in faces:
            if face.template != self._card.template or face.crop.shape[0] != size:
                raise ValueError(
                    f"the encoder wants the template {self._card.template} at {size} pixels, "
                    f"not {face.template} at {face.crop.shape[0]}"
                )
        return [Embedding.normalised(v, self.encoder_id) for v in self.mean_vectors(np.stack([f.crop for f in faces]))]

    def mean_vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Steps 1 and 2 and the mean of step 3, before it is brought to unit length.

        Args:
            crops: (N, S, S, 3) uint8, BGR.

        Returns:
            (N, D) float64; a row that is not finite or has no direction makes no ``Embedding``.
        """
        views = np.concatenate([crops, crops[:, :, ::-1]]) if self._card.mirror else crops
        raw = self._model.run(views)[0].astype(np.float64)
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            unit = raw / np.where(lengths > 0, lengths, 1.0)  # not finite stays not finite
        if not self._card.mirror:
            return unit
        return (unit[: len(crops)] + unit[len(crops) :]) / 2
