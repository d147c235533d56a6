"""Five landmarks -> the crop of an encoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from faceguard.domain.face import Frame, Landmarks
from faceguard.pipeline.aligner import AREA_BELOW, Aligner, DegenerateLandmarks, similarity

TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
EYES_OF_ASTRONAUT = np.array([(205.4, 101.3), (248.1, 103.3), (226.1, 124.9), (205.3, 143.0), (242.9, 144.1)])

numbers = st.floats(-500, 500, allow_nan=False, width=32)


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.1, 20),
    shift=st.tuples(numbers, numbers),
    noise=st.integers(0, 2**32 - 1),
)
def test_similarity_is_skimages_least_squares_similarity(angle, scale, shift, noise):
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = scale * (TEMPLATE @ rotation.T) + shift
    points += np.random.default_rng(noise).normal(0, 2 * scale, points.shape)
    expected = SimilarityTransform.from_estimate(points, TEMPLATE).params[:2]
    np.testing.assert_allclose(similarity(points, TEMPLATE), expected, rtol=1e-6, atol=1e-6)


@given(angle=st.floats(-3.1, 3.1), scale=st.floats(0.1, 20), shift=st.tuples(numbers, numbers))
def test_a_similar_face_is_brought_exactly_onto_the_template(angle, scale, shift):
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = scale * (TEMPLATE @ rotation.T) + shift
    matrix = similarity(points, TEMPLATE)
    np.testing.assert_allclose(points @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-6)


def test_a_mirrored_face_is_refused_and_never_reflected():
    """Left and right exchanged: only a reflection would bring it onto the template."""
    with pytest.raises(DegenerateLandmarks):
        similarity(TEMPLATE * (-1, 1), TEMPLATE)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.full((5, 2), 30.0), id="all on one point"),
        pytest.param(np.full((5, 2), 30.0) + np.arange(10).reshape(5, 2) * 1e-3, id="within a thousandth of a pixel"),
        pytest.param(np.zeros((5, 2)), id="all zero"),
        pytest.param(np.stack([np.linspace(10, 50, 5), np.full(5, 20.0)], axis=1), id="on a level line"),
        pytest.param(np.stack([np.full(5, 20.0), np.linspace(10, 50, 5)], axis=1), id="on an upright line"),
        pytest.param(np.array([(50, 90), (10, 10), (50, 50), (90, 10), (10, 90)], float), id="no face in any turn"),
    ],
)
def test_landmarks_without_a_face_are_refused_and_never_become_nan(points):
    frame = Frame(np.zeros((60, 60, 3), np.uint8), 0, 0)
    with pytest.raises(DegenerateLandmarks):
        Aligner("arcface112", TEMPLATE, 112).align(frame, Landmarks(points))


def test_a_crop_knows_its_template_its_frame_and_is_read_only(astronaut):
    aligned = Aligner("arcface112", TEMPLATE, 112).align(Frame(astronaut, 5, 17), Landmarks(EYES_OF_ASTRONAUT))
    assert (aligned.crop.shape, aligned.crop.dtype) == ((112, 112, 3), np.uint8)
    assert (aligned.template, aligned.sequence) == ("arcface112", 17)
    assert not aligned.crop.flags.writeable
    assert not aligned.matrix.flags.writeable


def test_a_face_that_already_fits_is_copied_pixel_by_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    aligned = Aligner("arcface112", TEMPLATE, 112).align(Frame(pixels, 0, 0), Landmarks(TEMPLATE))
    assert np.abs(aligned.crop.astype(int) - pixels).max() <= 2  # landmarks are float32


def test_a_face_outside_the_frame_becomes_black():
    frame = Frame(np.full((40, 40, 3), 200, np.uint8), 0, 0)
    aligned = Aligner("arcface112", TEMPLATE, 112).align(frame, Landmarks(TEMPLATE + 1000))
    assert aligned.crop.max() == 0
    aligned = Aligner("arcface112", TEMPLATE, 112).align(frame, Landmarks(TEMPLATE * 4 + 1000))
    assert aligned.crop.max() == 0


@pytest.mark.parametrize("scale", [1.6, 2.3, 4.0, 9.7])
def test_a_large_face_is_averaged_and_lands_where_a_small_one_does(scale):
    """A soft pattern without noise must come out the same however large the face was in the frame."""
    side = int(140 * scale)
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / scale - 0.5
    pattern = 120 + 60 * np.sin(x / 6) + 50 * np.cos(y / 7)
    frame = Frame(np.repeat(pattern[..., None], 3, axis=2).astype(np.uint8), 0, 0)
    points = (TEMPLATE + 10 + 0.5) * scale - 0.5
    crop = Aligner("arcface112", TEMPLATE, 112).align(frame, Landmarks(points)).crop[..., 0].astype(float)
    y, x = np.mgrid[10:122, 10:122]
    assert np.abs(crop - (120 + 60 * np.sin(x / 6) + 50 * np.cos(y / 7))).mean() < 2.0


def test_strong_shrinking_takes_the_noise_out_of_the_crop():
    scale = 5.0
    assert 1 / scale < AREA_BELOW
    pixels = np.random.default_rng(0).normal(128, 20, (560, 560, 3)).clip(0, 255).astype(np.uint8)
    crop = Aligner("arcface112", TEMPLATE, 112).align(Frame(pixels, 0, 0), Landmarks(TEMPLATE * scale)).crop
    assert crop[5:-5, 5:-5].std() < 20 / scale * 1.3  # 25 pixels averaged; a bilinear tap would leave about 13


@pytest.mark.parametrize(
    ("points", "size"), [(TEMPLATE[:4], 112), (TEMPLATE, 8), (np.full((5, 2), np.nan), 112)], ids=str
)
def test_a_broken_template_is_refused_at_construction(points, size):
    with pytest.raises(ValueError, match=r"template|crop"):
        Aligner("x", points, size)
