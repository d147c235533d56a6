"""Encoders of several runs side by side, on the same people that none of them was trained on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError
from faceguard.training.distil import MOST_MEASURED, encoder_crops, load_run
from faceguard.training.face_set import FaceSet
from faceguard.training.loop import AVERAGED, PLAIN
from faceguard.training.recipe import Recipe
from faceguard.training.run import CURVES
from faceguard.training.teacher import unit_embeddings
from faceguard.training.verification import accepted_by_person, embed

KINDS: Final = {"averaged": AVERAGED, "plain": PLAIN}
"""Weights of a run, and their file."""
_BATCH: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One encoder on the development part, with mirror averaging.

    Attributes:
        folder: of the run.
        weights: a key of ``KINDS``.
        recipe: of the run.
        samples: pictures it was trained on, repetitions counted.
        accepted: of each FMR, for each person the genuine pairs that lie within its tau.
        pairs: (P,) genuine pairs of each person.
        cosine: mean to the teacher's embedding of the same crop; None without a teacher.
    """

    folder: Path
    weights: str
    recipe: Recipe
    samples: int
    accepted: Mapping[float, NDArray[np.int64]]
    pairs: NDArray[np.int64]
    cosine: float | None

    def tpr(self, fmr: float) -> float:
        """Share of the genuine pairs that are accepted at this FMR."""
        return float(self.accepted[fmr].sum() / self.pairs.sum())


def compare(
    faces: FaceSet, folders: Sequence[Path], rates: Sequence[float], teacher: Path | None = None
) -> Iterator[Compared]:
    """Measures each run that has encoder weights: first the averaged, then the plain ones where they were kept.

    Args:
        faces: prepared; its development part is measured on.
        folders: of runs.
        rates: FMR.
        teacher: ONNX encoder to whose embeddings they are compared.

    Raises:
        FaceguardError: a folder without a run, a run of another network, or nobody with two photos in the
            development part.
    """
    held = np.flatnonzero(~faces.train & (faces.people != ""))[:MOST_MEASURED]
    people = faces.people[held]
    if len(held) == len(set(people)):
        raise FaceguardError(
            f"Nobody of the development part of {faces.folder} has two photos, so nothing can be compared: prepare "
            f"a set that keeps people apart, for example lfw_dev=0.5."
        )
    crops = encoder_crops(faces, held)
    wanted = None if teacher is None else _answers(teacher, crops)
    for folder in folders:
        for name, file in KINDS.items():
            if name != "averaged" and not (folder / file).exists():
                continue  # metric learning keeps the averaged ones of its last stage
            recipe, net = load_run(folder, file)
            if recipe.student != "encoder":
                raise FaceguardError(f"{folder} is a run of the {recipe.student}; only encoders can be compared.")
            found = embed(net, crops, mirror=True)
            counts = {rate: accepted_by_person(found, people, rate) for rate in rates}
            yield Compared(
                folder=folder,
                weights=name,
                recipe=recipe,
                samples=recipe.batch * _steps(folder),
                accepted={rate: accepted for rate, (accepted, _) in counts.items()},
                pairs=next(iter(counts.values()))[1],
                cosine=None if wanted is None else float((found * wanted).sum(1).mean()),
            )


def options_beside(recipe: Recipe, other: Recipe) -> dict[str, Any]:
    """What a recipe does otherwise than another: network options, steps, batch, rate, average, seed, stages."""
    ours, theirs = recipe.config(), other.config()
    own = {name: value for name, value in ours["options"].items() if theirs["options"].get(name) != value}
    plan = ("steps", "minutes", "batch", "rate", "average", "seed", "stages")
    return {**own, **{name: ours[name] for name in plan if ours[name] != theirs[name]}}


def _answers(teacher: Path, crops: NDArray[np.uint8]) -> NDArray[np.floating]:
    """(n, D) unit rows of RGB crops, the mean of crop and mirror image."""
    answer = unit_embeddings(teacher)
    parts = [crops[i : i + _BATCH, ..., ::-1] for i in range(0, len(crops), _BATCH)]
    rows = np.concatenate([answer(part) + answer(part[:, :, ::-1]) for part in parts])
    found: NDArray[np.floating] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def _steps(folder: Path) -> int:
    """Steps that a run's curves tell of, those of its stages together."""
    total = 0
    for file in (folder / CURVES, *sorted(folder.glob(f"*/{CURVES}"))):
        try:
            with file.open(newline="", encoding="utf-8") as stream:
                total += max((int(row["step"]) for row in csv.DictReader(stream)), default=0)
        except (OSError, ValueError, KeyError) as error:
            raise FaceguardError(f"The curves {file} cannot be read.", str(error)) from error
    return total
