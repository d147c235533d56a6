"""A report needs nothing but itself, shows the numbers that were printed, and escapes what files are called."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from faceguard.evaluation import report
from faceguard.evaluation.acquisition import Acquired
from faceguard.evaluation.document import ShownPair
from faceguard.evaluation.error_rates import Comparisons, accuracy
from faceguard.evaluation.group_report import Grouped, groups_answer
from faceguard.evaluation.groups import close_pairs
from faceguard.evaluation.html_page import html_page
from faceguard.evaluation.measured_report import Measured, groups_document, rates_document

pytest.importorskip("matplotlib")
from faceguard.evaluation.pdf_pages import pdf_pages

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVIL = '<script src="https://evil.example/x.js">$\\frac{1}{0}$ & "quoted".jpg'
BENCH = {
    "encoder": "paper@000000000000/plain",
    "mirror": True,
    "detector": "d",
    "provider": "cpu",
    "networks": {"paper": "0" * 64},
}


@pytest.fixture(scope="module")
def measured():
    chance = np.random.default_rng(1)
    genuine = np.clip(chance.normal(0.8, 0.3, 600), 0.01, 4)
    impostor = np.clip(chance.normal(1.9, 0.25, 5_000), 0.01, 4)
    scores = Comparisons(genuine, impostor)
    acquired = Acquired(np.eye(8, dtype=np.float32), np.arange(8) > 0, 1, 0, {EVIL: 1}, 2.0)
    answer = {
        **report.accuracy_answer(accuracy(genuine, impostor)),
        **report.rates_answer(scores, (1e-2, 1e-3, 1e-4), 3, 5),
        **report.acquisition_answer(acquired, 4),
        **BENCH,
    }
    jpeg = cv2.imencode(".jpg", np.full((40, 40, 3), 90, np.uint8))[1].tobytes()
    missed = [ShownPair(1.75, EVIL, "Ann/Ann_0002.jpg", (jpeg, jpeg))]
    return Measured(answer, scores, 1.1, missed, [], chance.uniform(0.1, 0.3, 600), genuine)


class Page(HTMLParser):
    """Tags, what they load, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loaded, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "href", "data", "action", "style")]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_loads_nothing_and_runs_nothing(measured):
    text = html_page(rates_document("Test", measured, WHEN))
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "a"} & set(page.tags)
    assert len(page.loaded) == 7  # five drawings and two photos
    assert all(re.match(r"data:image/(svg\+xml|jpeg);base64,", value) for value in page.loaded)
    assert page.tags.count("meta") == 3
    assert EVIL in page.words  # as text, whole


def test_the_page_shows_the_numbers_that_are_printed(measured):
    words = " ".join(Page(html_page(rates_document("Test", measured, WHEN))).words)
    answer = measured.answer
    for shown in (
        f"{answer['tpr']['0.01']:.2%}",
        f"{answer['tau']['0.01']:.4f}",
        f"{answer['accuracy']:.2%}",
        f"{answer['eer']:.3%}",
        "not measurable",
        "0" * 64,
        "2026-03-01",
        "600 (3 lost to failures)",
    ):
        assert shown in words


def test_the_same_measurement_makes_the_same_page(measured):
    first, second = (html_page(rates_document("Test", measured, WHEN)) for _ in range(2))
    assert first == second


def test_a_pdf_has_pages(measured):
    data = pdf_pages(rates_document(EVIL, measured, WHEN))
    assert data.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", data)) >= 3


def test_flawless_scores_are_drawn_too(measured):
    scores = Comparisons([0.1, 0.2], [2.0, 2.1])
    answer = {**measured.answer, **report.rates_answer(scores, (1e-2,), 0, 0), **report.accuracy_answer(None)}
    nothing = np.empty(0)
    page = html_page(rates_document("Test", Measured(answer, scores, None, [], [], nothing, nothing), WHEN))
    assert Page(page).tags.count("img") == 3  # no threshold, so no law; no quality


def test_groups_have_a_report(measured):
    matrix = np.random.default_rng(2).normal(size=(30, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    names = [f"{i}.jpg" for i in range(30)]
    found = groups_answer(Grouped(names, ["north", "south", EVIL] * 10, close_pairs(matrix, 1.0), 0.2))
    answer = {**measured.answer, **found}
    page = Page(html_page(groups_document("Groups", answer, [ShownPair(0.1, EVIL, "b.jpg")], WHEN)))
    assert {"north", "south", EVIL, "overall"} <= set(page.words)
    assert page.tags.count("img") == 1
