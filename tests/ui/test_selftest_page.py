"""The liveness test's page: props by key and click, the arrow of the door, outcomes, and what Enter and Esc do."""

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt

from faceguard.domain.decision import Hint, OutOfService, Pending
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.evaluation.measured_liveness import MeasuredLiveness
from faceguard.ui.liveness_note import LivenessNote
from faceguard.ui.selftest_page import SelftestPage
from faceguard.ui.selftest_words import SIMULATION, outcome

SETUP = PadSetup("camera 0", 640, 480, "standard", "judging 1; PAD none")


def measured(species, passed, refused, silent=0):
    trials = []
    for response, n in zip(Response, (passed, refused, silent), strict=True):
        trials += [Trial(datetime(2026, 5, 4, tzinfo=UTC), SETUP, species, TrialResult(response, "a reason"))] * n
    return MeasuredLiveness(tuple(trials))


@pytest.fixture
def page(qtbot, frame):
    page = SelftestPage(lambda: frame)
    qtbot.addWidget(page)
    page.resize(764, 440)
    page.show()
    qtbot.waitExposed(page)
    page.begin("camera 0, policy Standard.", "")
    page.show_decision(Pending(Hint.LOOK_HERE))
    page.setFocus()
    return page


def test_nothing_starts_before_there_are_pictures(qtbot, page):
    page.begin("camera 0", "")
    assert not page.start.isEnabled()
    with qtbot.assertNotEmitted(page.trial_requested):
        qtbot.keyClick(page, Qt.Key.Key_Return)


def test_a_prop_is_chosen_by_arrow_key_and_the_page_says_what_to_do_with_it(qtbot, page):
    for _ in range(3):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Down)
    assert page.species.species is Species.PHONE
    assert page.panel.headline.text() == "Phone"
    assert page.panel.sentence.text().startswith("Hold the phone with a photo or film of an enrolled face")
    with qtbot.waitSignal(page.trial_requested) as asked:
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Return)
    assert asked.args == [Species.PHONE]


def test_a_click_anywhere_on_the_row_chooses_it(qtbot, page):
    qtbot.mouseClick(page.species.rows[Species.BONA_FIDE].counter, Qt.MouseButton.LeftButton)
    assert page.species.species is Species.BONA_FIDE


def test_while_a_trial_runs_the_doors_arrow_is_shown_and_esc_gives_it_up(qtbot, page):
    page.show_running()
    page.show_decision(Pending(Hint.TURN_LEFT, 1.0, 1))
    assert page.panel.verdict.icon == "arrow-left"
    assert page.panel.headline.text() == "Turn your head to the left"
    assert page.start.text().strip() == "Stop trial"
    with qtbot.waitSignal(page.cancel_requested):
        qtbot.keyClick(page, Qt.Key.Key_Escape)
    page.show_uncounted("You stopped it.")
    with qtbot.waitSignal(page.finish_requested):
        qtbot.keyClick(page, Qt.Key.Key_Escape)


def test_between_trials_hints_do_not_wipe_the_outcome_away_and_enter_tries_again(qtbot, page):
    page.show_running()
    page.show_result(Species.PRINT_MATTE, TrialResult(Response.REFUSED, "a picture was held up"))
    page.show_decision(Pending(Hint.STEP_UP))
    assert page.panel.headline.text() == "Refused"
    assert "A picture was held up. Press Enter to try again." in page.panel.sentence.text()
    with qtbot.waitSignal(page.trial_requested):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("species", "response", "tone", "headline"),
    [
        (Species.PHONE, Response.PASSED, "deny", "Let through"),
        (Species.PHONE, Response.REFUSED, "grant", "Refused"),
        (Species.BONA_FIDE, Response.PASSED, "grant", "Passed"),
        (Species.BONA_FIDE, Response.REFUSED, "deny", "Person refused"),
        (Species.PHONE, Response.NOT_ACQUIRED, "ask", "No answer"),
    ],
)
def test_green_means_that_liveness_did_its_work(species, response, tone, headline):
    verdict = outcome(species, TrialResult(response, "no face"))
    assert (verdict.tone, verdict.headline) == (tone, headline)


