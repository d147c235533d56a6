"""What a door in shadow mode would have done, from its events: the numbers to start with.

An attempt ends with a grant or a deny; the question for the PIN that came before belongs to it. Whoever was asked is
counted as asked, whatever came of it, so the three shares add up to all attempts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from faceguard.domain.decision import LIVENESS_DENIES, AskReason, DenyReason, Gate
from faceguard.evaluation.error_rates import Share, clopper_pearson
from faceguard.evaluation.genuine import ENOUGH_GENUINE, GenuineScores, ScoreDomain
from faceguard.genuine_events import attempts_of_staff
from faceguard.store.audit_log import AuditEvent
from faceguard.store.event_labels import EventLabel, LabelKind, visits
from faceguard.what_if import answers

WEEK: Final = 7
"""Days that show a door as it is: with its Monday morning and its weekend."""
ENOUGH_STRANGERS: Final = 30
"""Of so many, none let in says: at most one in ten (95 %)."""
ONE_SIDED: Final = 0.90
"""The two-sided interval of this confidence has the one-sided 95 % bound as its upper end."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person's stay before the door, as far as the log tells.

    Attributes:
        ask: the question for the PIN, if there was one.
        end: the grant or deny; None where a question was never answered.
    """

    ask: AuditEvent | None
    end: AuditEvent | None

    @property
    def time(self) -> datetime:
        """When it was first decided about."""
        first = self.ask or self.end
        assert first is not None
        return first.time

    @property
    def opened(self) -> bool:
        """The door would have opened."""
        return self.end is not None and self.end.decision == "grant"

    @property
    def named(self) -> bool:
        """The face alone was taken for somebody, or the door would have opened."""
        return self.ask is not None or self.opened

    @property
    def attack(self) -> bool:
        """Liveness refused it."""
        return self.end is not None and self.end.decision == "deny" and self.end.reason in LIVENESS_DENIES

    @property
    def events(self) -> tuple[AuditEvent, ...]:
        """Its one or two events, the last one first."""
        return tuple(event for event in (self.end, self.ask) if event is not None)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's attempts: would open, would ask, would stay shut."""

    day: date
    opened: int
    asked: int
    denied: int


