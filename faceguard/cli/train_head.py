"""Learns how to compare two embeddings, and says what that is worth for people it never saw."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import click
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.photo_bench import Bench, cache_folder, cache_options, encoder_options, open_bench, photo_files
from faceguard.domain.card import OperatingPoint
from faceguard.domain.errors import FaceguardError
from faceguard.domain.head_card import HeadCard
from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.evaluation.comparison import all_pairs, pair_distances
from faceguard.evaluation.datasets import read_identity_folder, read_pairs
from faceguard.evaluation.error_rates import Comparisons
from faceguard.evaluation.identification import rated_curve, rated_size, search_galleries
from faceguard.evaluation.impostor_fit import fit_impostor_model
from faceguard.evaluation.open_set import halves
from faceguard.evaluation.side_by_side import SQUARED, Judged, compared_answer, compared_lines
from faceguard.models.heads import SUFFIX, write_head

if TYPE_CHECKING:
    from faceguard.training.head import LabelledPairs

RATES: Final = (1e-2, 1e-3, 1e-4, 1e-5)
DECIDES: Final = 1e-4
"""FMR at which the verdict is given; a greater one where the pairs show no smaller."""
GALLERIES: Final = (25, 50, 100, 200, 500, 1000, 2000, 5000)
"""People in the galleries from which the rated size is read, as far as there are people."""


class Half(Protocol):
    """Half of the people, with their pairs."""

    @property
    def matrix(self) -> NDArray[np.float32]:
        """(n, D) unit rows."""

    @property
    def people(self) -> int:
        """How many."""

    def training_pairs(self, seed: int) -> LabelledPairs:
        """Pairs to learn from."""

    def judged(self, head: SimilarityHead | None) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]:
        """Genuine distances, whose they are, impostor distances."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownPeople:
    """Of identity folders: everybody against everybody."""

    matrix: NDArray[np.float32]
    person: NDArray[np.int64]

    @property
    def people(self) -> int:
        """How many."""
        return int(np.unique(self.person).size)

    def training_pairs(self, seed: int) -> LabelledPairs:
        """All of one person, the nearest others, and others by chance."""
        from faceguard.training.head import training_pairs

        return training_pairs(self.matrix, self.person, seed)

    def judged(self, head: SimilarityHead | None) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]:
        """All pairs."""
        found = all_pairs(self.matrix, self.person, head=head)
        return found.genuine, found.owner, found.impostor


@dataclass(frozen=True, slots=True, eq=False)
class ListedPairs:
    """Of a list: the pairs that it names, and no others, for nobody knows who else is who."""

    matrix: NDArray[np.float32]
    person: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]

    @property
    def people(self) -> int:
        """With a photo in a pair of this half."""
        return int(np.unique(self.person[np.concatenate([self.first, self.second])]).size)

    def training_pairs(self, seed: int) -> LabelledPairs:
        """As listed; those of two people are taken to be by chance."""
        from faceguard.training.head import LabelledPairs

        if not self.same.any() or self.same.all():
            raise FaceguardError("Half of the people make no pair of one person, or none of two; list more pairs.")
        return LabelledPairs(self.first, self.second, self.same, 0)

    def judged(self, head: SimilarityHead | None) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]:
        """The listed pairs."""
        d = pair_distances(self.matrix, self.first, self.second, head)
        return d[self.same], self.person[self.first[self.same]], d[~self.same]


