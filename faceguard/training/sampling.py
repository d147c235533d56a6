"""Balanced batches: P people, K photos of each (Hermans et al., "In Defense of the Triplet Loss", 2017).

A loss over pairs needs two photos of one person in a batch. Photos drawn at random from thousands of people hardly ever
hold any, and the people with many photos would fill what there is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.errors import FaceguardError


def require_pairs(labels: ArrayLike) -> int:
    """How many people have two photos or more.

    Raises:
        FaceguardError: fewer than two, so that there is nothing to learn a distance from; says how many.
    """
    people, counts = np.unique(np.asarray(labels), return_counts=True)
    several = int(np.count_nonzero(counts >= 2))
    if several >= 2:
        return several
    having = "nobody has" if several == 0 else "only 1 person has"
    raise FaceguardError(
        f"Metric learning compares photos of one person, and {having} two photos or more here ({len(people)} people, "
        f"{int(counts.sum())} photos; at least 2 people are needed). Add photos, or train by classification or "
        "distillation."
    )


class BalancedSampler:
    """Batches of P x K photos, without end.

    1. People with two photos or more are gone through in a random order; each comes once before anybody comes again.
    2. Of each, K photos: the person's own photos are gone through in a random order likewise. Who has fewer than K
       comes with repeated photos, each as often as the others, give or take one.

    People with one photo take no part. The same seed gives the same batches; ``state`` and ``resume`` go on where a run
    was killed.

    Args:
        labels: (n,) whose photo each is.
        people: P >= 2; when fewer have two photos, all of them are taken.
        photos: K >= 2.
        seed: of the order.

    Raises:
        FaceguardError: fewer than two people have two photos.
    """

    def __init__(self, labels: ArrayLike, people: int, photos: int, seed: int = 0) -> None:
        if people < 2 or photos < 2:
            raise ValueError("a batch holds two people and two photos of each, at least")
        who = np.asarray(labels)
        several = require_pairs(who)
        owners, counts = np.unique(who, return_counts=True)
        self.people = min(people, several)
        self.photos = photos
        self._rows = [np.flatnonzero(who == owner) for owner in owners[counts >= 2]]
        self._chance = np.random.default_rng(seed)
        self._queue: list[int] = []
        self._queues: list[list[int]] = [[] for _ in self._rows]

    def batch(self) -> NDArray[np.int64]:
        """The next one: (P K,) int64 rows, person by person."""
        people = self._take(self._queue, list(range(len(self._rows))), self.people)
        rows = [self._take(self._queues[p], self._rows[p].tolist(), self.photos) for p in people]
        return np.array(rows, np.int64).reshape(-1)

    def state(self) -> dict[str, Any]:
        """Where it is, as JSON values."""
        return {
            "random": self._chance.bit_generator.state,
            "people": list(self._queue),
            "photos": [list(queue) for queue in self._queues],
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Goes on from a ``state``.

        Raises:
            FaceguardError: it belongs to other photos.
        """
        queue, queues = [int(p) for p in state["people"]], [[int(row) for row in q] for q in state["photos"]]
        fits = len(queues) == len(self._rows) and set(queue) <= set(range(len(self._rows)))
        if not fits or not all(set(q) <= set(rows.tolist()) for q, rows in zip(queues, self._rows, strict=True)):
            raise FaceguardError("The order of the batches was saved for other photos; begin the run anew.")
        self._chance.bit_generator.state = state["random"]
        self._queue, self._queues = queue, queues

    def _take(self, queue: list[int], items: list[int], wanted: int) -> list[int]:
        """The next ones of a queue that goes through the items in rounds of random order; takes them out of it.

        Where one round ends and the next begins, an item that was just taken is passed over until all others have been.
        """
        taken: list[int] = []
        while len(taken) < wanted:
            recent = taken[len(taken) - len(taken) % len(items) :]
            place = next((i for i, item in enumerate(queue) if item not in recent), None)
            if place is None:
                queue += self._chance.permutation(items).tolist()
            else:
                taken.append(queue.pop(place))
        return taken
