"""Counts of a measurement whose every score is known."""

import json

import pytest

from faceguard.evaluation.detection import Condition, FaceFree, Pose, Shown
from faceguard.evaluation.detection_report import Measured, detection_answer, detection_lines

AROUND = {
    "provider": "cpu",
    "photos": 3,
    "faces": 2,
    "without_a_face": 0,
    "unreadable": 1,
    "reasons": {"It is damaged": 1},
    "seconds": 1.0,
}


def measured():
    shown = [
        Shown(size, condition, pose, size > 60, (0.8 if size > 20 else 0.6, 0.95))
        for size in (20, 40, 100)
        for condition in Condition
        for pose in Pose
    ]
    pictures = [FaceFree("scenery", "brick", (score, 0.0)) for score in (0.0, 0.55, 0.75)]
    pictures += [FaceFree("textures", kind, (0.0, 0.92)) for kind in ("noise", "blobs")]
    return Measured(("mine", "other"), (0.7, 0.9), shown, pictures)


def row_of(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


def test_recall_is_counted_by_size_condition_and_pose_at_each_cards_threshold():
    answer = detection_answer(measured())
    assert (answer["detector"], answer["reference"]) == ("mine", "other")
    assert len(answer["recall"]) == 3 * 3 * 3
    small = row_of(answer["recall"], size_px=20, condition="dark", pose="all")
    assert (small["n"], small["detector"]["k"], small["reference"]["k"], small["enlarged"]) == (2, 0, 2, 0)
    large = row_of(answer["recall"], size_px=100, condition="tilted", pose="turned")
    assert (large["n"], large["detector"]["k"], large["enlarged"]) == (1, 1, 1)
    rated = row_of(answer["recall_from_40_px"], condition="plain", pose="all")
    assert (rated["detector"]["k"], rated["detector"]["n"], rated["detector"]["rate"]) == (4, 4, 1.0)
    assert rated["detector"]["bounds"] == pytest.approx((0.025**0.25, 1.0))


def test_false_faces_are_counted_by_kind_and_group():
    rows = detection_answer(measured())["false_faces"]
    assert [(r["group"], r["kind"], r["n"], r["detector"]["k"], r["reference"]["k"]) for r in rows] == [
        ("scenery", "brick", 3, 1, 0),
        ("textures", "noise", 1, 0, 1),
        ("textures", "blobs", 1, 0, 1),
        ("scenery", "all", 3, 1, 0),
        ("textures", "all", 2, 0, 2),
        ("all", "all", 5, 1, 2),
    ]


def test_each_threshold_shows_what_it_costs_and_what_it_brings():
    rows = detection_answer(measured())["by_threshold"]
    assert [row["threshold"] for row in rows] == [0.5, 0.6, 0.7, 0.8, 0.9]
    mine = [row["detector"] for row in rows]
    assert [m["recall_from_40_px"]["plain"]["rate"] for m in mine] == [1.0, 1.0, 1.0, 1.0, 0.0]
    assert [m["recall_plain"]["20"]["rate"] for m in mine] == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert [m["false_faces"]["scenery"]["k"] for m in mine] == [2, 1, 1, 0, 0]
    assert [m["false_faces"]["all"]["n"] for m in mine] == [5] * 5
    assert [row["reference"]["false_faces"]["textures"]["k"] for row in rows] == [2] * 5


def test_without_large_faces_there_is_no_overall_rate():
    small = [one for one in measured().shown if one.size_px == 20]
    answer = detection_answer(Measured(("mine", "other"), (0.7, 0.9), small, measured().face_free))
    assert answer["recall_from_40_px"] == []
    assert answer["by_threshold"][0]["detector"]["recall_from_40_px"]["plain"]["rate"] is None
    assert "      - " in "\n".join(detection_lines({**answer, **AROUND}))
    json.dumps(answer, allow_nan=False)


def test_people_read_counts_with_bounds():
    text = "\n".join(detection_lines({**detection_answer(measured()), **AROUND}))
    assert "mine at 0.7 beside the reference other at 0.9" in text
    assert "2 faces named by the reference, 0 photos without one, 1 unreadable" in text
    assert "1 x It is damaged" in text
    assert " 40 px  plain      2/2 = 100.0 % [15.8, 100.0]" in text
    assert "Enlarged beyond the photograph: 2 of 2 at 100 px" in text
    assert "    0.9     0.00%     0.00%     0.00%     0.00%         0 of 3" in text
    assert "1/3 = 33.3 % [0.8, 90.6]" in text
