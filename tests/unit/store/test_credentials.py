"""PINs: hashed, charged before they are looked at, and locked for a time that nobody can shorten."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest
from argon2 import PasswordHasher

from faceguard.domain.errors import NotPermitted, StoreFault
from faceguard.store.credentials import Credentials, PinCheck, PinReason, lock_seconds
from faceguard.store.database import Database

PIN, OTHER = "295173", "846205"


@pytest.fixture
def credentials(database, cheap_hasher, clock):
    return Credentials(database, hasher=cheap_hasher, clock=clock)


@pytest.fixture
def admin(credentials):
    credentials.set_admin_pin(PIN)
    return credentials


def wrong_entries(credentials, count):
    return [credentials.verify_admin(OTHER) for _ in range(count)]


def test_right_pin_is_ok_and_wrong_one_is_not(admin):
    assert admin.has_admin_pin()
    assert admin.verify_admin(PIN) == PinCheck(True, PinReason.OK)
    assert admin.verify_admin(OTHER) == PinCheck(False, PinReason.WRONG)


def test_no_pin_opens_where_none_is_set(credentials, enrol):
    enrol()
    none_set = PinCheck(False, PinReason.NONE_SET)
    assert not credentials.has_admin_pin()
    assert not any(credentials.has_person_pin(number) for number in (1, 0, -1, 2**70))
    for entered in ("", PIN, "None"):
        assert credentials.verify_admin(entered) == none_set
        for number in (1, 2, 0, -1, 2**70):
            assert credentials.verify_person(number, entered) == none_set


def test_hash_is_computed_even_when_none_is_set(credentials, monkeypatch):
    computed = []
    matches = Credentials._matches
    monkeypatch.setattr(Credentials, "_matches", lambda self, *args: computed.append(1) or matches(self, *args))
    credentials.verify_admin(PIN)
    credentials.verify_person(77, PIN)
    assert len(computed) == 2


@pytest.mark.parametrize("entered", ["", " ", PIN[:-1], PIN + "0", "\0", "\ud800", "x" * 1_000_000, PIN + " " * 99])
def test_odd_entries_are_wrong(admin, entered):
    assert admin.verify_admin(entered).reason is PinReason.WRONG


def test_digits_of_another_keyboard_are_the_same_digits(admin):
    fullwidth = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in PIN)
    assert admin.verify_admin(fullwidth).ok


@pytest.mark.parametrize(
    "pin", ["000000", "123456", "654321", "789012", "210987", "121212", "123123", "aaaaaa", "abcdef", "123451234512345"]
)
def test_easy_pin_is_refused(credentials, enrol, pin):
    enrol()
    with pytest.raises(NotPermitted, match="too easy to guess") as refusal:
        credentials.set_admin_pin(pin)
    assert pin not in str(refusal.value)
    if pin.isdigit() and len(pin) <= 12:
        with pytest.raises(NotPermitted, match="too easy to guess"):
            credentials.set_person_pin(1, pin)
    assert not credentials.has_admin_pin()


@pytest.mark.parametrize("pin", ["", "29517", "x" * 65, "ab\ncdefg"])
def test_admin_pin_has_at_least_six_characters(credentials, pin):
    with pytest.raises(NotPermitted, match="6 to 64"):
        credentials.set_admin_pin(pin)


@pytest.mark.parametrize("pin", ["", "295", "2951738462095", "29a173", "-29517", "²951"[:3]])
def test_persons_pin_has_four_to_twelve_digits(credentials, enrol, pin):
    enrol()
    with pytest.raises(NotPermitted, match="4 to 12 digits"):
        credentials.set_person_pin(1, pin)


def test_person_gets_changes_and_loses_a_pin(credentials, enrol, gallery_store, encoder):
    enrol("Ada", 1)
    enrol("Grace", 2)
    loaded = gallery_store.load_gallery(encoder, 128)
    credentials.set_person_pin(1, "2951")
    assert gallery_store.changed_since(loaded)
    assert [p.subject.has_pin for p in gallery_store.people()] == [True, False]
    assert credentials.verify_person(1, "2951").ok
    assert credentials.verify_person(2, "2951").reason is PinReason.NONE_SET
    credentials.set_person_pin(1, "8462")
    assert not credentials.verify_person(1, "2951").ok
    assert credentials.verify_person(1, "8462").ok
    credentials.set_person_pin(1, None)
    assert credentials.verify_person(1, "8462").reason is PinReason.NONE_SET
    for nobody in (0, 3, 2**70):
        with pytest.raises(NotPermitted, match="Nobody has the number"):
            credentials.set_person_pin(nobody, "2951")


def test_pin_goes_with_the_person(credentials, enrol, gallery_store, path):
    enrol()
    credentials.set_person_pin(1, "2951")
    gallery_store.remove_subject(1)
    assert not credentials.has_person_pin(1)
    assert not any(b"$argon2id$" in file.read_bytes() for file in path.parent.iterdir())


def test_fifth_wrong_entry_locks_for_thirty_seconds(admin, clock):
    assert [check.wait_s for check in wrong_entries(admin, 5)] == [0, 0, 0, 0, 30]
    clock.now += 12
    assert admin.verify_admin(PIN) == PinCheck(False, PinReason.LOCKED, 18)
    clock.now += 17.9
    assert admin.verify_admin(PIN).reason is PinReason.LOCKED
    clock.now += 0.2
    assert admin.verify_admin(PIN).ok
    assert [check.wait_s for check in wrong_entries(admin, 4)] == [0, 0, 0, 0]


def test_lock_doubles_up_to_fifteen_minutes(admin, clock):
    wrong_entries(admin, 4)
    waits = []
    for _ in range(8):
        (check,) = wrong_entries(admin, 1)
        assert check.reason is PinReason.WRONG
        waits.append(check.wait_s)
        clock.now += check.wait_s
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert lock_seconds(10**6) == 900


def test_entries_while_locked_are_not_charged(admin, clock):
    wrong_entries(admin, 5)
    assert {check.reason for check in wrong_entries(admin, 20)} == {PinReason.LOCKED}
    clock.now += 30
    assert admin.verify_admin(PIN).ok


def test_right_pin_clears_the_count(admin):
    for _ in range(3):
        wrong_entries(admin, 4)
        assert admin.verify_admin(PIN).ok


def test_one_persons_lock_is_nobody_elses(credentials, enrol):
    enrol("Ada", 1)
    enrol("Grace", 2)
    credentials.set_admin_pin(PIN)
    credentials.set_person_pin(1, "2951")
    credentials.set_person_pin(2, "8462")
    for _ in range(5):
        credentials.verify_person(1, "0000")
    assert credentials.verify_person(1, "2951").reason is PinReason.LOCKED
    assert credentials.verify_person(2, "8462").ok
    assert credentials.verify_admin(PIN).ok


def test_new_pin_ends_the_lock(credentials, enrol):
    enrol()
    credentials.set_person_pin(1, "2951")
    for _ in range(5):
        credentials.verify_person(1, "0000")
    credentials.set_person_pin(1, "8462")
    assert credentials.verify_person(1, "8462").ok


def test_lock_and_count_survive_a_restart_of_the_program(admin, path, cheap_hasher, clock):
    wrong_entries(admin, 4)
    with Database(path) as second:
        again = Credentials(second, hasher=cheap_hasher, clock=clock)
        assert again.verify_admin(OTHER).wait_s == 30
    clock.now += 10
    with Database(path) as third:
        again = Credentials(third, hasher=cheap_hasher, clock=clock)
        assert again.verify_admin(PIN) == PinCheck(False, PinReason.LOCKED, 20)
        clock.now += 20
        assert again.verify_admin(PIN).ok


def test_lock_begins_again_when_the_machine_was_restarted(admin, path, cheap_hasher, clock):
    wrong_entries(admin, 5)
    clock.now = 3.0
    with Database(path) as second:
        again = Credentials(second, hasher=cheap_hasher, clock=clock)
        assert again.verify_admin(PIN) == PinCheck(False, PinReason.LOCKED, 30)
        clock.now = 20.0
        assert again.verify_admin(PIN) == PinCheck(False, PinReason.LOCKED, 13)
        clock.now = 33.0
        assert again.verify_admin(PIN).ok


def test_wall_clock_does_not_matter(admin, monkeypatch):
    wrong_entries(admin, 5)
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert admin.verify_admin(PIN).reason is PinReason.LOCKED


KILLED = """
import os, signal, sys
from pathlib import Path
from argon2 import PasswordHasher
from faceguard.store.credentials import Credentials
from faceguard.store.database import Database
class Killed(PasswordHasher):
    def verify(self, *_):
        os.kill(os.getpid(), signal.SIGKILL)
