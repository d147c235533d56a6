"""The protocol of Labeled Faces in the Wild."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import numpy as np

from faceguard.cli.comparisons import beside_pairs, head_option, read_heads
from faceguard.cli.context import Context, json_option
from faceguard.cli.photo_bench import cache_folder, cache_options, encoder_options, open_bench, photo_files, say
from faceguard.cli.report_file import report_options, report_rates
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation import report
from faceguard.evaluation.comparison import pair_distances
from faceguard.evaluation.error_rates import Comparisons, accuracy_by_fold
from faceguard.evaluation.lfw import read_lfw_pairs

RATES: Final = (1e-2, 1e-3)


@click.command()
@click.argument("file", metavar="PAIRS_TXT", type=click.Path(path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folder with one folder a person.")
@encoder_options
@cache_options
@head_option
@report_options
@json_option
@click.pass_obj
def lfw(
    context: Context,
    file: Path,
    root: Path,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    head_files: tuple[Path, ...],
    report_path: Path | None,
    thumbnails: bool,
    json_: bool,
) -> None:
    """LFW's own protocol: PAIRS_TXT is its pairs.txt, photos are NAME/NAME_0001.jpg below --root.

    The accuracy is the mean over the folds with its standard error; the threshold of each fold is chosen on the others.
    A pair with a photo without a usable face is a wrong answer, of the same person or of two. For the TPR such a pair
    of one person counts as missed ("with failures"); the FMR is over the comparisons made, as pairs that were never
    compared would only flatter it.

    Ctrl-C keeps what was encoded, and the same command goes on from there.
    """
    listed = read_lfw_pairs(file, root)
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    heads = read_heads(head_files, bench)
    photos = photo_files(listed.photos, root)
    acquired = bench.acquire(photos)
    same, first, second, fold = (np.array(each) for each in (listed.same, listed.first, listed.second, listed.fold))
    made = acquired.present[first] & acquired.present[second]
    if not (same & made).any() or not (~same & made).any():
        raise FaceguardError(f"No pair of one class in {file} is left: {acquired.failed} photos gave no embedding.")
    d = pair_distances(acquired.matrix, listed.first, listed.second)
    scores = Comparisons(d[same & made], d[~same & made])
    d[~made] = np.where(same[~made], np.inf, -np.inf)  # wrong whatever the threshold
    found = accuracy_by_fold(d[same], d[~same], fold[same], fold[~same])
    compared, others = beside_pairs(heads, acquired.matrix, first, second, same & made, ~same & made, RATES)
    answer = {
        **report.accuracy_answer(found, "is a wrong answer"),
        **report.rates_answer(scores, RATES, int((same & ~made).sum()), int((~same & ~made).sum())),
        **report.acquisition_answer(acquired, None),
        **bench.answer(),
        **compared,
    }
    say(answer, json_)
    if report_path is not None:
        genuine, impostor = ((first[kind], second[kind], d[kind]) for kind in (same & made, ~same & made))
        report_rates(
            report_path,
            f"LFW's protocol, {file.name}",
            answer,
            scores,
            bench.tau,
            photos,
            acquired.quality,
            genuine,
            impostor,
            thumbnails=thumbnails,
            others=others,
        )
