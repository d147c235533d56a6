"""Trains an encoder on labelled faces, in stages of one loss each, each stage in a run folder of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from faceguard.training.distil import begin_from, encoder_measure, new_network, project
from faceguard.training.face_set import FaceSet
from faceguard.training.loop import AVERAGED, Plan, fit
from faceguard.training.metric import MetricObjective, Stage
from faceguard.training.networks import ENCODER_SIDE
from faceguard.training.recipe import Recipe
from faceguard.training.run import Run


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
    Run(folder, recipe.config(), say).close()  # refuses a folder of another run before anything is done
    named = np.flatnonzero(faces.train & (faces.people != ""))
    margin = (faces.crops.shape[1] - ENCODER_SIDE) // 2
    crops = np.ascontiguousarray(faces.crops[named, margin:-margin, margin:-margin, ::-1])
    torch.manual_seed(recipe.seed)
    encoder = new_network(recipe)
    if start is not None:
        begin_from(encoder, start)
    for number, stage in enumerate(stages, 1):
        objective = MetricObjective(encoder.to(device), crops, faces.people[named], stage, recipe.seed + number)
        plan = Plan(
            steps=stage.steps,
            rate=stage.rate,
            weight_decay=stage.weight_decay,
            average=recipe.average,
            batch=stage.people * stage.photos,
            patience=patience,
        )
        config = {**recipe.config(), "stage": dataclasses.asdict(stage)}
        with Run(folder / f"{number}-{stage.loss}", config, say) as run:
            averaged = fit(objective.network, objective, plan, run, encoder_measure(faces))
        encoder.load_state_dict(averaged.get_submodule("encoder").state_dict())
    torch.save(encoder.cpu().state_dict(), folder / AVERAGED)
    with Run(folder, recipe.config(), say) as whole:
        project(encoder, faces, whole)
    return encoder.eval()
