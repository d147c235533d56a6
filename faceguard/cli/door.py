"""The door: window, kiosk, without a window, and as a demonstration."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.store.audit_log import WOULD_GRANT, AuditEvent

source_option = click.option(
    "--source", help="Camera number or path, stream address, video file, or folder of pictures (else the setting)."
)
fps_option = click.option("--fps", type=click.FloatRange(0.1, 240), help="Pictures a second of a file or folder.")


@click.command()
@click.option("--shots", type=click.Path(file_okay=False, path_type=Path), help="Save a PNG of the window per verdict.")
@json_option
@click.pass_context
def demo(context: click.Context, shots: Path | None, json_: bool) -> None:
    """Play five scenes through the real door, with simulated people; needs no camera and no screen.

    Exit code 1 when any verdict is not the expected one.
    """
    from faceguard.app.screen import log_qt_messages
    from faceguard.demo.play import play

    log_qt_messages()
    passed = play(shots, as_json if json_ else None)
    context.exit(0 if passed else 1)


@click.command()
@source_option
@fps_option
@click.option("--headless", is_flag=True, help="No window: one line per event; a file ends with its last picture.")
@json_option
@click.pass_obj
def run(context: Context, source: str | None, fps: float | None, headless: bool, json_: bool) -> None:
    """The desktop window: door, people, settings."""
    context.keep_log()
    if not headless:
        from faceguard.app import run_desktop

        run_desktop(context.house, source, fps)
        return
    from faceguard.headless import watch

    if context.house.settings().switch("door.shadow"):
        click.echo("faceguard: Shadow mode is on: nothing opens.", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        watch(context.house, source, fps, _say_json if json_ else _say, recording=_is_file(source))


@click.command()
@source_option
@fps_option
@click.pass_obj
def kiosk(context: Context, source: str | None, fps: float | None) -> None:
    """The door full screen; leaving it takes the admin PIN."""
    context.keep_log()
    from faceguard.app import run_kiosk

    run_kiosk(context.house, source, fps)


def _said(event: AuditEvent) -> str:
    return WOULD_GRANT if event.shadow and event.decision == "grant" else event.decision


def _is_file(source: str | None) -> bool:
    return source is not None and not source.startswith("/dev/") and Path(source).exists()


def _say_json(event: AuditEvent, _notice: str) -> None:
    as_json(
        {
            "decision": _said(event),  # whoever opens something on "grant" must not do so in shadow mode
            "subject": event.subject_name,
            "reason": event.detail if event.decision == "fault" else event.reason,
            "distance": event.distance,
            "tau": event.tau,
            "frames": event.frames,
            "ms": round(event.ms, 1),
            **({"shadow": True} if event.shadow else {}),
        }
    )


def _say(event: AuditEvent, notice: str) -> None:
    who = f" {event.subject_name}" if event.subject_name else ""
    why = f" ({event.detail or event.reason})" if event.detail or event.reason else ""
    numbers = "" if event.distance is None or event.tau is None else f", d {event.distance:.3f}, tau {event.tau:.3f}"
    click.echo(f"{_said(event)}{who}{why}{numbers}, {event.frames} frames, {event.ms:.0f} ms")
    if notice:
        click.echo(f"faceguard: {notice}", err=True)
