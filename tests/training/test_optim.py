"""The optimiser: orthogonal steps, a schedule that rises and falls, and that it does descend."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from autoglm_agent.errors import InputError
from autoglm_agent.training.stages.optim import Optimiser, orthogonalised
from autoglm_agent.training.stages.progress import Budget


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    matrices = torch.randn(3, 12, 40, generator=torch.Generator().manual_seed(0))
    for shaped in (matrices, matrices.mT):
        values = torch.linalg.svdvals(orthogonalised(shaped.contiguous()))
        assert values.min() > 0.5
        assert values.max() < 1.4


def test_one_batched_step_equals_steps_of_each_matrix_alone() -> None:
    matrices = torch.randn(4, 6, 9, generator=torch.Generator().manual_seed(1))
    alone = torch.cat([orthogonalised(m[None]) for m in matrices])
    torch.testing.assert_close(orthogonalised(matrices), alone)


def test_schedule_warms_up_holds_and_falls() -> None:
    layer = nn.Linear(4, 4)
    optimiser = Optimiser(layer.named_parameters(), lr=1.0, warmup_steps=10, decay_share=0.5)
    factors = []
    budget = Budget(steps=100, minutes=None)
    for step in range(100):
        layer(torch.ones(1, 4)).sum().backward()
        factors.append(optimiser.factor(budget.spent(step)))
        optimiser.step(budget.spent(step))
    assert factors[0] == 0.1
    assert factors[20] == 1.0
    assert abs(factors[75] - 0.5) < 0.01
    assert factors[99] < 0.05


def test_a_small_regression_is_learnt() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    x = torch.randn(256, 8)
    y = x[:, :1] * x[:, 1:2]
    optimiser = Optimiser(net.named_parameters(), lr=0.02, warmup_steps=10)
    losses = []
    for step in range(200):
        loss = (net(x) - y).square().mean()
        loss.backward()
        optimiser.step(step / 200)
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_parameters_without_gradient_are_left_alone() -> None:
    used, idle = nn.Linear(3, 3), nn.Linear(3, 3)
    net = nn.ModuleDict({"used": used, "idle": idle})
    before = idle.weight.clone()
    optimiser = Optimiser(net.named_parameters(), lr=0.1, warmup_steps=1)
    used(torch.ones(1, 3)).sum().backward()
    optimiser.step(0.0)
    assert torch.equal(idle.weight, before)


def test_a_budget_in_minutes_is_spent_by_the_clock() -> None:
    budget = Budget(steps=None, minutes=10)
    budget.started -= 300
    assert 0.49 < budget.spent(1_000_000) < 0.51
    with pytest.raises(InputError, match="--steps or --minutes"):
        Budget(steps=None, minutes=None)
