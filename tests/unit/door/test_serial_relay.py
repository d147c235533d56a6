"""A USB relay board, played by a pseudo-terminal or by a port that fails on request."""

import os
import select
import subprocess
import sys
import threading

import pytest

from faceguard.domain.errors import DoorFault
from faceguard.door.none import NoOutput
from faceguard.door.serial_relay import SerialRelay, relay_command

ON = bytes.fromhex("A00101A2")
OFF = bytes.fromhex("A00100A1")
pty_only = pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")


class HandTimer:
    """Fires when the test says so."""

    def __init__(self, delay_s, action):
        self.delay_s = delay_s
        self.action = action
        self.cancelled = False
        self.started = False

    def start(self):
        self.started = True

    def cancel(self):
        self.cancelled = True

    def join(self, timeout=None):
        pass


class HandTimers:
    def __init__(self):
        self.all = []

    def __call__(self, delay_s, action):
        self.all.append(HandTimer(delay_s, action))
        return self.all[-1]

    @property
    def pending(self):
        return [t for t in self.all if t.started and not t.cancelled]

    def fire(self):
        """The pending timer ends."""
        (timer,) = self.pending
        timer.cancelled = True
        timer.action()


class Board:
    """A relay board that remembers what it was told, and can be unplugged."""

    def __init__(self):
        self.plugged = True
        self.energised = False
        self.told = []
        self.opened = 0
        self.open_ports = 0
        self.fail_on = None

    def connect(self, port):
        if not self.plugged:
            raise FileNotFoundError(2, "no such port", port)
        self.opened += 1
        self.open_ports += 1
        return BoardPort(self)


class BoardPort:
    def __init__(self, board):
        self.board = board
        self.alive = True

    def write(self, data):
        board = self.board
        if not (board.plugged and self.alive):
            self.alive = False
            raise OSError(5, "Input/output error")
        board.told.append(data)
        board.energised = data == ON
        if board.fail_on is not None and data == ON:
            raise board.fail_on

    def close(self):
        self.board.open_ports -= 1


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def timers():
    return HandTimers()


@pytest.fixture
def relay(board, timers):
    relay = SerialRelay("COM7", connect=board.connect, new_timer=timers)
    yield relay
    relay.close()


@pytest.fixture
def terminal():
    """(what the board reads from, name of the port)."""
    board_end, port_end = os.openpty()
    with open(board_end, "rb", buffering=0) as board, open(port_end, "rb", buffering=0):
        yield board, os.ttyname(port_end)


def heard(board_end, length, seconds=2.0):
    """Exactly ``length`` bytes, or fewer when nothing more comes in time."""
    data = b""
    while len(data) < length and select.select([board_end], [], [], seconds)[0]:
        data += board_end.read(length - len(data))
    return data


@pytest.mark.parametrize(
    ("channel", "energised", "command"),
    [(1, True, "A00101A2"), (1, False, "A00100A1"), (2, True, "A00201A3"), (8, False, "A00800A8")],
)
def test_command_is_start_channel_state_and_sum(channel, energised, command):
    assert relay_command(channel, energised) == bytes.fromhex(command)


@pytest.mark.parametrize("channel", [0, 9, -1])
def test_a_channel_that_no_board_has_is_refused(channel):
    with pytest.raises(ValueError, match="channels 1 to 8"):
        SerialRelay("COM7", channel=channel)


def test_opening_de_energises_a_relay_that_was_left_on(relay, board):
    board.energised = True
    relay.open()
    assert board.told == [OFF]
    assert not board.energised


def test_a_pulse_has_its_fixed_length(relay, board, timers):
    relay.open()
    relay.pulse(4000)
    assert board.energised
    assert [t.delay_s for t in timers.pending] == [4.0]
    timers.fire()
    assert board.told == [OFF, ON, OFF]
    assert timers.pending == []


def test_a_second_pulse_begins_anew_and_adds_nothing(relay, board, timers):
    relay.open()
    relay.pulse(4000)
    first = timers.pending[0]
    relay.pulse(3000)
    assert [t.delay_s for t in timers.pending] == [3.0]
    first.action()  # it fired at the same moment as the second pulse
    assert board.energised, "the end of the first pulse must not cut the second"
    timers.fire()
    assert not board.energised


def test_the_end_is_set_before_the_beginning(board, timers):
    def no_more_threads(delay_s, action):
        raise RuntimeError("can't start new thread")

    relay = SerialRelay("COM7", connect=board.connect, new_timer=no_more_threads)
    relay.open()
    with pytest.raises(RuntimeError):
        relay.pulse(4000)
    assert ON not in board.told
    relay.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), RuntimeError("bug")], ids=repr)
def test_an_exception_between_on_and_off_leaves_the_relay_off(relay, board, timers, error):
    relay.open()
    board.fail_on = error
    with pytest.raises(type(error)):
        relay.pulse(4000)
    assert not board.energised
    assert board.told[-1] == OFF


def test_closing_during_a_pulse_de_energises_at_once(relay, board, timers):
    relay.open()
    relay.pulse(4000)
    relay.close()
    relay.close()
    assert not board.energised
    assert timers.pending == []
    assert board.open_ports == 0


def test_closing_before_opening_does_nothing(relay, board):
    relay.close()
    assert board.opened == 0


def test_a_pulse_opens_a_relay_that_is_not_open(relay, board):
    relay.pulse(1000)
    assert board.told == [OFF, ON]


