"""Several ranks train as one: the same weights in all of them, from the mean of their gradients."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import pytest
import torch
from torch import Tensor, nn

from autoglm_agent.training.stages.optim import Optimiser
from autoglm_agent.training.stages.ranks import AGREE_EVERY, SharedClock, join, together

STEPS = 3


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 1))


def material(rank: int) -> Tensor:
    return torch.randn(STEPS, 4, 6, generator=torch.Generator().manual_seed(rank))


def loss_of(model: nn.Module, rows: Tensor) -> Tensor:
    mean: Tensor = model(rows).square().mean()
    return mean


def train(rank: int, ranks: int, told: Connection) -> None:
    """One process: steps on its own rows; sends its weights and what its clock said."""
    torch.set_num_threads(1)
    join(rank, ranks, torch.device("cpu"))
    model, clock = network(), SharedClock(torch.device("cpu"))
    optimiser = Optimiser(model.named_parameters(), lr=0.05, warmup_steps=1)
    for rows in material(rank):
        loss_of(model, rows).backward()
        if rank == 1:
            model.get_parameter("1.bias").grad = None  # as of a part that this rank's rows did not need
        optimiser.step(0.0)
    told.send((together(), [p.detach().numpy() for p in model.parameters()], clock.agree(0.25 + rank, AGREE_EVERY)))


@pytest.mark.timeout(120)
def test_two_ranks_step_by_their_mean_gradient_and_agree_on_the_clock() -> None:
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(2)]
    processes = [context.Process(target=train, args=(rank, 2, pipes[rank][1]), daemon=True) for rank in range(2)]
    for process in processes:
        process.start()
    try:
        (met, one, said), (_, two, said_too) = (pipe.recv() for pipe, _ in pipes)
    finally:
        for process in processes:
            process.join(30)
    assert met
    assert said == said_too == 0.25, "the first rank's clock counts"
    for mine, theirs in zip(one, two, strict=True):
        torch.testing.assert_close(torch.from_numpy(mine), torch.from_numpy(theirs))

    alone = network()
    optimiser = Optimiser(alone.named_parameters(), lr=0.05, warmup_steps=1)
    for step in range(STEPS):
        for rank in range(2):
            bias = alone.get_parameter("1.bias")
            before = None if bias.grad is None else bias.grad.clone()
            (loss_of(alone, material(rank)[step]) / 2).backward()
            if rank == 1:
                bias.grad = before
        optimiser.step(0.0)
    for mine, expected in zip(one, alone.parameters(), strict=True):
        torch.testing.assert_close(torch.from_numpy(mine), expected.detach(), atol=1e-5, rtol=1e-4)


def test_alone_there_is_nobody_to_ask() -> None:
    join(0, 1, torch.device("cpu"))
    assert not together()
    assert SharedClock(torch.device("cpu")).agree(0.7, 3) == 0.7