@click.command("head")
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.option("--root", type=click.Path(path_type=Path), help="Folder that a CSV's paths start from.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in HeadKind]),
    multiple=True,
    help="Only this form (else both).",
)
@click.option("--strength", type=click.FloatRange(1e-9, 1e6), help="scikit-learn's C; less ties the weights.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the halves and of the pairs by chance.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=f"Write it, as ID{SUFFIX}."
)
@encoder_options
@cache_options
@json_option
@click.pass_obj
def train_head(
    context: Context,
    data: Path,
    root: Path | None,
    kinds: tuple[str, ...],
    strength: float | None,
    seed: int,
    out: Path | None,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    json_: bool,
) -> None:
    """Learn a comparison of embeddings from the photos in DATA: folders of people, or a CSV image_a,image_b,same.

    It is learned from half of the people and measured on the other half, whom it never saw, beside the squared
    distance, and on its own half too: the gap says whether new staff need it trained anew. The encoder and everybody's
    template stay as they are.

    --out FILE writes it with its own tau, impostor model and rated size, all measured on the half that it never saw.
    `faceguard models comparison add FILE` installs it; no door uses it before the admin chooses it.
    """
    from faceguard.training.head import STRENGTH, learn_head, likelihood

    if out is not None:
        if len(kinds) != 1:
            raise click.UsageError("--out writes one comparison: say which with --kind.")
        if not out.name.endswith(SUFFIX) or not out.absolute().parent.is_dir():
            raise click.UsageError(f"--out is a file named ID{SUFFIX} in a folder that exists.")
    strength = STRENGTH if strength is None else strength
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    seen, unseen = _halves(bench, data, root, seed)
    pairs = seen.training_pairs(seed)
    squared = pair_distances(seen.matrix, pairs.first, pairs.second)
    slope, offset = likelihood(squared, pairs)
    heads = {
        kind.value: learn_head(kind, seen.matrix, pairs, bench.card.encoder_id, strength)
        for kind in HeadKind
        if not kinds or kind.value in kinds
    }
    found = {
        "seen": _judged(seen, heads, partial(_line, slope, offset)),
        "unseen": _judged(unseen, heads, partial(_line, slope, offset)),
    }
    answer: dict[str, Any] = {
        **bench.answer(),
        "data": data.resolve().name,
        "seed": seed,
        "strength": strength,
        "training_pairs": {"same": int(pairs.same.sum()), "different": int((~pairs.same).sum())},
        **found,
        "verdict": {name: verdict(name, found["seen"], found["unseen"]) for name in heads},
        "out": None if out is None else str(out),
    }
    if out is not None:
        (name,) = kinds
        card = _card(out, heads[name], bench, data.resolve().name, seen, unseen, pairs, seed, strength)
        write_head(out, card)
        answer["rated_size"] = card.rated_size
    if json_:
        as_json(answer)
        return
    for line in _lines(answer):
        click.echo(line)


def verdict(name: str, seen: Mapping[str, Any], unseen: Mapping[str, Any]) -> dict[str, Any]:
    """What a comparison gains over the squared distance on people it saw and on people it never saw.

    The two halves are not equally hard, so it is the gain that is compared, not the TPR.

    Returns:
        ``key`` (FMR), both gains with bounds, ``helps`` ("yes", "no", "not shown") and ``retrain``, the same words for
        whether new people are served worse than those it was trained on.
    """
    there = [half["comparisons"][name]["difference"] for half in (seen, unseen)]
    common = [key for key in there[0] if key in there[1]]
    if not common:
        return {"fmr": None, "seen": None, "unseen": None, "helps": "not shown", "retrain": "not shown"}
    key = next((k for k in common if math.isclose(float(k), DECIDES)), min(common, key=float))
    was, now = (gains[key] for gains in there)
    helps = "yes" if now["low"] > 0 else "no" if now["high"] < 0 else "not shown"
    retrain = "yes" if now["high"] < was["low"] else "no" if now["low"] >= was["value"] else "not shown"
    return {"fmr": key, "seen": was, "unseen": now, "helps": helps, "retrain": retrain}


def _halves(bench: Bench, data: Path, root: Path | None, seed: int) -> tuple[Half, Half]:
    """The half to learn from and the half that is never seen; nobody is in both."""
    if data.is_dir():
        folder = read_identity_folder(data, SUFFIXES, None)
        acquired = bench.acquire(photo_files(folder.photos, data))
        matrix, who = acquired.matrix[acquired.present], np.array(folder.person)[acquired.present]
        one, other = halves(who, seed)
        return _both(KnownPeople(matrix[one], who[one]), KnownPeople(matrix[other], who[other]))
    if root is None:
        raise click.UsageError("--root is missing: the folder that the CSV's paths start from.")
    listed = read_pairs(data, root)
    acquired = bench.acquire(photo_files(listed.photos, root))
    first, second, same = np.array(listed.first), np.array(listed.second), np.array(listed.same)
    who = _people_of(len(listed.photos), first[same], second[same])
    made = acquired.present[first] & acquired.present[second]
    lists = [
        ListedPairs(acquired.matrix, who, first[k], second[k], same[k])
        for half in halves(who, seed)
        for k in [made & half[first] & half[second]]
    ]
    return _both(*lists)


def _both(one: Half, other: Half) -> tuple[Half, Half]:
    """Once each has somebody to be compared."""
    for half in (one, other):
        if half.people < 2:
            raise FaceguardError("There are too few people with usable photos: each half needs two at least.")
    return one, other


