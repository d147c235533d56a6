"""What is known about a network file: its model card, validated at birth.

A card says what goes in, what comes out, which file it is (by SHA-256), what it may be used for and what was
measured. What it lacks was not measured: an encoder without a measured tau enrols, but its door denies.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.score import Threshold
from faceguard.domain.template import EncoderId

DEFAULT_FMR: Final = 1e-4
"""The false match rate of single comparisons at which a card's default tau is taken."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")


class ModelTask(StrEnum):
    """What a network is for."""

    DETECTOR = "detector"
    LANDMARKS = "landmarks"
    ENCODER = "encoder"
    PAD = "pad"
    QUALITY = "quality"


class ColourOrder(StrEnum):
    """Order of the channels that a network expects; the program's own pixels are always BGR."""

    BGR = "BGR"
    RGB = "RGB"


class Layout(StrEnum):
    """Order of a batch's axes: batch N, channels C, height H, width W."""

    NCHW = "NCHW"
    NHWC = "NHWC"


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def _require_finite(values: tuple[float, ...], name: str) -> None:
    good = all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in values)
    _require(good, f"{name} holds finite numbers")


def _require_fraction(value: float, name: str) -> None:
    _require_finite((value,), name)
    _require(0.0 <= value <= 1.0, f"{name} lies in [0, 1]")


def _require_template(points: tuple[tuple[float, float], ...], side: int, name: str = "unnamed") -> None:
    """A landmark template inside a square crop."""
    _require(_WORD.fullmatch(name) is not None, "a template's name is one lower-case word")
    _require(len(points) == 5 and all(len(p) == 2 for p in points), "a template has five points (x, y)")
    flat = tuple(v for p in points for v in p)
    _require_finite(flat, "template_points")
    _require(all(0.0 <= v < side for v in flat), "template_points lie inside the crop")
    _require(points[0][0] < points[1][0], "the person's right eye lies left of the left eye in the template")


def _require_count(value: int | None, name: str, least: int = 1) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= least
    _require(good, f"{name} is a whole number of at least {least}")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a network.

    Attributes:
        name: as in the file.
        shape: a number for a fixed axis, a word for a free one, e.g. ``("batch", 3, 112, 112)``.
        dtype: of the elements, in numpy's words.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        _require(bool(self.name), "a tensor has a name")
        for axis in self.shape:
            if not isinstance(axis, str):
                _require_count(axis, f"an axis of {self.name}")
            else:
                _require(bool(axis), f"a free axis of {self.name} has a name")
        _require(self.dtype in {"float32", "float16", "uint8"}, f"{self.name} holds float32, float16 or uint8")

    @property
    def batch(self) -> int | None:
        """Fixed size of the first axis, None when it is free."""
        first = self.shape[0] if self.shape else None
        return first if isinstance(first, int) else None


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """One measured rate, with where it was measured.

    Attributes:
        name: in the words of ISO/IEC 19795 or 30107, e.g. ``FNMR at FMR 1e-3``.
        value: in [0, 1].
        data_set: and under which conditions.
        n: trials behind it.
    """

    name: str
    value: float
    data_set: str
    n: int

    def __post_init__(self) -> None:
        _require(bool(self.name and self.data_set), "a measured rate has a name and a data set")
        _require_fraction(self.value, f"the rate {self.name}")
        _require_count(self.n, f"the number of trials of {self.name}")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """tau at one false match rate of single comparisons, with the counts it was measured on.

    Attributes:
        fmr: false match rate, in (0, 1).
        tau: the threshold that gives it.
        tpr: 1 - FNMR at that tau.
        n_genuine, n_impostor: comparisons of the same and of different persons.
        data_set: and through which detector and mirror setting.
    """

    fmr: float
    tau: Threshold
    tpr: float
    n_genuine: int
    n_impostor: int
    data_set: str

    def __post_init__(self) -> None:
        _require_fraction(self.fmr, "the FMR of an operating point")
        _require_fraction(self.tpr, "the TPR of an operating point")
        _require(0.0 < self.fmr < 1.0, "the FMR of an operating point lies between 0 and 1")
        _require_count(self.n_genuine, "the number of genuine comparisons")
        _require_count(self.n_impostor, "the number of impostor comparisons")
        _require(bool(self.data_set), "an operating point names its data set")


