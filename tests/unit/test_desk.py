"""What operator and admin may do, asked of the service and not of the window."""

from datetime import UTC, datetime

import numpy as np
import pytest

from faceguard.access.roles import Role
from faceguard.config.settings_file import SettingsFile
from faceguard.desk import Desk
from faceguard.domain.errors import EncoderMismatch, NotPermitted, ReasonWanted, SettingsFault, StoreFault
from faceguard.domain.template import EncoderId
from faceguard.store.audit_log import AuditLog
from faceguard.store.calibrations import Calibrations, TakenCalibration
from faceguard.store.database import Database

OLD = EncoderId("old", "0123456789ab", "arc112-bgr")
NEW = EncoderId("new", "ba9876543210", "arc112-bgr")
PIN = "824691"
WHY = "nothing is known of these encoders"


@pytest.fixture
def open_desk(tmp_path):
    opened = []

    def make(encoder=OLD, role=Role.OPERATOR):
        desk = Desk(
            Database(tmp_path / "faceguard.db"),
            SettingsFile(tmp_path / "settings.toml"),
            examiner=None,
            encoder_id=encoder,
            length=4,
            tau=lambda _settings: None,
            tau_pair=lambda _settings: None,
            search=lambda _gallery, _embedding: [],
            compare_with=lambda _gallery, _embedding, _subject_id: None,
            read_photo=lambda _path: np.zeros(1),
            role=role,
            clock=lambda: 0,
        )
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.close()


@pytest.fixture
def admin(open_desk):
    desk = open_desk()
    desk.set_admin_pin(PIN)
    return desk


def test_tau_of_another_encoder_is_not_passed_on_with_the_tau_of_a_pair(admin, open_desk):
    admin.set("access.tau", 1.4, WHY)
    desk = open_desk(NEW)
    desk.unlock(PIN)
    settings = desk.set("access.tau_pair", 0.9, WHY)
    assert settings["access.tau"] is None
    assert settings["access.tau_pair"] == 0.9
    assert settings["access.tau_encoder"] == str(NEW)


def test_resetting_tau_does_not_pass_on_another_encoders_tau_of_a_pair(admin, open_desk):
    admin.set("access.tau_pair", 1.4, WHY)
    desk = open_desk(NEW)
    desk.unlock(PIN)
    assert desk.set("access.tau", None)["access.tau_pair"] is None


def test_both_taus_of_one_encoder_are_kept(admin):
    admin.set("access.tau", 1.0, WHY)
    settings = admin.set("access.tau_pair", 1.1, WHY)
    assert (settings["access.tau"], settings["access.tau_pair"]) == (1.0, 1.1)


@pytest.mark.parametrize("key", ["access.tau", "liveness.policy", "camera.source", "door.output"])
def test_admin_settings_stay_closed_before_the_first_pin_is_set(open_desk, key):
    desk = open_desk()
    with pytest.raises(NotPermitted):
        desk.unlock("")
    with pytest.raises(NotPermitted):
        desk.set(key, desk.get(key))
    with pytest.raises(NotPermitted):
        desk.tried(key, desk.get(key))


def test_a_change_leaves_alone_what_another_program_changed_meanwhile(admin, tmp_path, monkeypatch):
    def busy(log, event, record=AuditLog.record):
        SettingsFile(tmp_path / "settings.toml").change("door.shadow", True)
        return record(log, event)

    monkeypatch.setattr(AuditLog, "record", busy)
    settings = admin.set("window.mirror", False)
    assert settings.switch("door.shadow")
    assert (admin.get("door.shadow"), admin.get("window.mirror")) == (True, False)


def test_a_calibration_leaves_alone_what_another_program_changed_meanwhile(admin, tmp_path, monkeypatch):
    def busy(log, taken, record=Calibrations.record):
        SettingsFile(tmp_path / "settings.toml").change("door.shadow", True)
        return record(log, taken)

    monkeypatch.setattr(Calibrations, "record", busy)
    assert admin.taus.take(calibration(OLD), WHY).switch("door.shadow")
    assert (admin.get("door.shadow"), admin.get("access.tau")) == (True, 1.1)


def test_two_desks_that_finish_an_installation_keep_each_others_network(admin, open_desk, monkeypatch):
    other = open_desk()
    for desk, pack in ((admin, "a"), (other, "b")):
        desk.unlock(PIN)
        desk.allow_install(pack)

    def busy(log, event, record=AuditLog.record):
        monkeypatch.setattr(AuditLog, "record", record)
        other.finish_install("b", ["pad_b"])
        return record(log, event)

    monkeypatch.setattr(AuditLog, "record", busy)
    assert admin.finish_install("a", ["pad_a"]).listed("models.pad") == ("pad_b", "pad_a")


def test_a_list_changes_by_the_words_that_are_named(admin):
    admin.set("models.pad", "a,b")
    assert admin.change_list("models.pad", add=["b", "c"]).listed("models.pad") == ("a", "b", "c")
    assert admin.change_list("models.pad", drop=["a"]).listed("models.pad") == ("b", "c")
    events = len(admin.events())
    admin.change_list("models.pad", add=["c"])
    assert len(admin.events()) == events  # nothing was changed


