"""Trains an encoder on labelled faces, in stages of one loss each, each stage in a run folder of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from faceguard.training import together
from faceguard.training.distil import begin_from, encoder_measure, new_network, project
from faceguard.training.face_set import FaceSet
from faceguard.training.loop import AVERAGED, Plan, fit
from faceguard.training.metric import MetricObjective, Stage
from faceguard.training.networks import ENCODER_SIDE
from faceguard.training.recipe import Recipe
from faceguard.training.run import Follower, Run

_APART: Final = 1000
"""Between the seeds of two processes; stages count from theirs."""


def learn_encoder(
    recipe: Recipe,
    stages: Sequence[Stage],
    faces: FaceSet,
    folder: Path,
    device: torch.device,
    say: Callable[[str], None],
    *,
    start: Path | None = None,
    patience: int | None = None,
) -> nn.Module:
    """Metric learning and margin softmax on the training part's people.

    Stage n lives in ``folder/n-LOSS``; a stage that is done is not done again, and the next begins with its averaged
    weights. ``folder`` itself holds the outcome, as a run of distillation does.

    Args:
        recipe: the network's options, the seed, and ``stages`` in words.
        stages: in order.
        faces: prepared.
        folder: of the whole run.
        device: where.
        say: told lines of progress.
        start: a state dict of the encoder to begin with.
        patience: measurements without a better score before a stage stops early.

    Returns:
        The averaged encoder, on the processor, in evaluation mode.

    Raises:
        FaceguardError: nobody has two photos, a start of another network, or what training itself finds wrong.
    """
    _run(folder, recipe.config(), say).close()  # refuses a folder of another run before anything is done
    named = np.flatnonzero(faces.train & (faces.people != ""))
    margin = (faces.crops.shape[1] - ENCODER_SIDE) // 2
    crops = np.ascontiguousarray(faces.crops[named, margin:-margin, margin:-margin, ::-1])
    seed = recipe.seed + _APART * together.number()
    torch.manual_seed(recipe.seed)
    encoder = new_network(recipe)
    if start is not None:
        begin_from(encoder, start)
    for number, stage in enumerate(stages, 1):
        objective = MetricObjective(encoder.to(device), crops, faces.people[named], stage, seed + number)
        plan = Plan(
            steps=stage.steps,
            rate=stage.rate,
            weight_decay=stage.weight_decay,
            average=recipe.average,
            batch=stage.people * stage.photos,
            patience=patience,
        )
        config = {**recipe.config(), "stage": dataclasses.asdict(stage)}
        with _run(folder / f"{number}-{stage.loss}", config, say) as run:
            averaged = fit(objective.network, objective, plan, run, encoder_measure(faces))
        encoder.load_state_dict(averaged.get_submodule("encoder").state_dict())
    encoder.cpu()
    if together.first():
        torch.save(encoder.state_dict(), folder / AVERAGED)
        with Run(folder, recipe.config(), say) as whole:
            project(encoder, faces, whole)
    return encoder.eval()


def learn_files(
    recipe: Recipe,
    stages: Sequence[Stage],
    data: Path,
    folder: Path,
    say: Callable[[str], None],
    more: Mapping[str, Any],
    device: torch.device,
) -> None:
    """``learn_encoder`` for one of the processes that train together (``together.train_together``).

    Args:
        recipe, stages, folder, say: of ``learn_encoder``; lines of progress are told by the first process.
        data: folder of the prepared faces.
        more: keyword arguments of ``learn_encoder``.
        device: where.

    Raises:
        FaceguardError: as ``learn_encoder``; or the faces cannot be used.
    """
    learn_encoder(recipe, stages, FaceSet.open(data), folder, device, say, **more)


def _run(folder: Path, config: Mapping[str, Any], say: Callable[[str], None]) -> Run:
    return Run(folder, config, say) if together.first() else Follower(folder)
