"""What all tests share: the process environment, the photographs of installed packages, and ../shared."""

import os

import faceguard  # sets the process environment; first, before anything can import numpy, OpenCV or onnxruntime

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

PROJECT = Path(faceguard.__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"


def pytest_collection_modifyitems(items):
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="needs the photographs or networks of ../shared")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of photographs and networks beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs the photographs or networks of ../shared")
    return SHARED


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """scikit-image's portrait, (512, 512, 3) uint8 BGR, one face (and some that are none), read-only."""
    from skimage import data

    picture = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    picture.flags.writeable = False
    return picture


def insightface_picture(name: str) -> np.ndarray:
    """One of the pictures that come with insightface, BGR, found without importing the package (it takes 0.5 s)."""
    spec = find_spec("insightface")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("insightface is not installed")
    path = Path(spec.submodule_search_locations[0]) / "data" / "images" / name
    picture = cv2.imread(str(path))
    if picture is None:
        pytest.skip(f"insightface came without {name}")
    picture.flags.writeable = False
    return picture


@pytest.fixture(scope="session")
def group_photo() -> np.ndarray:
    """insightface's bundled group picture, (886, 1280, 3) uint8 BGR, six people side by side, read-only."""
    return insightface_picture("t1.jpg")


@pytest.fixture(scope="session")
def shipped() -> SimpleNamespace:
    """The bundled networks on the processor: ``detector``, ``landmarks``, ``encoder``; the encoder's ``aligner``."""
    from faceguard.domain.card import DetectorCard, EncoderCard, LandmarkCard
    from faceguard.models.cards import read_cards
    from faceguard.pipeline.aligner import Aligner
    from faceguard.pipeline.detector import Detector
    from faceguard.pipeline.encoder import Encoder
    from faceguard.pipeline.landmark_refiner import LandmarkRefiner
    from faceguard.pipeline.onnx_model import OnnxModel

    folder = PROJECT / "models"
    cards = read_cards(folder / "cards.toml")
    kinds = (DetectorCard, LandmarkCard, EncoderCard)
    detector, landmarks, encoder = (next(c for c in cards if isinstance(c, kind)) for kind in kinds)
    models = [OnnxModel(card, (folder / card.file).read_bytes(), "cpu", 1) for card in (detector, landmarks, encoder)]
    return SimpleNamespace(
        detector=Detector(models[0]),
        landmarks=LandmarkRefiner(models[1]),
        encoder=Encoder(models[2]),
        aligner=Aligner(encoder.template, encoder.template_points, encoder.input_size),
    )
