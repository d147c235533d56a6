"""The split by person, its digests, leakage and near duplicates."""

import hashlib
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.domain.errors import FaceguardError
from faceguard.training.photos import PhotoFolder
from faceguard.training.split import (
    Side,
    SplitPhoto,
    held_out,
    in_development,
    make_split,
    near_duplicates,
    refuse_leakage,
    require_fractions,
)


def photo(source, key, person=None, data=None):
    return SplitPhoto(source, key, person, hashlib.sha256((data or key).encode()).hexdigest())


def photos(people=40, each=3):
    return [photo("lfw", f"P{p}/{i}.jpg", f"P{p}") for p in range(people) for i in range(each)]


def split_photos(photos, fractions):
    """As the preparation does it."""
    sides = ([], [])
    for one in photos:
        sides[held_out(one, fractions)].append(one)
    return make_split(*sides, fractions)


def lfw(fraction):
    return {"lfw": fraction}


def side(*photos):
    return Side(tuple(SplitPhoto("s", key, person, digest) for key, person, digest in photos))


def test_whole_people_go_to_one_side_and_all_photos_to_one():
    split = split_photos(photos(), lfw(0.3))
    assert not split.train.people & split.development.people
    assert len(split.train.people | split.development.people) == 40
    assert len(split.train.photos) + len(split.development.photos) == 120


def test_the_side_follows_from_the_name_alone():
    whole = split_photos(photos(), lfw(0.3))
    fewer = split_photos(reversed(photos(25, 1)), lfw(0.3))
    assert fewer.train.people <= whole.train.people
    assert fewer.development.people <= whole.development.people
    # a number for all time: a change here would let trained-on people into the development part
    assert [p for p in range(20) if in_development(f"P{p}", 0.3)] == [0, 5, 12, 14, 16]
    assert in_development("P0", 1.0)


def test_the_fraction_is_kept_over_many_people():
    held = sum(in_development(f"person {i}", 0.2) for i in range(20_000))
    assert held / 20_000 == pytest.approx(0.2, abs=0.01)


def test_a_greater_fraction_keeps_who_was_in_the_development_part():
    names = [f"person {i}" for i in range(500)]
    assert {n for n in names if in_development(n, 0.1)} < {n for n in names if in_development(n, 0.2)}


def test_a_name_counts_the_same_however_the_file_system_writes_its_accents():
    for name in ("Zoë", "Ñandú", "Émile", "José"):
        composed, apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
        assert composed != apart
        assert in_development(composed, 0.5) == in_development(apart, 0.5)
        with pytest.raises(FaceguardError):
            refuse_leakage(side(("1", composed, "a")), side(("2", apart, "b")))


def test_photos_of_nobody_are_split_by_their_bytes():
    nameless = [photo("zip", f"{i}.jpg") for i in range(200)]
    split = split_photos(nameless, {"zip": 0.25})
    assert 0.15 < len(split.development.photos) / 200 < 0.35
    renamed = split_photos([photo("zip", f"other/{i}.jpg", data=f"{i}.jpg") for i in range(200)], {"zip": 0.25})
    assert renamed.train.digest == split.train.digest


def test_a_digest_is_that_of_the_photos_in_any_order():
    one, other = split_photos(photos(), lfw(0.3)), split_photos(reversed(photos()), lfw(0.3))
    assert one.train.digest == other.train.digest
    assert one.train.digest != one.development.digest
    digests = sorted(p.digest for p in one.train.photos)
    assert one.train.digest == hashlib.sha256("".join(d + "\n" for d in digests).encode()).hexdigest()


def test_a_split_is_written_down_with_digests_counts_and_photos(tmp_path):
    split = split_photos([*photos(), *[photo("zip", f"{i}.jpg") for i in range(9)]], {"lfw": 0.3, "zip": 0.5})
    split.write(tmp_path / "split.json")
    answer = json.loads((tmp_path / "split.json").read_text())
    assert answer["fractions"] == {"lfw": 0.3, "zip": 0.5}
    for name, side_ in (("train", split.train), ("development", split.development)):
        assert answer[name]["digest"] == side_.digest
        assert answer[name]["people"] == len(side_.people)
        assert [SplitPhoto(**one) for one in answer[name]["photos"]] == list(side_.photos)
    with pytest.raises(FaceguardError, match="cannot be written"):
        split.write(tmp_path / "nowhere" / "split.json")


def test_an_empty_side_is_refused():
    with pytest.raises(FaceguardError, match="part has no photo"):
        split_photos(photos(1), lfw(0.5))
    with pytest.raises(FaceguardError, match=r"training part has no photo: with the fractions lfw 1 more"):
        split_photos(photos(), lfw(1.0))


def test_each_source_has_a_fraction_of_its_own():
    both = [*photos(), *[photo("zip", f"{i}.jpg") for i in range(100)], *[photo("all", "x")]]
    split = split_photos(both, {"lfw": 0.0, "zip": 0.3, "all": 1.0})
    assert not split.development.people
    assert {p.source for p in split.development.photos} == {"zip", "all"}
    assert {p.source for p in split.train.photos} == {"lfw", "zip"}


