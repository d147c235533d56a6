"""USB relay boards of the LCUS kind (CH340 serial chip), one to eight channels.

A command is four bytes at 9600 baud, 8N1: ``A0``, channel, state (01 on, 00 off), and the low byte of the sum of the
three. ``A0 01 01 A2`` energises channel 1, ``A0 01 00 A1`` lets it go. The board does not answer and keeps its state
when the port is closed, so every way out of a pulse has to send the second one.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, cast

import serial

from faceguard.domain.errors import DoorFault
from faceguard.door.output import checked_duration

BAUD: Final = 9_600
WRITE_TIMEOUT_S: Final = 0.5
RETRY_S: Final = 0.5
"""Pause between two tries to de-energise a relay that could not be reached."""
CHANNELS: Final = range(1, 9)

try:
    import termios
except ImportError:  # not on Windows
    _TERMINAL_ERRORS: tuple[type[Exception], ...] = ()
else:
    _TERMINAL_ERRORS = (termios.error,)
    """What pyserial passes on raw while a USB port comes and goes; no ``OSError``."""

_log = logging.getLogger(__name__)


class SerialPort(Protocol):
    """The part of ``serial.Serial`` that is used; failures are ``OSError``."""

    def write(self, data: bytes, /) -> int | None:
        """Sends all of it."""
        ...

    def close(self) -> None:
        """Lets the port go."""
        ...


class Timer(Protocol):
    """The part of ``threading.Timer`` that is used."""

    def start(self) -> None:
        """Begins to count."""
        ...

    def cancel(self) -> None:
        """Does not fire, if it has not yet."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Waits until it is over."""
        ...


def connect_serial(port: str) -> SerialPort:
    """Opens a serial port for this program alone.

    Raises:
        OSError, ValueError: missing, busy, forbidden, or not a serial port.
    """
    try:
        opened = serial.Serial(port, BAUD, write_timeout=WRITE_TIMEOUT_S, timeout=WRITE_TIMEOUT_S, exclusive=True)
    except _TERMINAL_ERRORS as error:
        raise OSError(*error.args) from error
    return cast(SerialPort, opened)


def daemon_timer(delay_s: float, action: Callable[[], None]) -> Timer:
    """A timer that does not hold up the program's end; ``close`` at exit lets the relay go then."""
    timer = threading.Timer(delay_s, action)
    timer.daemon = True
    timer.name = "door relay"
    return timer


def relay_command(channel: int, energised: bool) -> bytes:
    """The four bytes that switch one channel."""
    head = bytes((0xA0, channel, int(energised)))
    return head + bytes((sum(head) & 0xFF,))


