"""A network of two numbers and a batch norm that processes train together; a module, for they import it by name."""

import os
from pathlib import Path

import torch
from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training import together
from faceguard.training.loop import Plan, fit
from faceguard.training.run import Follower, Run

PLAN = Plan(steps=8, rate=0.05, save_s=0.0)


class Line(nn.Module):
    """y = 3 x - 1, to be found, and a weight that some batches leave without a gradient."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1)
        self.line = nn.Linear(1, 1)
        self.spare = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.line(self.norm(x))


class Loss:
    """Of batches that are drawn by torch's random numbers; each process shows the others' ``seen`` what it drew."""

    def __init__(self, dies_at=None):
        self.seen, self._dies_at = [], dies_at

    def __call__(self, net):
        x = torch.rand(16, 1)
        self.seen.append(float(x.sum()))
        if len(self.seen) == self._dies_at:
            os._exit(9)  # as a process that is killed
        loss = ((net(x) - (3 * x - 1)) ** 2).mean()
        return {"loss": loss + net.spare.sum() if together.first() else loss}


def train(folders: list[Path], dies: int | None, device: torch.device) -> None:
    """Trains and leaves beside each run folder what each process holds; process ``dies`` dies on the way."""
    for folder in folders:
        torch.manual_seed(0)
        loss = Loss(5 if dies == together.number() else None)
        net = Line().to(device)
        with Run(folder, {"a": 1}) if together.first() else Follower(folder) as run:
            averaged = fit(net, loss, PLAN, run, lambda net: {"score": 0.0})
        held = {"plain": net.state_dict(), "averaged": averaged.state_dict(), "seen": loss.seen}
        torch.save(held, folder.with_name(f"{folder.name}-{together.number()}.pt"))


def refuse(device: torch.device) -> None:
    """The second process finds a fault while the first one waits for it."""
    if not together.first():
        raise FaceguardError("This cannot be trained.")
    together.average_([torch.ones(1, device=device)])
