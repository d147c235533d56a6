"""Several processes that train one network, one on each GPU: how they start, agree, share and end.

Every process holds the whole network and draws batches of its own. Before each step the gradients are averaged over the
processes, and so are the running statistics of the batch norms; what a batch norm subtracts while it trains are its own
process's batch statistics. So after each step all of them hold the same weights and the same averages. The first
process measures, reports and writes the run folder; its clock counts for all.

Torch's DistributedDataParallel is not used. It takes care of what runs through its own ``forward``, while here losses
have weights of their own beside the network, and a miner that finds nothing leaves weights without gradients, which it
would wait for. It also puts its name before those of all weights. For networks of a few million weights one sum over
all gradients at once is quick enough.

Alone, without ``train_together``, every function here does what one process needs.
"""

from __future__ import annotations

import datetime
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

from faceguard.domain.errors import FaceguardError
from faceguard.training.processes import end_with_parent

_BACKEND: Final = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""Who carries what: numbers of the processor always go by gloo."""
_PATIENCE: Final = datetime.timedelta(hours=2)
"""For a first process that measures; one that died is noticed at once."""
_END_S: Final = 10.0

Work = Callable[..., None]


def number() -> int:
    """Of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def count() -> int:
    """How many train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def first() -> bool:
    """Whether this process is the one that measures, reports and writes."""
    return number() == 0


def agree(*values: float) -> list[float]:
    """The first process's values; every process waits for them."""
    if count() == 1:
        return list(values)
    told = torch.tensor(values, dtype=torch.float64)
    dist.broadcast(told, 0)
    return [float(value) for value in told]


def gather(value: Any) -> list[Any]:
    """Everybody's value in the order of their numbers, at the first process; elsewhere nothing."""
    if count() == 1:
        return [value]
    found: list[Any] | None = [None] * count() if first() else None
    dist.gather_object(value, found)
    return found or []


@torch.no_grad()
def copy_first_(tensors: Iterable[Tensor]) -> None:
    """Gives every tensor the first process's values, in place."""
    if count() == 1:
        return
    for tensor in tensors:
        plain = tensor.contiguous()
        dist.broadcast(plain, 0)
        tensor.copy_(plain)


@torch.no_grad()
def average_(tensors: Sequence[Tensor]) -> None:
    """Gives every tensor its mean over the processes, in place.

    Args:
        tensors: float, on one device, the same shapes in the same order everywhere.
    """
    if count() == 1:
        return
    flat = torch.cat([tensor.float().reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    flat /= count()
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view(tensor.shape))


def train_together(processes: int, device: torch.device, work: Work, *args: Any) -> None:
    """Calls ``work(*args, device)`` in several processes and waits until all are done; alone, in this one.

    Args:
        processes: how many. On GPUs each has its own, from the first on.
        device: ``cpu``, or ``cuda``; see ``loop.device_of``.
        work: a function of a module, with arguments that can be pickled.

    Raises:
        FaceguardError: the work's own, or a process was ended from outside.
        RuntimeError: the work's other errors, with their traceback.
    """
    if processes == 1:
        work(*args, device)
        return
    fresh = multiprocessing.get_context("spawn")  # a copy of this process would copy the locks of its threads
    with tempfile.TemporaryDirectory() as folder:
        pipes, started = [], []
        try:
            for rank in range(processes):
                ours, theirs = fresh.Pipe(duplex=False)
                place = (rank, processes, device.type, folder)
                process = fresh.Process(target=_begin, args=(place, theirs, work, args))
                process.start()
                theirs.close()
                pipes.append(ours)
                started.append(process)
            _wait(started)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.join(_END_S)
                process.kill()
                process.join()
            told = [error for pipe in pipes for error in _heard(pipe)]
            for pipe in pipes:
                pipe.close()
        _raise(told, [process.exitcode for process in started])


def _wait(processes: Sequence[SpawnProcess]) -> None:
    """Until all are done, or one has failed."""
    left = {process.sentinel: process for process in processes}
    while left:
        for sentinel in connection.wait(list(left)):
            process = left.pop(sentinel)  # type: ignore[arg-type]
            process.join()
            if process.exitcode != 0:
                return


def _heard(pipe: Connection) -> list[FaceguardError | str]:
    """What a process said before it ended, if anything."""
    try:
        return [pipe.recv()]
    except EOFError:
        return []


def _raise(told: Sequence[FaceguardError | str], codes: Sequence[int | None]) -> None:
    """What went wrong. That the others lost a process is no news: what it said itself comes first, then its silence."""
    for error in told:
        if isinstance(error, FaceguardError):
            raise error
    if any(code not in (0, 1, -signal.SIGTERM) for code in codes) or (any(codes) and not told):
        raise FaceguardError(
            "A training process was ended from outside, perhaps for want of memory: repeat the command with smaller "
            "batches or fewer processes; the same command goes on from the last checkpoint.",
            f"exit codes {list(codes)}",
        )
    for error in told:
        raise RuntimeError(f"A training process failed:\n{error}")


def _begin(place: tuple[int, int, str, str], tell: Connection, work: Work, args: tuple[Any, ...]) -> None:
    """In a new process."""
    rank, processes, kind, folder = place
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one answers Ctrl-C for all
    end_with_parent()
    try:
        if kind == "cuda":
            torch.cuda.set_device(rank)
            device = torch.device("cuda", rank)
        else:
            torch.set_num_threads(max(1, torch.get_num_threads() // processes))
            device = torch.device(kind)
        dist.init_process_group(
            _BACKEND[kind],
            init_method=f"file://{folder}/meeting",
            rank=rank,
            world_size=processes,
            timeout=_PATIENCE,
        )
        work(*args, device)
    except Exception as error:
        tell.send(error if isinstance(error, FaceguardError) else traceback.format_exc())
        sys.stderr.flush()
        os._exit(1)  # an orderly end would wait for the others
    dist.destroy_process_group()