class Measured:
    """What was measured with one way to compare: an encoder's squared distances, or a learned comparison of them.

    A mixin for cards, which have these attributes.
    """

    __slots__ = ()

    id: str
    operating_points: tuple[OperatingPoint, ...]
    default_fmr: float
    rated_size: int | None
    impostor: ImpostorModel | None

    @property
    def tau_owner(self) -> str:
        """Whose every tau and distance is, as text: of this encoder compared in this way, and of no other."""
        raise NotImplementedError

    def point_at(self, fmr: float) -> OperatingPoint | None:
        """The operating point measured at this FMR, None when there is none."""
        return next((p for p in self.operating_points if math.isclose(p.fmr, fmr, rel_tol=1e-6)), None)

    @property
    def default_tau(self) -> Threshold | None:
        """tau at ``default_fmr``; None when it was not measured, and then the door denies."""
        point = self.point_at(self.default_fmr)
        return point.tau if point else None

    def require_measured(self) -> None:
        """Raises ``ValueError`` unless what was measured fits together."""
        rates = [p.fmr for p in self.operating_points]
        _require(rates == sorted(set(rates), reverse=True), "operating points are sorted, greatest FMR first")
        taus = [p.tau.value for p in self.operating_points]
        _require(taus == sorted(taus, reverse=True), "a smaller FMR needs a smaller tau")
        _require_fraction(self.default_fmr, "default_fmr")
        if self.rated_size is not None:
            _require_count(self.rated_size, "rated_size")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What a network must answer to an input generated from a seed.

    Attributes:
        seed: of the generated input.
        values: the expected answer in short: leading values and projections, as ``pipeline.known_answer`` makes them.
        tolerance: largest allowed absolute difference; wide enough for another processor, far too narrow for
            another network.
    """

    seed: int
    values: tuple[float, ...]
    tolerance: float

    def __post_init__(self) -> None:
        _require_count(self.seed, "the seed of a known answer", least=0)
        _require(bool(self.values), "a known answer has values")
        _require_finite(self.values, "a known answer")
        _require_finite((self.tolerance,), "the tolerance of a known answer")
        _require(self.tolerance > 0, "the tolerance of a known answer is positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What every network's card states.

    Attributes:
        id: short name, lower case; unique among all installed networks.
        file: name of the ONNX file beside the card, without folder.
        sha256: of the whole file, 64 hex digits.
        size_bytes: of the file.
        inputs, outputs: every tensor, in the file's order.
        input_size: side of the square input in pixels; None when the network takes any size.
        colour_order, layout: of the input.
        mean, std: per channel in ``colour_order``; the network is fed ``(x - mean) / std`` of 0..255 values.
        licence: of the weights, in words.
        origin: where it comes from and how it was made.
        rates: what was measured; empty means not measured.
        known_answer: of the start-up test; None when nobody made one yet.
    """

    id: str
    file: str
    sha256: str
    size_bytes: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    input_size: int | None = None
    colour_order: ColourOrder
    layout: Layout = Layout.NCHW
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    licence: str
    origin: str
    rates: tuple[MeasuredRate, ...] = ()
    known_answer: KnownAnswer | None = None

    def __post_init__(self) -> None:
        _require(_ID.fullmatch(self.id) is not None, "an id has lower-case letters, digits, '.', '_' and '-' only")
        plain = bool(self.file) and not set(self.file) & set("/\\:\0") and not self.file.startswith(".")
        _require(plain, "the file is a plain name without a folder")
        _require(_SHA256.fullmatch(self.sha256) is not None, "sha256 has 64 lower-case hex digits")
        _require_count(self.size_bytes, "size_bytes")
        _require(len(self.inputs) == 1, "the network has exactly one input")
        _require(len(self.inputs[0].shape) == 4, "the input has four axes")
        _require(bool(self.outputs), "the network has an output")
        if self.input_size is not None:
            _require_count(self.input_size, "input_size", least=16)
        _require(len(self.mean) == len(self.std) == 3, "mean and std have one number for each of the three channels")
        _require_finite(self.mean, "mean")
        _require_finite(self.std, "std")
        _require(all(s > 0 for s in self.std), "std is positive")
        _require(bool(self.licence), "a card states a licence ('none stated' where there is none)")
        _require(bool(self.origin), "a card states the origin")

    @property
    def task(self) -> ModelTask:
        """What the network is for; each kind of card says it."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """First 12 hex digits of the file's SHA-256."""
        return self.sha256[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorCard(ModelCard):
    """A face detector with YuNet's output layout.

    Attributes:
        score_threshold: smallest score of a reported face, in [0, 1].
        nms_threshold: of two boxes that overlap more than this (intersection over union) the weaker is dropped.
        strides: of the output maps, in input pixels, ascending.
        max_side: longest side of the scaled input for a camera frame, in pixels; a multiple of the last stride.
    """

    score_threshold: float
    nms_threshold: float = 0.3
    strides: tuple[int, ...] = (8, 16, 32)
    max_side: int = 320

    def __post_init__(self) -> None:
        ModelCard.__post_init__(self)
        _require_fraction(self.score_threshold, "score_threshold")
        _require_fraction(self.nms_threshold, "nms_threshold")
        for stride in self.strides:
            _require_count(stride, "a stride")
        _require(bool(self.strides) and list(self.strides) == sorted(set(self.strides)), "strides ascend")
        _require_count(self.max_side, "max_side", least=self.strides[-1])
        _require(self.max_side % self.strides[-1] == 0, "max_side is a multiple of the last stride")
        _require(self.input_size is None, "this detector takes any size: its card has no input_size")

    @property
    def task(self) -> ModelTask:
        """Always DETECTOR."""
        return ModelTask.DETECTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkCard(ModelCard):
    """A network that places the five landmarks of a face more exactly than the detector did.

    Its one output holds x and y of each point in the order of ``LANDMARK_NAMES``, in crop sides from the crop's centre.

    Attributes:
        template_points: where the detector's landmarks come to lie in the crop, (x, y) in pixels of ``input_size``
            from the crop's edge, in the order of ``LANDMARK_NAMES``.
    """

    input_size: int
    template_points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        ModelCard.__post_init__(self)
        _require_count(self.input_size, "a landmark network's input_size", least=16)
        _require_template(self.template_points, self.input_size)
        _require(len(self.outputs) == 1 and self.outputs[0].shape[1:] == (10,), "the output holds five points (x, y)")

    @property
    def task(self) -> ModelTask:
        """Always LANDMARKS."""
        return ModelTask.LANDMARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCard(ModelCard, Measured):
    """A face encoder f(x).

    Attributes:
        template: name of the landmark template that faces are aligned to.
        template_points: where the five landmarks come to lie in the crop, (x, y) in pixels of ``input_size``,
            in the order of ``LANDMARK_NAMES``.
        mirror: f(x) is the mean of the unit vectors of the crop and its mirror image.
        length: D, number of values of an embedding.
        operating_points: measured, FMR descending; empty when tau was never measured.
        default_fmr: the FMR whose tau is the default.
        rated_size: greatest number of subjects at which FNIR <= 10 % at FPIR 1e-3; None means not measured.
        impostor: how often strangers lie within a distance; None means not fitted.
    """

    input_size: int
    template: str
    template_points: tuple[tuple[float, float], ...]
    mirror: bool
    length: int
    operating_points: tuple[OperatingPoint, ...] = ()
    default_fmr: float = DEFAULT_FMR
    rated_size: int | None = None
    impostor: ImpostorModel | None = None
    encoder_id: EncoderId = field(init=False, compare=False)

    def __post_init__(self) -> None:
        ModelCard.__post_init__(self)
        _require_count(self.input_size, "an encoder's input_size", least=16)
        _require_template(self.template_points, self.input_size, self.template)
        _require(isinstance(self.mirror, bool), "mirror is true or false")
        _require_count(self.length, "length", least=2)
        _require(len(self.outputs) == 1, "an encoder has exactly one output")
        self.require_measured()
        object.__setattr__(self, "encoder_id", EncoderId(self.id, self.digest, self._preprocessing()))

    def _preprocessing(self) -> str:
        """One short word for all that is done to a face before and after the network."""
        numbers = [float(v) for v in (*(v for p in self.template_points for v in p), *self.mean, *self.std)]
        parts = (self.input_size, numbers, self.layout.value)
        exact = hashlib.sha256(repr(parts).encode()).hexdigest()[:6]
        return f"{self.template}-{self.colour_order.value.lower()}-{'mirror' if self.mirror else 'plain'}-{exact}"

    @property
    def task(self) -> ModelTask:
        """Always ENCODER."""
        return ModelTask.ENCODER

    @property
    def tau_owner(self) -> str:
        """The encoder itself: its distances are the squared ones."""
        return str(self.encoder_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PadCard(ModelCard):
    """A passive presentation attack detection network.

    Attributes:
        crop_scale: sides of the crop around the face, in multiples of the box's own sides.
        crop_square: the crop is a square over the box's longer side, black where it leaves the picture; else it has
            the box's own shape and is shifted inside.
        classes: of the output logits, in order.
        bona_fide: which of them means a living face.
        accept_threshold: a fused score of at least this is bona fide, once the network's errors are ``measured``.
        attack_threshold: a fused score of at most this is an attack; between the two it is undecided.
    """

    input_size: int
    crop_scale: float
    classes: tuple[str, ...]
    bona_fide: str
    accept_threshold: float
    attack_threshold: float
    crop_square: bool = False

    def __post_init__(self) -> None:
        ModelCard.__post_init__(self)
        _require_count(self.input_size, "a PAD network's input_size", least=16)
        _require_finite((self.crop_scale,), "crop_scale")
        _require(1.0 <= self.crop_scale <= 8.0, "crop_scale lies in [1, 8]")
        _require(isinstance(self.crop_square, bool), "crop_square is true or false")
        _require(len(self.classes) >= 2 and len(set(self.classes)) == len(self.classes), "classes are two or more")
        _require(self.bona_fide in self.classes, "bona_fide is one of the classes")
        _require_fraction(self.accept_threshold, "accept_threshold")
        _require_fraction(self.attack_threshold, "attack_threshold")
        _require(self.attack_threshold < self.accept_threshold, "attack_threshold lies below accept_threshold")
        _require(len(self.outputs) == 1, "a PAD network has exactly one output")

    @property
    def task(self) -> ModelTask:
        """Always PAD."""
        return ModelTask.PAD

    @property
    def measured(self) -> bool:
        """The card states both error rates, APCER and BPCER; without them the network may refuse but not vouch."""
        names = {rate.name.partition(" ")[0] for rate in self.rates}
        return names >= {"APCER", "BPCER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCard(ModelCard):
    """A network that says how well a face can be recognised on a picture.

    Attributes:
        template, template_points: as on an encoder's card.
        min_score: a picture with less than this is too poor.
    """

    input_size: int
    template: str
    template_points: tuple[tuple[float, float], ...]
    min_score: float

    def __post_init__(self) -> None:
        ModelCard.__post_init__(self)
        _require_count(self.input_size, "a quality network's input_size", least=16)
        _require_template(self.template_points, self.input_size, self.template)
        _require_finite((self.min_score,), "min_score")
        _require(len(self.outputs) == 1, "a quality network has exactly one output")

    @property
    def task(self) -> ModelTask:
        """Always QUALITY."""
        return ModelTask.QUALITY


AnyCard = DetectorCard | LandmarkCard | EncoderCard | PadCard | QualityCard