@dataclass(frozen=True, slots=True)
class Named:
    """An enrolled person."""

    subject_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What there is of what it takes."""

    have: int
    wanted: int
    what: str

    @property
    def enough(self) -> bool:
        """Nothing is missing of it."""
        return self.have >= self.wanted

    def __str__(self) -> str:
        return f"{self.have} of {self.wanted} {self.what}"


@dataclass(frozen=True, slots=True)
class Labels:
    """What the desk's labels say.

    Attributes:
        stranger_attempts: labelled as strangers, but for the attacks.
        let_in: strangers whom the door would have let in, of all of them; people, not attempts (see ``visits``).
        asked: strangers who were taken for somebody and would have needed a PIN.
        staff_attempts: labelled as a member of staff.
        sent_back: of these, the door would have stayed shut.
        false_accepts: numbers of the grants that were a stranger's, or another person's.
        open_denies: denied attempts without a label.
        attacks: labelled as strangers whom liveness refused; whether the search would have let them in is not asked.
    """

    stranger_attempts: int
    let_in: Share
    asked: int
    staff_attempts: int
    sent_back: int
    false_accepts: tuple[int, ...]
    open_denies: int
    attacks: int = 0

    @property
    def at_most(self) -> float:
        """One-sided 95 % upper bound of the share of strangers let in; 1 without any."""
        return clopper_pearson(self.let_in.k, self.let_in.n, ONE_SIDED)[1] if self.let_in.n else 1.0

    @property
    def stranger_words(self) -> str:
        """``Of 12 labelled strangers 0 would have been let in: at most 22 % ...``; empty without any."""
        k, n = self.let_in.k, self.let_in.n
        if not n:
            return ""
        who = "1 labelled stranger" if n == 1 else f"{n} labelled strangers"
        tries = f" ({self.stranger_attempts} attempts)" if self.stranger_attempts > n else ""
        words = f"Of {who}{tries} {k} would have been let in: at most {_at_most(self.at_most)} of strangers."
        if self.asked:
            asked = "1 was" if self.asked == 1 else f"{self.asked} were"
            words += f" {asked} taken for somebody and asked for a PIN."
        return words

    @property
    def attack_words(self) -> str:
        """How many labelled strangers liveness refused; empty without any."""
        n = self.attacks
        if not n:
            return ""
        who = "1 attempt labelled as a stranger's was" if n == 1 else f"{n} attempts labelled as strangers' were"
        return f"{who} refused by the liveness check, not by the face; they are not counted among the strangers."

    @property
    def staff_words(self) -> str:
        """How many of the labelled staff the door would have sent back; empty without any."""
        n = self.staff_attempts
        if not n:
            return ""
        tries = "1 attempt" if n == 1 else f"{n} attempts"
        return f"Of {tries} labelled as staff the door would have stayed shut at {self.sent_back}."

    @property
    def false_accept_words(self) -> str:
        """The worst that labels can say; empty where they do not."""
        n = len(self.false_accepts)
        if not n:
            return ""
        grants = "1 grant was a false accept" if n == 1 else f"{n} grants were false accepts"
        return f"{grants}, by the desk's labels: the door would have let in a stranger, or somebody as another person."


@dataclass(frozen=True, slots=True)
class ShadowSummary:
    """Shadow mode over some days.

    Attributes:
        first, last: of the events decided in shadow mode; None without any.
        opened, asked, denied: of all attempts.
        asked_opened: of those asked, whom the right PIN would have let in.
        ask_reasons, deny_reasons: with how often, most frequent first.
        days: every day from the first to the last, local dates.
        distances: nearest distance d of the denied searches, but for those that liveness refused; ascending.
        tau: the newest one of them; None where none was searched.
        tau_changed: there were several.
        seen, unseen: enrolled people whom the door recognised at least once, and never.
        labels: what the desk's labels say.
        genuine: distances of people to their own templates.
        faults: times that the door was out of service.
        other_encoders: events of another encoder than the present one; left out of all the above.
        missing: what it takes before it says enough.
    """

    first: datetime | None
    last: datetime | None
    opened: Share
    asked: Share
    denied: Share
    asked_opened: Share
    ask_reasons: tuple[tuple[AskReason | str, int], ...]
    deny_reasons: tuple[tuple[DenyReason | str, int], ...]
    days: tuple[Day, ...]
    distances: tuple[float, ...]
    tau: float | None
    tau_changed: bool
    seen: tuple[Named, ...]
    unseen: tuple[Named, ...]
    labels: Labels
    genuine: int
    faults: int
    other_encoders: int
    missing: tuple[Missing, ...]

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.opened.n


def summary(
    events: Sequence[AuditEvent],
    labels: Mapping[int, EventLabel],
    people: Mapping[int, str],
    encoder_id: str,
    *,
    labelling: bool,
) -> ShadowSummary:
    """Sum up what was decided in shadow mode.

    Args:
        events: oldest first; whatever was not decided in shadow mode is passed over.
        labels: by the event's number.
        people: whom the door can recognise: number and name.
        encoder_id: what the present distances belong to, as text: the encoder, and the comparison used with it.
        labelling: the admin lets the desk label events.
    """
    shadowed = [event for event in events if event.shadow]
    ours = [event for event in shadowed if event.encoder_id == encoder_id]
    attempts = attempts_of(ours)
    asked = [a for a in attempts if a.ask is not None]
    alone = [a for a in attempts if a.ask is None]
    opened = sum(a.opened for a in alone)
    n = len(attempts)
    denies = [a.end for a in alone if a.end is not None and not a.opened]
    searched = [e for e in denies if e.distance is not None and not e.refused_one and e.reason not in LIVENESS_DENIES]
    taus = [e.tau for e in ours if e.tau is not None and Gate.PIN not in e.gates and not e.refused_one]
    recognised = {e.subject_id for e in ours if e.decision == "grant" or e.reason == AskReason.LIVENESS_UNPROVEN}
    domains = dict.fromkeys(people, ScoreDomain.PHOTO_LIVE)  # which one does not matter for a number
    said_by_desk = {number: label.subject_id for number, label in labels.items()}
    genuine = GenuineScores(attempts_of_staff(ours, encoder_id, domains, said_by_desk).scores).known
    said = _labels(attempts, labels)
    days = _days(attempts)
    wanted = [Missing(len(days), WEEK, "days"), Missing(genuine, ENOUGH_GENUINE, "genuine scores")]
    if labelling:
        wanted.append(Missing(said.let_in.n, ENOUGH_STRANGERS, "labelled strangers"))
    by_name = sorted((name, number) for number, name in people.items())
    return ShadowSummary(
        first=shadowed[0].time if shadowed else None,
        last=shadowed[-1].time if shadowed else None,
        opened=Share(opened, n),
        asked=Share(len(asked), n),
        denied=Share(len(alone) - opened, n),
        asked_opened=Share(sum(a.opened for a in asked), len(asked)),
        ask_reasons=_counted(a.ask.reason for a in asked if a.ask is not None),
        deny_reasons=_counted(e.reason for e in denies),
        days=days,
        distances=tuple(sorted(e.distance for e in searched if e.distance is not None)),
        tau=taus[-1] if taus else None,
        tau_changed=len(set(taus)) > 1,
        seen=tuple(Named(number, name) for name, number in by_name if number in recognised),
        unseen=tuple(Named(number, name) for name, number in by_name if number not in recognised),
        labels=said,
        genuine=genuine,
        faults=sum(e.decision == "fault" for e in shadowed),
        other_encoders=len([e for e in shadowed if e.decision != "fault"])
        - len([e for e in ours if e.decision != "fault"]),
        missing=tuple(wanted),
    )


def attempts_of(events: Iterable[AuditEvent]) -> list[Attempt]:
    """The attempts of one door.

    Args:
        events: oldest first; other events than grants, asks and denies are passed over.
    """
    found: list[Attempt] = []
    ask: AuditEvent | None = None
    for event in events:
        if event.decision not in ("grant", "ask", "deny"):
            continue
        if ask is not None and not answers(ask, event):
            found.append(Attempt(ask, None))
            ask = None
        if event.decision == "ask":
            ask = event
        else:
            found.append(Attempt(ask, event))
            ask = None
    return [*found, Attempt(ask, None)] if ask is not None else found


def _at_most(share: float) -> str:
    """An upper bound in percent, rounded up: it promises no less than is known, and never 0 %."""
    percent = min(100.0, 100.0 * share)
    return f"{math.ceil(percent * 10 - 1e-9) / 10:.1f} %" if percent < 10.0 else f"{math.ceil(percent - 1e-9)} %"


def _counted(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def _days(attempts: Sequence[Attempt]) -> tuple[Day, ...]:
    """Days without an attempt are days too: a weekend belongs to a week."""
    if not attempts:
        return ()
    by_day: dict[date, list[Attempt]] = {}
    for attempt in attempts:
        by_day.setdefault(attempt.time.astimezone().date(), []).append(attempt)
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return tuple(
        Day(
            day,
            sum(a.ask is None and a.opened for a in by_day.get(day, ())),
            sum(a.ask is not None for a in by_day.get(day, ())),
            sum(a.ask is None and not a.opened for a in by_day.get(day, ())),
        )
        for day in days
    )


def _labels(attempts: Sequence[Attempt], labels: Mapping[int, EventLabel]) -> Labels:
    def label(attempt: Attempt) -> EventLabel | None:
        return next((found for e in attempt.events if (found := labels.get(e.event_id or 0)) is not None), None)

    labelled = [(attempt, found) for attempt in attempts if (found := label(attempt)) is not None]
    nobody = [attempt for attempt, found in labelled if found.kind is LabelKind.STRANGER]
    strangers = [attempt for attempt in nobody if not attempt.attack]
    staff = [attempt for attempt, found in labelled if found.kind is LabelKind.STAFF]
    people = visits(strangers)
    wrong = [
        attempt.end.event_id or 0
        for attempt, found in labelled
        if attempt.end is not None and attempt.opened and found.subject_id != attempt.end.subject_id
    ]
    return Labels(
        stranger_attempts=len(strangers),
        attacks=len(nobody) - len(strangers),
        let_in=Share(sum(any(a.opened for a in visit) for visit in people), len(people)),
        asked=sum(any(a.ask is not None for a in visit) for visit in people),
        staff_attempts=len(staff),
        sent_back=sum(not a.opened for a in staff),
        false_accepts=tuple(wrong),
        open_denies=sum(not a.opened and label(a) is None for a in attempts),
    )
