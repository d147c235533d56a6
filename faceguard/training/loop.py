"""The training loop: steps, weights averaged over the steps, checkpoints that a killed run goes on from."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError
from faceguard.training import together
from faceguard.training.run import Run

CHECKPOINT: Final = "checkpoint.pt"
PLAIN: Final = "plain.pt"
AVERAGED: Final = "averaged.pt"
_WARM_UP_STEPS: Final = 300
_WARM_UP_PART: Final = 0.05
_CLIP: Final = 5.0

Loss = Callable[[nn.Module], Mapping[str, Tensor]]
"""One step's named losses of the network; the one called ``loss`` is minimised."""


@runtime_checkable
class Ordered(Protocol):
    """A loss that draws its batches in an order of its own, which a run that was killed goes on in."""

    def state(self) -> dict[str, Any]:
        """Where it is, as JSON values."""
        ...

    def resume(self, state: Mapping[str, Any]) -> None:
        """Goes on from a ``state``."""
        ...


Measure = Callable[[nn.Module], Mapping[str, float]]
"""Named figures of a network in evaluation mode; the one called ``score`` is better when greater."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast.

    Attributes:
        steps: at most; None when only the minutes count.
        minutes: of training at most, all stretches of a resumed run together; None when only the steps count.
        rate: greatest learning rate; it rises over the first steps and falls along a cosine.
        weight_decay: of weights with more than one axis.
        average: decay of the weights' running mean.
        batch: samples a step, for the progress line only.
        save_s, measure_s: seconds between checkpoints and between measurements.
        patience: measurements without a better score before it stops early; None never.
        compile: ask ``torch.compile``.
    """

    steps: int | None = None
    minutes: float | None = None
    rate: float = 2e-3
    weight_decay: float = 0.05
    average: float = 0.999
    batch: int = 128
    save_s: float = 60.0
    measure_s: float = 120.0
    patience: int | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            raise ValueError("a plan has a number of steps, of minutes, or both")


@dataclass(slots=True)
class _Progress:
    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    stale: int = 0


def device_of(name: str, processes: int = 1) -> torch.device:
    """``auto``: the first GPU, else the processor.

    Args:
        name: auto, cpu, cuda, or one GPU such as cuda:1.
        processes: that train together, each on a GPU of its own unless the processor is named.

    Raises:
        FaceguardError: a GPU was demanded and none is there, or fewer than processes.
    """
    if processes > 1 and name != "cpu" and (name not in ("auto", "cuda") or torch.cuda.device_count() < processes):
        raise FaceguardError(
            f"{processes} GPUs were demanded and torch finds {torch.cuda.device_count()}: say a smaller --gpus and no "
            "single GPU by --device, or --device cpu for so many processes on the processor."
        )
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise FaceguardError("A GPU was demanded but torch finds none; leave --device out or say --device cpu.")
    return torch.device(name)