class SerialRelay:
    """One channel of a relay board, energised for a fixed time and otherwise not.

    1. ``open`` connects and sends *off*.
    2. ``pulse`` sets the timer of the end first and sends *on* second, so nothing that happens in between can leave
       the relay on.
    3. The timer's thread sends *off*. When that fails, the port is opened anew, and this is repeated until it succeeds.
    4. ``close`` sends *off* too, at the latest when the program ends (``atexit``).

    All methods may be called from any thread.

    Args:
        port: as ``/dev/ttyUSB0`` or ``COM3``.
        channel: 1 to 8.
        on_fault: told when the relay could not be de-energised, from the timer's thread.
        connect: opens a port.
        new_timer: makes an unstarted timer of so many seconds.

    Raises:
        ValueError: no such channel.
    """

    def __init__(
        self,
        port: str,
        *,
        channel: int = 1,
        on_fault: Callable[[DoorFault], None] | None = None,
        connect: Callable[[str], SerialPort] = connect_serial,
        new_timer: Callable[[float, Callable[[], None]], Timer] = daemon_timer,
    ) -> None:
        if channel not in CHANNELS:
            raise ValueError(f"a relay board has channels 1 to 8, not {channel}")
        self._name = port
        self._on = relay_command(channel, True)
        self._off = relay_command(channel, False)
        self._on_fault = on_fault
        self._connect = connect
        self._new_timer = new_timer
        self._lock = threading.RLock()
        self._port: SerialPort | None = None
        self._timer: Timer | None = None
        self._pulse = 0
        self._off_owed = False
        self.label = f"relay {channel} at {port}" if port else "relay without a port"

    def open(self) -> None:
        """Connects and de-energises.

        Raises:
            DoorFault: no port chosen, missing, busy, forbidden, or no serial port.
        """
        with self._lock:
            atexit.unregister(self.close)
            atexit.register(self.close)
            self._release_port()
            self._send(self._off)
            self._off_owed = False

    def pulse(self, duration_ms: int) -> None:
        """Energises for ``duration_ms`` milliseconds from now, whatever pulse was running; returns at once.

        Raises:
            DoorFault: *on* could not be sent, even after opening the port anew; *off* is sent as soon as possible.
            ValueError: the length is not 1 to 60000.
        """
        checked_duration(duration_ms)
        with self._lock:
            if self._port is None:
                self.open()
            self._end_after(duration_ms / 1000)
            self._off_owed = True
            try:
                self._send(self._on)
            except BaseException:
                # Part of the command may have arrived; the timer tries again where this fails.
                self._try_off()
                raise

    def close(self) -> None:
        """De-energises, lets the port go and ends the timer's thread; may be called twice, and before ``open``."""
        with self._lock:
            atexit.unregister(self.close)
            self._pulse += 1
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if self._off_owed or self._port is not None:
                fault = self._try_off()
                if fault is not None:
                    _log.error("%s (%s)", fault.sentence, fault.detail)
            self._off_owed = False
            self._release_port()
        # Outside the lock, which a timer that just fired waits for; and never a thread for itself.
        caller: object = threading.current_thread()
        if timer is not None and timer is not caller:
            timer.join(2 * WRITE_TIMEOUT_S)

    def _end_after(self, delay_s: float, *, again: bool = False) -> None:
        """Sets the one timer anew; an older one that already fired finds that its pulse is over."""
        self._pulse += 1
        if self._timer is not None:
            self._timer.cancel()
        pulse = self._pulse
        timer = self._new_timer(delay_s, lambda: self._end(pulse, again))
        timer.start()
        self._timer = timer

    def _end(self, pulse: int, again: bool) -> None:
        """The timer's step: *off*, again and again until it is sent; the first failure of a pulse is reported."""
        with self._lock:
            if pulse != self._pulse:
                return
            self._timer = None
            try:
                fault = self._try_off()
            except Exception:
                self._end_after(RETRY_S, again=True)  # a bug ends the thread, never the trying
                raise
            if fault is not None:
                self._end_after(RETRY_S, again=True)
        if fault is not None and not again:
            _log.error("%s (%s)", fault.sentence, fault.detail)
            if self._on_fault is not None:
                self._on_fault(fault)

    def _try_off(self) -> DoorFault | None:
        try:
            self._send(self._off)
        except DoorFault as fault:
            return fault
        self._off_owed = False
        return None

    def _send(self, command: bytes) -> None:
        """Sends a command; a port that was lost meanwhile is opened anew once.

        Raises:
            DoorFault: it could not be sent.
        """
        if self._port is not None:
            try:
                self._port.write(command)
                return
            except (OSError, ValueError):
                self._release_port()
        try:
            if not self._name:
                raise DoorFault("No port is chosen for the door relay; choose one in the settings.")
            self._port = self._connect(self._name)
            self._port.write(command)
        except (OSError, ValueError) as error:
            self._release_port()
            raise DoorFault(_sentence(self._name, error), str(error)) from error

    def _release_port(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with suppress(OSError):
                port.close()


def _sentence(port: str, error: OSError | ValueError) -> str:
    kind = error.errno if isinstance(error, OSError) else None
    if kind == 2 or isinstance(error, FileNotFoundError):
        return f"The door relay at {port} is not there; check its USB cable or choose another port."
    if kind == 13 or isinstance(error, PermissionError):
        return f'This account may not use the door relay at {port}; add it to the group "dialout".'
    return f"The door relay at {port} does not answer; check its USB cable, or what else uses the port."
