import pytest
import torch

from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.vision import VisionEncoder


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    module = VisionEncoder(AutoGLMConfig.tiny().vision, 64)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(part.bias)
            torch.nn.init.uniform_(part.weight, 0.5, 2)
    return module.eval()


def pictures(batch, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, 3, 480, 640), dtype=torch.uint8, generator=generator)


def test_a_picture_is_eighty_tokens_and_batched_equals_alone(encoder):
    pixels = pictures(3)
    with torch.no_grad():
        together = encoder(pixels)
        alone = torch.cat([encoder(p[None]) for p in pixels])

    assert together.shape == (3, 80, 64)
    assert AutoGLMConfig.nano().vision.num_tokens == 80
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_folding_the_batch_norms_changes_no_token(encoder):
    pixels = pictures(2, seed=1)
    with torch.no_grad():
        before = encoder(pixels)
        folded = VisionEncoder(encoder.config, 64).eval()
        folded.load_state_dict(encoder.state_dict())
        folded.fold()
        folded.fold()
        after = folded(pixels)

    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)
    assert not any("running_mean" in name for name in folded.state_dict())


def test_merging_joins_neighbours_and_pads_the_odd_edge(encoder):
    rows, columns = encoder.config.grid
    cells = torch.arange(rows * columns, dtype=torch.float32).view(1, -1, 1)
    merged = encoder._merge(cells)

    assert merged[0, 0].tolist() == [0, 1, columns, columns + 1]
    assert merged[0, 1].tolist() == [2, 3, columns + 2, columns + 3]
    assert merged[0, -1].tolist() == [(rows - 1) * columns + columns - 2, rows * columns - 1, 0, 0]
