"""What a distilled network is made of and how: enough to make it again.

A recipe file (``models/recipes.toml``) holds one table for each bundled network::

    [[recipe]]
    card = "landmarks_s"
    student = "landmarks"
    teachers = ["<sha256 of the teacher's file>"]
    data = "<digest of the training part>"
    steps = 5900
    ...
    [recipe.options]
    width = 24
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from faceguard.domain.errors import FaceguardError

STUDENTS: Final = ("encoder", "detector", "landmarks", "pad")

OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "encoder": {
        "channels": [24, 48, 96, 256],
        "blocks": [2, 3, 10, 2],
        "length": 128,
        "prelu": False,
        "mixed": 0.5,
        "relations": 10.0,
        "strength": 1.0,
    },
    "detector": {"width": 72, "side": 256},
    "landmarks": {"width": 24},
    "pad": {"width": 16, "crop_scale": 2.7, "fresh": 0.125, "attacks": 0.55},
}
"""Options of each student and what they are when nothing is said: see ``networks`` and the ``distil_*`` modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one network is distilled.

    Attributes:
        student: one of ``STUDENTS``.
        steps, batch, rate, average, seed: see ``loop.Plan``; ``steps`` is None where only the time counted.
        minutes: of training; None where only the steps count.
        options: of the student, see ``OPTIONS``; what is left out is as there.
        card: id of the network that was made by it; empty for a new one.
        teachers: SHA-256 of the teachers' files; empty for a new one.
        data: digest of the training part; empty for a new one.
        note: machine, time and what else a reader wants to know.
        stages: of metric learning, in words; empty for a distillation.
        processes: that train together, each with a ``batch`` of its own.
    """

    student: str
    steps: int | None = None
    minutes: float | None = None
    batch: int = 128
    rate: float = 2e-3
    average: float = 0.999
    seed: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""
    teachers: tuple[str, ...] = ()
    data: str = ""
    note: str = ""
    stages: tuple[str, ...] = ()
    processes: int = 1

    def __post_init__(self) -> None:
        if self.student not in STUDENTS:
            raise FaceguardError(f"There is no student '{self.student}'; there are: {', '.join(STUDENTS)}.")
        unknown = sorted(set(self.options) - set(OPTIONS[self.student]))
        if unknown:
            raise FaceguardError(
                f"The {self.student} has no option '{unknown[0]}'; it has: {', '.join(OPTIONS[self.student])}."
            )
        if self.steps is None and self.minutes is None:
            raise FaceguardError("A recipe says for how many steps or how many minutes to train.")
        if self.batch < 2 or self.rate <= 0 or not 0 <= self.average < 1:
            raise FaceguardError("A recipe has a batch of two or more, a learning rate above 0 and an average below 1.")

    def option(self, name: str) -> Any:
        """The option's value, or what it is when nothing is said."""
        return self.options.get(name, OPTIONS[self.student][name])

    def config(self) -> dict[str, Any]:
        """All that decides the outcome, as JSON values."""
        merged = {name: self.option(name) for name in OPTIONS[self.student]}
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if self.processes == 1:  # runs of earlier versions do not tell it
            del fields["processes"]
        return {**fields, "options": merged, "teachers": list(self.teachers), "stages": list(self.stages)}


def read_recipes(path: Path) -> tuple[Recipe, ...]:
    """All recipes of a file.

    Raises:
        FaceguardError: unreadable, no TOML, or a recipe in it is not valid.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FaceguardError(f"The recipes {path} cannot be read.", str(error)) from error
    known = {f.name for f in dataclasses.fields(Recipe)}
    recipes = []
    for table in document.get("recipe", []):
        wrong = sorted(set(table) - known)
        if wrong or "student" not in table:
            raise FaceguardError(f"A recipe in {path} has {f'no key {wrong[0]!r}' if wrong else 'to name a student'}.")
        recipes.append(Recipe(**{**table, "teachers": tuple(table.get("teachers", ()))}))
    return tuple(recipes)