Credentials(Database(Path(sys.argv[1])), hasher=Killed(), clock=lambda: 1000.0).verify_admin("846205")
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killing_the_program_before_the_answer_gives_no_free_entry(admin, path):
    wrong_entries(admin, 3)
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -9
    assert admin.verify_admin(PIN) == PinCheck(False, PinReason.LOCKED, 30)


def test_entry_that_cannot_be_charged_is_not_looked_at(admin, database):
    database.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreFault):
        admin.verify_admin(PIN)


def test_right_pin_renews_a_hash_of_old_parameters(admin, database, clock):
    stronger = Credentials(database, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1), clock=clock)
    assert stronger.verify_admin(PIN).ok
    (stored,) = database.connection.execute("SELECT hash FROM pins").fetchone()
    assert stored.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert stronger.verify_admin(PIN).ok


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$xx$yy", "$argon2id$v=19$m=8,t=1,p=1$"])
def test_damaged_hash_opens_nothing(admin, database, stored):
    with database.writing() as db:
        db.execute("UPDATE pins SET hash = ?", [stored])
    with pytest.raises(StoreFault, match="set that PIN again"):
        admin.verify_admin(PIN)


def test_default_hash_follows_rfc_9106(database):
    real = Credentials(database)
    real.set_admin_pin(PIN)
    (stored,) = database.connection.execute("SELECT hash FROM pins").fetchone()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert real.verify_admin(PIN).ok


def test_no_pin_and_no_hash_in_repr_log_or_file(admin, path, caplog):
    with caplog.at_level(logging.DEBUG):
        text = repr(admin) + repr(admin.verify_admin(PIN)) + repr(wrong_entries(admin, 5))
    text += caplog.text
    assert PIN not in text
    assert OTHER not in text
    assert "argon2" not in text
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert PIN.encode() not in content


@pytest.fixture
def twins(credentials, enrol):
    enrol("Ada", 1)
    enrol("Eva", 2)
    credentials.set_person_pin(1, PIN)
    credentials.set_person_pin(2, OTHER)
    return credentials


def test_twins_pin_names_the_right_twin_and_charges_nobody(twins):
    for _ in range(7):
        assert twins.verify_any((1, 2), OTHER)[0] == 2
    assert twins.verify_person(1, PIN).ok


def test_pin_of_neither_twin_is_charged_to_both(twins):
    for _ in range(5):
        who, check = twins.verify_any((1, 2), "975310")
        assert (who, check.reason) == (None, PinReason.WRONG)
    assert twins.verify_any((1, 2), OTHER)[1].reason is PinReason.LOCKED


def test_pin_of_people_without_one_is_nobodys(credentials):
    assert credentials.verify_any((1, 2), PIN) == (None, PinCheck(False, PinReason.NONE_SET))