def test_a_lost_camera_ends_the_trial_takes_the_picture_away_and_comes_back(qtbot, page):
    page.show_running()
    page.show_decision(OutOfService("Camera 0 was lost; check its cable.", 0))
    assert not page.running
    assert not page.start.isEnabled()
    assert page.panel.headline.text() == "No picture"
    assert page.isAncestorOf(page.focusWidget())
    page.show_decision(Pending(Hint.LOOK_HERE))
    assert page.start.isEnabled()
    assert page.panel.headline.text() == "Print, matte"


def test_counters_bounds_and_the_worst_stand_in_the_list(page):
    page.show_test(
        MeasuredLiveness((*measured(Species.PHONE, 3, 17, 2).trials, *measured(Species.TABLET, 0, 20).trials)),
        undoable=True,
    )
    phone, tablet = page.species.rows[Species.PHONE], page.species.rows[Species.TABLET]
    assert phone.counter.text() == "3 of 20 passed"
    assert phone.rate.text() == "APCER 15.0 % [3.2, 37.9]; 2 without an answer"
    assert phone.worst.isVisibleTo(page)
    assert "below 15 % by the rule of three" in tablet.rate.text()
    assert not tablet.worst.isVisibleTo(page)
    assert page.species.rows[Species.LAPTOP].counter.text() == "Not tried"


def test_undo_leaves_the_keys_on_the_list_and_not_on_finish(qtbot, page):
    page.show_test(measured(Species.PHONE, 0, 1), undoable=True)
    page.undo.setFocus()
    with qtbot.waitSignal(page.undo_requested):
        qtbot.keyClick(page.undo, Qt.Key.Key_Return)
    page.show_test(MeasuredLiveness(), undoable=False)
    with qtbot.waitSignal(page.trial_requested), qtbot.assertNotEmitted(page.finish_requested):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Return)


def test_a_simulation_is_labelled_all_the_time(page):
    page.begin("Simulation: a person", SIMULATION)
    assert page.note.isVisibleTo(page)
    page.show_decision(Pending(Hint.LOOK_HERE))
    page.show_running()
    page.show_result(Species.PHONE, TrialResult(Response.PASSED, "not flat"))
    assert page.note.isVisibleTo(page)
    page.begin("camera 0", "")
    assert not page.note.isVisibleTo(page)


def test_nothing_is_cut_off_in_the_smallest_window(page):
    page.show_test(measured(Species.PHONE, 3, 17, 2), undoable=True)
    viewport = page.species.parentWidget()
    assert page.species.width() <= viewport.width()
    for row in page.species.rows.values():
        assert row.counter.width() >= row.counter.sizeHint().width()


def said(note):
    return f"{note.note._heading.text()} {note.note._sentence.text()}"


def test_before_and_after_the_test_the_card_says_what_is_known(qtbot):
    note = LivenessNote()
    qtbot.addWidget(note)
    assert "Not measured on this camera" in said(note)
    assert "One RGB webcam deters prints and casual photos; it does not stop a phone replay." in said(note)
    note.show_tests("camera 0 (640 x 480)", {"standard": measured(Species.PHONE, 3, 17), "strict": MeasuredLiveness()})
    assert "Standard, measured on camera 0 (640 x 480) on " in said(note)
    assert "3 of 20 presentations of phone passed: APCER 15.0 % [3.2, 37.9]" in said(note)
    assert "Strict: not measured on this camera." in said(note)
    assert note.caution.isVisibleTo(note)
    note.show_tests("Simulation: a person", {})
    assert "APCER" not in said(note)
    assert "come from no camera" in said(note)


def test_words_may_be_half_as_long_again_in_the_smallest_window(qtbot, page):
    for part in (page.start, page.undo, page.finish, page.back):
        part.setText(f"{part.text()}{'x' * round(0.4 * len(part.text()))}")
    page.panel.headline.setText("Turn your head to the right, and more")
    assert page.minimumSizeHint().width() <= 764
    assert page.minimumSizeHint().height() <= 440