def test_a_missing_port_is_one_sentence_and_the_next_pulse_tries_again(relay, board, timers):
    board.plugged = False
    with pytest.raises(DoorFault) as fault:
        relay.open()
    assert fault.value.sentence == "The door relay at COM7 is not there; check its USB cable or choose another port."
    with pytest.raises(DoorFault):
        relay.pulse(1000)
    assert timers.pending == []
    board.plugged = True
    relay.pulse(1000)
    assert board.energised


def test_no_port_chosen_is_said(board):
    with pytest.raises(DoorFault, match="No port is chosen"):
        SerialRelay("", connect=board.connect).open()


def test_unplugged_between_two_pulses_the_port_is_opened_anew(relay, board, timers):
    relay.open()
    relay.pulse(1000)
    timers.fire()
    board.plugged = False
    with pytest.raises(DoorFault):
        relay.pulse(1000)
    board.plugged = True
    relay.pulse(1000)
    assert board.energised
    assert board.opened == 2
    assert board.open_ports == 1


def test_off_is_retried_until_the_board_hears_it_and_reported_once(board, timers):
    faults = []
    relay = SerialRelay("COM7", connect=board.connect, new_timer=timers, on_fault=faults.append)
    relay.open()
    relay.pulse(4000)
    board.plugged = False
    for _ in range(5):
        timers.fire()
    assert len(faults) == 1
    assert isinstance(faults[0], DoorFault)
    assert [t.delay_s for t in timers.pending] == [0.5]
    board.plugged = True
    assert board.energised
    timers.fire()
    assert not board.energised
    assert timers.pending == []
    relay.close()


def test_off_is_retried_after_a_bug_too(relay, board, timers):
    relay.open()
    relay.pulse(4_000)
    relay._release_port()
    relay._connect = raises(RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        timers.fire()
    assert board.energised
    relay._connect = board.connect
    timers.fire()
    assert not board.energised


def test_glitch_that_pyserial_passes_on_raw_is_a_door_fault(monkeypatch):
    """While a USB port comes and goes, ``serial.Serial`` may raise ``termios.error``, which is no ``OSError``."""
    termios = pytest.importorskip("termios")
    monkeypatch.setattr("serial.Serial", lambda *_, **__: raises(termios.error(5, "Input/output error"))(""))
    with pytest.raises(DoorFault, match="does not answer"):
        SerialRelay("COM7").pulse(4_000)


def raises(error):
    def connect(_port):
        raise error

    return connect


def test_a_fault_handler_may_close_the_relay(board, timers):
    relay = SerialRelay("COM7", connect=board.connect, new_timer=timers, on_fault=lambda fault: relay.close())
    relay.pulse(4000)
    board.plugged = False
    timers.fire()
    assert timers.pending == []


@pytest.mark.parametrize("output", [NoOutput(), SerialRelay("COM7")], ids=["none", "serial"])
@pytest.mark.parametrize("duration_ms", [0, -1, 60_001])
def test_a_pulse_without_a_sensible_length_is_refused(output, duration_ms):
    with pytest.raises(ValueError, match="1 to 60000"):
        output.pulse(duration_ms)


def test_a_door_without_output_does_nothing():
    output = NoOutput()
    output.open()
    output.pulse(4000)
    output.close()
    assert output.label == "no door output"


@pty_only
def test_real_port_and_real_timer_send_off_on_off_and_leave_no_thread(terminal):
    board_end, port = terminal
    before = set(threading.enumerate())
    relay = SerialRelay(port)
    relay.open()
    relay.pulse(20)
    assert heard(board_end, 12) == OFF + ON + OFF
    relay.close()
    assert heard(board_end, 4) == OFF
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
        assert not thread.is_alive()


@pty_only
def test_closing_ends_a_long_pulse_on_a_real_port(terminal):
    board_end, port = terminal
    before = threading.active_count()
    relay = SerialRelay(port)
    relay.pulse(60_000)
    relay.close()
    assert heard(board_end, 12) == OFF + ON + OFF
    assert threading.active_count() == before


@pty_only
def test_a_real_port_is_not_shared(terminal):
    _, port = terminal
    relay = SerialRelay(port)
    relay.open()
    with pytest.raises(DoorFault, match="does not answer; check its USB cable, or what else uses the port"):
        SerialRelay(port).open()
    relay.close()


@pty_only
def test_a_real_port_that_vanishes_is_a_door_fault(terminal):
    board_end, port = terminal
    relay = SerialRelay(port)
    relay.open()
    board_end.close()
    with pytest.raises(DoorFault):
        relay.pulse(1000)
    relay.close()


@pty_only
@pytest.mark.parametrize("path", ["/dev/null", "/dev/does-not-exist"])
def test_what_is_no_serial_port_is_a_door_fault(path):
    with pytest.raises(DoorFault):
        SerialRelay(path).open()


@pty_only
@pytest.mark.parametrize("ending", ["pass", "raise RuntimeError('bug')", "sys.exit(3)"])
def test_a_program_that_ends_during_a_pulse_de_energises(terminal, ending):
    board_end, port = terminal
    program = (
        f"import sys; from faceguard.door.serial_relay import SerialRelay; SerialRelay({port!r}).pulse(60000); {ending}"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=False)
    assert done.returncode == {"pass": 0, "sys.exit(3)": 3}.get(ending, 1)
    assert heard(board_end, 12) == OFF + ON + OFF