def test_all_for_training_leaves_the_development_part_empty():
    split = split_photos(photos(), lfw(0.0))
    assert len(split.train.photos) == 120
    assert not split.development.photos


def test_a_source_without_a_fraction_or_one_out_of_range_is_refused():
    with pytest.raises(FaceguardError, match=r"The source lfw has no fraction .*\(given: lfw\.zip\)"):
        require_fractions({"lfw.zip": 0.5}, ("lfw",))
    for fraction in (-0.1, 1.5, float("nan")):
        with pytest.raises(FaceguardError, match="The fraction of lfw"):
            require_fractions(lfw(fraction))


def test_a_person_of_two_sources_with_two_fractions_is_not_torn_apart():
    two = [photo("one", "1", "P0"), photo("other", "2", "P0"), photo("one", "3", "P1")]
    with pytest.raises(FaceguardError, match="P0 is in the training part and in the part to measure on"):
        split_photos(two, {"one": 0.0, "other": 0.3})


def test_a_person_on_both_sides_is_leakage_and_named():
    train = side(("1", "Zoe", "a"), ("2", "Bob", "b"), ("3", "Cy", "c"))
    with pytest.raises(FaceguardError, match=r"^Bob is in the training part .*\(and 1 more people\)"):
        refuse_leakage(train, side(("4", "Zoe", "d"), ("5", "Bob", "e")))


def test_a_picture_on_both_sides_is_leakage_and_named_with_both_places():
    train = side(("Ann/1.jpg", "Ann", "aa"), ("Ann/2.jpg", "Ann", "bb"))
    with pytest.raises(FaceguardError, match=r"s/Ann/2\.jpg of the training part is s/9\.jpg of the part") as caught:
        refuse_leakage(train, side(("9.jpg", None, "bb")))
    assert caught.value.detail == "bb"


def test_nothing_shared_is_fine():
    refuse_leakage(side(("1", "Ann", "a"), ("2", None, "b")), side(("3", "Bob", "c"), ("4", None, "d")))


def test_one_picture_under_two_names_on_two_sides_is_refused_by_the_split_itself():
    names = [f"P{i}" for i in range(40)]
    one = next(n for n in names if in_development(n, 0.5))
    other = next(n for n in names if not in_development(n, 0.5))
    with pytest.raises(FaceguardError, match="The picture"):
        split_photos([photo("s", "1", one, "same"), photo("s", "2", other, "same")], {"s": 0.5})


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_near_duplicates_are_the_rows_within_the_distance():
    chance = np.random.default_rng(0)
    train, reserved = unit(chance.normal(size=(50, 16))), unit(chance.normal(size=(20, 16)))
    train[[3, 17, 49]] = unit(reserved[[0, 5, 5]] + chance.normal(scale=0.02, size=(3, 16)))
    assert near_duplicates(train.astype(np.float32), reserved.astype(np.float32), 0.1).tolist() == [3, 17, 49]


@settings(deadline=None)
@given(
    n=st.integers(0, 30), m=st.integers(0, 30), block=st.integers(1, 40), d_max=st.floats(0, 4), seed=st.integers(0, 99)
)
def test_blocks_change_nothing(n, m, block, d_max, seed):
    chance = np.random.default_rng(seed)
    train, reserved = unit(chance.normal(size=(n, 4))), unit(chance.normal(size=(m, 4)))
    distance = ((train[:, None] - reserved[None]) ** 2).sum(axis=2)
    found = near_duplicates(train, reserved, d_max, block)
    clear = np.abs(distance - d_max) > 1e-9
    assert found.dtype == np.int64
    assert set(np.flatnonzero(((distance <= d_max) & clear).any(axis=1))) <= set(found.tolist())
    assert set(found.tolist()) <= set(np.flatnonzero(((distance <= d_max) | ~clear).any(axis=1)))


def test_the_same_vector_is_a_duplicate_at_a_small_distance():
    rows = unit(np.random.default_rng(1).normal(size=(5, 128))).astype(np.float32)
    assert near_duplicates(rows, rows, 1e-6).tolist() == [0, 1, 2, 3, 4]


def test_rows_that_are_no_unit_vectors_do_not_fit_or_a_distance_out_of_range_are_a_mistake():
    rows = np.eye(3)
    with pytest.raises(ValueError, match="unit length"):
        near_duplicates(2 * rows, rows, 0.1)
    with pytest.raises(ValueError, match="unit length"):
        near_duplicates(rows[0], rows, 0.1)
    with pytest.raises(ValueError, match="two lengths"):
        near_duplicates(rows, np.eye(4), 0.1)
    with pytest.raises(ValueError, match=r"\[0, 4\]"):
        near_duplicates(rows, rows, float("nan"))


@pytest.mark.shared
def test_the_people_of_lfw_dev_fall_apart_by_name(shared):
    names = {r.person for r in PhotoFolder(shared / "data" / "lfw_dev")}
    held = {n for n in names if in_development(n, 0.2)}
    assert 0.17 < len(held) / len(names) < 0.23