def half(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """bfloat16 arithmetic where the device is quicker with it."""
    quick = device.type == "cuda" or torch.backends.cpu.get_cpu_capability().startswith(("AVX512_BF16", "AMX"))
    return torch.autocast(device.type, torch.bfloat16) if quick else contextlib.nullcontext()


def fit(net: nn.Module, loss_of: Loss, plan: Plan, run: Run, measure: Measure | None = None) -> nn.Module:
    """Trains ``net`` in place and returns the averaged network, in evaluation mode.

    A run folder with a checkpoint is gone on from. ``plain.pt`` and ``averaged.pt`` in it hold the state dicts. The
    first and the last step are always reported. Of processes that train together (``together``) every one calls this,
    with batches of its own; losses are told of the first one's.

    Args:
        net: the student, on its device.
        loss_of: draws a batch and computes the losses of the network it is given.
        plan: how long.
        run: the folder that remembers.
        measure: called from time to time, on the averaged weights.

    Raises:
        FaceguardError: the loss is no number any more, or the checkpoint belongs to another network.
    """
    device = next(net.parameters()).device
    together.copy_first_(net.state_dict().values())
    averaged = copy.deepcopy(net).requires_grad_(False)
    optimiser = _optimiser(net, plan)
    progress = _Progress()
    if not _resume(run.folder / CHECKPOINT, net, averaged, optimiser, loss_of, progress) and not together.first():
        torch.manual_seed(torch.initial_seed() + together.number())
    quick: Any = torch.compile(net) if plan.compile else net
    net.train()
    saved = measured = told = time.monotonic()
    told_step = begun_step = progress.step
    stop = False
    while True:
        due = time.monotonic() - saved >= plan.save_s
        part, save, end = together.agree(_part(plan, progress), due, stop)
        if part >= 1.0 or end:
            break
        if save:
            _save(run.folder, net, averaged, optimiser, loss_of, progress)
            saved = time.monotonic()
        begun = time.monotonic()
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _warm_up(progress.step, part) * _cosine(part)
        with half(device):
            losses = loss_of(quick)
        optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        _share(net)
        nn.utils.clip_grad_norm_(net.parameters(), _CLIP)
        optimiser.step()
        progress.step += 1
        _average(averaged, net, min(plan.average, (1 + progress.step) / (10 + progress.step)))
        now = time.monotonic()
        progress.seconds += now - begun
        if now - told >= run.report_s or told_step == begun_step or _part(plan, progress) >= 1.0:
            values = {name: float(value.detach()) for name, value in losses.items()}
            if not all(math.isfinite(v) for v in values.values()):
                raise FaceguardError(f"The loss is no number after {progress.step} steps: lower the learning rate.")
            speed = together.count() * plan.batch * (progress.step - told_step) / max(now - told, 1e-9)
            run.report(progress.step, progress.seconds, _part(plan, progress), speed, values)
            told, told_step = now, progress.step
        if measure is not None and together.first() and now - measured >= plan.measure_s:
            stop = _measure(measure, averaged, run, progress, plan)
            measured = time.monotonic()
    if device.type == "cuda":
        torch.cuda.synchronize()
    _save(run.folder, net, averaged, optimiser, loss_of, progress)
    if measure is not None and together.first():
        _measure(measure, averaged, run, progress, plan)
    together.agree()  # nobody reads the folder before it is written
    return averaged.eval()


def _share(net: nn.Module) -> None:
    """Gradients and running statistics become their mean over the processes."""
    if together.count() == 1:
        return
    gradients = []
    for weight in net.parameters():
        if weight.grad is None:  # of a batch without a pair; the others have one
            weight.grad = torch.zeros_like(weight)
        gradients.append(weight.grad)
    together.average_([*gradients, *(b for b in net.buffers() if b.is_floating_point())])


def _optimiser(net: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    shaped = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    fused = next(net.parameters()).is_cuda
    groups = [{"params": shaped, "weight_decay": plan.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.rate, fused=fused)


def _part(plan: Plan, progress: _Progress) -> float:
    """How much of the plan is done; 1 and more is all."""
    parts = [0.0]
    if plan.steps is not None:
        parts.append(progress.step / plan.steps)
    if plan.minutes is not None:
        parts.append(progress.seconds / (60 * plan.minutes))
    return max(parts)


def _warm_up(step: int, part: float) -> float:
    """Rises over the first steps, in a short plan over its first twentieth."""
    return min(1.0, max((step + 1) / _WARM_UP_STEPS, part / _WARM_UP_PART))


def _cosine(part: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, part))) + 1e-3


@torch.no_grad()
def _average(averaged: nn.Module, net: nn.Module, decay: float) -> None:
    """The weights' running mean; a batch norm's running statistics are means already and follow with it."""
    ours, theirs = _floats(averaged), _floats(net)
    torch._foreach_lerp_(ours, theirs, 1.0 - decay)


def _floats(net: nn.Module) -> list[Tensor]:
    return [t for t in net.state_dict().values() if t.is_floating_point()]


def _measure(measure: Measure, averaged: nn.Module, run: Run, progress: _Progress, plan: Plan) -> bool:
    """Measures and says whether to stop early."""
    averaged.eval()
    figures = measure(averaged)
    run.measured(progress.step, progress.seconds, figures)
    if figures["score"] > progress.best:
        progress.best, progress.stale = figures["score"], 0
    else:
        progress.stale += 1
    return plan.patience is not None and progress.stale >= plan.patience


def _order_of(loss_of: Any) -> Ordered | None:
    return loss_of if isinstance(loss_of, Ordered) else None


def _save(
    folder: Path,
    net: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_of: Loss,
    at: _Progress,
) -> None:
    order = _order_of(loss_of)
    own = {
        "random": torch.get_rng_state(),
        "gpu": torch.cuda.get_rng_state() if next(net.parameters()).is_cuda else None,
        "batches": None if order is None else order.state(),
    }
    processes = together.gather(own)
    if not together.first():
        return
    states: Iterator[tuple[str, Any]] = iter(
        (
            (PLAIN, net.state_dict()),
            (AVERAGED, averaged.state_dict()),
            (
                CHECKPOINT,
                {
                    "net": net.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "processes": processes,
                    "progress": (at.step, at.seconds, at.best, at.stale),
                },
            ),
        )
    )
    for name, state in states:
        part = folder / f"{name}.part"
        torch.save(state, part)
        os.replace(part, folder / name)


def _resume(
    path: Path,
    net: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_of: Loss,
    progress: _Progress,
) -> bool:
    """Whether there was something to go on from."""
    if not path.exists():
        return False
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(state["net"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        # a checkpoint of an earlier version knows one process and its random numbers only
        own = state["processes"][together.number()] if "processes" in state else {"random": state["random"]}
        torch.set_rng_state(own["random"])
        if own.get("gpu") is not None and next(net.parameters()).is_cuda:
            torch.cuda.set_rng_state(own["gpu"])
        if own.get("batches") is not None and (order := _order_of(loss_of)) is not None:
            order.resume(own["batches"])
        progress.step, progress.seconds, progress.best, progress.stale = state["progress"]
    except FaceguardError:
        raise
    except Exception as error:  # torch's errors share no base class but Exception
        raise FaceguardError(
            f"The run cannot go on from {path}: it belongs to another network or is damaged. Choose another --out.",
            str(error),
        ) from error
    return True