def _people_of(photos: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """(photos,) a number for each person: photos that pairs of one person join, directly or over others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = coo_array((np.ones(first.size, np.int8), (first, second)), shape=(photos, photos))
    return np.asarray(connected_components(joined, directed=False)[1], np.int64)


def _line(slope: float, offset: float, d: NDArray[np.floating]) -> NDArray[np.float64]:
    return slope * d.astype(np.float64) + offset


def _judged(
    half: Half, heads: Mapping[str, SimilarityHead], squared: Callable[[NDArray[np.floating]], NDArray[np.float64]]
) -> dict[str, Any]:
    """All comparisons on one half; one after the other, or millions of distances would be held several times."""
    ways: dict[str, SimilarityHead | None] = {SQUARED: None, **heads}
    judged, sizes = {}, (0, 0)
    for name, head in ways.items():
        genuine, owner, impostor = half.judged(head)
        if not genuine.size or not impostor.size:
            raise FaceguardError("Half of the people make no pair of one person, or none of two; give more photos.")
        _, place = np.unique(owner, return_inverse=True)
        judged[name] = Judged(genuine, place, impostor, squared if head is None else head.llr_of)
        sizes = int(genuine.size), int(impostor.size)
    return {
        "people": half.people,
        "n_genuine": sizes[0],
        "n_impostor": sizes[1],
        "comparisons": compared_answer(judged, RATES),
    }


def _card(
    out: Path,
    head: SimilarityHead,
    bench: Bench,
    data: str,
    seen: Half,
    unseen: Half,
    pairs: LabelledPairs,
    seed: int,
    strength: float,
) -> HeadCard:
    """The comparison with what was measured on the people it never saw."""
    genuine, _, impostor = unseen.judged(head)
    scores = Comparisons(genuine, impostor)
    through = f"through {bench.networks.detector.card.id}, {'mirror' if bench.card.mirror else 'no mirror'}"
    data_set = f"{data} ({unseen.people} people it never saw) {through}"
    points = []
    for found in scores.points(RATES):
        tau = math.floor(found.tau * 1e4) / 1e4  # rounded to the safe side
        points.append(
            OperatingPoint(found.fmr, Threshold(tau), scores.tpr(tau), found.n_genuine, found.n_impostor, data_set)
        )
    model: ImpostorModel | None = None
    rated: int | None = None
    if isinstance(unseen, KnownPeople):
        try:
            model = fit_impostor_model(unseen.matrix, unseen.person, data_set, seed, head)
        except ValueError as error:
            click.echo(f"No impostor model was written: {error}.", err=True)
        sizes = [people for people in GALLERIES if people < unseen.people]
        searches = [search_galleries(unseen.matrix, unseen.person, people, head=head) for people in sizes]
        rated = rated_size(rated_curve(searches)) if searches else None
    return HeadCard(
        id=out.name.removesuffix(SUFFIX),
        head=head,
        origin=f"faceguard train head --kind {head.kind} --seed {seed} --strength {strength:g} on {data}: "
        f"{int(pairs.same.sum())} pairs of one person and {int((~pairs.same).sum())} of two, of {seen.people} people",
        operating_points=tuple(points),
        rated_size=rated,
        impostor=model,
    )


def _lines(answer: Mapping[str, Any]) -> list[str]:
    pairs = answer["training_pairs"]
    text = [
        f"Encoder {answer['encoder']}, seed {answer['seed']}, strength {answer['strength']:g}.",
        f"Learned from {pairs['same']:,} pairs of one person and {pairs['different']:,} of two.",
    ]
    for key, words in (("unseen", "it never saw"), ("seen", "it was trained on")):
        half = answer[key]
        text += [
            "",
            f"{half['people']:,} people {words}: {half['n_genuine']:,} genuine and {half['n_impostor']:,} impostor "
            "comparisons.",
            *compared_lines(half["comparisons"]),
        ]
    text.append("")
    text += [_sentence(name, found) for name, found in answer["verdict"].items()]
    if answer["out"] is not None:
        rated = answer["rated_size"]
        text.append(
            f"Written to {answer['out']}; rated size {'not measured' if rated is None else rated}. "
            f"Install it: faceguard models comparison add {answer['out']}"
        )
    return text


def _sentence(name: str, found: Mapping[str, Any]) -> str:
    if found["fmr"] is None:
        return f"{name}: too few pairs to say what it is worth."
    was, now = (f"{by['value']:+.2%} [{by['low']:+.2%}, {by['high']:+.2%}]" for by in (found["seen"], found["unseen"]))
    helps = {
        "yes": "It serves new people better than the squared distance does.",
        "no": "It serves new people worse than the squared distance does: leave it.",
        "not shown": "That it serves new people better than the squared distance is not shown.",
    }[found["helps"]]
    retrain = {
        "yes": "Part of what it learned is about the people it was trained on: new staff gain by training it anew.",
        "no": "New staff need no training: they gain as much as those it was trained on.",
        "not shown": "That new staff would need it trained anew is not shown.",
    }[found["retrain"]]
    return (
        f"{name}: TPR at FMR {found['fmr']} against the squared distance: {was} for people it was trained on, "
        f"{now} for people it never saw. {helps} {retrain}"
    )