@pytest.mark.parametrize("changes", [{"door.shadow": False}, {"window.mirror": False, "liveness.policy": "off"}])
def test_nothing_comes_into_force_without_the_right_to_every_part_of_it(open_desk, changes):
    desk = open_desk()
    with pytest.raises(NotPermitted):
        desk.put_in_force(changes, "by a way of its own")
    with pytest.raises(NotPermitted):
        desk.change_list("models.pad", add=["a"])
    assert desk.settings().changed() == {}
    assert desk.events() == ()
    assert desk.put_in_force({"window.mirror": False}, "window.mirror=false")["window.mirror"] is False


def test_nobody_puts_in_force_what_the_program_keeps_nor_what_is_not_allowed(admin):
    with pytest.raises(NotPermitted):
        admin.put_in_force({"access.tau_encoder": str(NEW)}, "")
    events = len(admin.events())
    with pytest.raises(SettingsFault):
        admin.put_in_force({"window.mirror": False, "access.margin": 7}, "")
    assert admin.settings().changed() == {}
    assert len(admin.events()) == events


def test_a_tau_of_which_nothing_is_known_wants_a_reason_by_every_way(admin):
    for attempt in (
        lambda reason: admin.set("access.tau", 0.2, reason),
        lambda reason: admin.set("access.tau_pair", "0.2", reason),
        lambda reason: admin.taus.take(calibration(OLD), reason),
        lambda reason: admin.put_in_force({"window.mirror": False, "access.tau": 0.2}, "two", reason),
    ):
        for reason in ("", "  because  "):
            with pytest.raises(ReasonWanted, match="Say why"):
                attempt(reason)
    assert admin.settings().changed() == {}
    assert admin.taus.last() is None
    assert [event.decision for event in admin.events()] == ["admin PIN set"]
    admin.set("access.tau", 0.2, f" {WHY}\n ")
    assert admin.events(1)[0].detail == f"access.tau=0.2; {WHY}"
    admin.set("access.tau", None)  # the encoder's own, which is none here: it lets nobody in


def test_program_settings_are_nobodys(admin):
    with pytest.raises(NotPermitted):
        admin.set("access.tau_encoder", str(NEW))


@pytest.mark.parametrize("value", [float("nan"), -1, 4.5, "0,4", "1e9", True])
def test_tau_that_is_no_threshold_is_refused(admin, value):
    with pytest.raises(SettingsFault):
        admin.set("access.tau", value)


def test_admin_pin_is_changed_by_the_admin_only(admin, open_desk):
    desk = open_desk()
    with pytest.raises(NotPermitted):
        desk.set_admin_pin("739155")


def test_kiosk_may_neither_enrol_nor_remove_nor_set_a_pin_nor_the_first_admin_pin(open_desk):
    kiosk = open_desk(role=Role.KIOSK)
    with pytest.raises(NotPermitted):
        kiosk.remove(1)
    with pytest.raises(NotPermitted):
        kiosk.set_pin(1, "2468")
    with pytest.raises(NotPermitted):
        kiosk.allow_door_test()
    with pytest.raises(NotPermitted):
        kiosk.set_admin_pin(PIN)


def test_setting_that_cannot_be_recorded_is_not_stored(admin, monkeypatch):
    def full(*_):
        raise StoreFault("The disk is full.")

    monkeypatch.setattr(AuditLog, "record", full)
    with pytest.raises(StoreFault):
        admin.set("liveness.policy", "off")
    assert admin.get("liveness.policy") == "standard"


def calibration(encoder, **changes):
    fields = {"people": 3, "templates": 3, "basis": "impostor model", "n_strangers": 100, "target_fpir": 1e-3}
    rates = {"tau": 1.1, "low": 0.0, "value": 1e-3, "high": 3e-3, "pair_fmr": 1e-4, "tau_pair": 1.2}
    return TakenCalibration(datetime.now(UTC), str(encoder), **fields | rates | changes)


def test_calibration_is_taken_by_the_admin_and_both_taus_name_its_encoder(admin, open_desk):
    settings = admin.taus.take(calibration(OLD), WHY)
    assert (settings["access.tau"], settings["access.tau_pair"]) == (1.1, 1.2)
    assert settings["access.tau_encoder"] == str(OLD)
    assert admin.taus.last().tau == 1.1
    assert "access.tau=1.1" in admin.events(1)[0].detail
    with pytest.raises(NotPermitted):
        open_desk().taus.take(calibration(OLD), WHY)


def test_calibration_of_another_encoder_is_not_taken(admin):
    with pytest.raises(EncoderMismatch):
        admin.taus.take(calibration(NEW))
    assert admin.get("access.tau") is None
    assert admin.taus.last() is None


def test_calibration_that_cannot_be_recorded_changes_no_tau(admin, monkeypatch):
    def full(*_):
        raise StoreFault("The disk is full.")

    monkeypatch.setattr(Calibrations, "record", full)
    with pytest.raises(StoreFault):
        admin.taus.take(calibration(OLD), WHY)
    assert admin.get("access.tau") is None


def test_calibration_without_a_tau_of_a_pair_leaves_the_one_in_force(admin):
    admin.set("access.tau_pair", 0.5, WHY)
    assert admin.taus.take(calibration(OLD, pair_fmr=None, tau_pair=None), WHY)["access.tau_pair"] == 0.5
