import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_agent.model.attention import attention_mask
from autoglm_agent.model.backbone import Backbone, RMSNorm
from autoglm_agent.model.cache import CachePool, KeyValueCache
from autoglm_agent.model.config import AutoGLMConfig

CLOSE = {"atol": 2e-5, "rtol": 1e-4}
WINDOW = 5


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    config = AutoGLMConfig.tiny().text
    module = Backbone(config)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.2) if parameter.dim() > 1 else parameter.uniform_(0.5, 1.5)
    return module.eval()


# A conversation of three blocks with replies between; block 0 is global, every block ends in a global token.
BLOCKS = torch.tensor([0] * 4 + [1] * 7 + [-1] * 6 + [2] * 5 + [-1] * 4)
GLOBAL = torch.zeros(26, dtype=torch.bool)
GLOBAL[[0, 1, 2, 3, 10, 21]] = True
BOUNDARIES = (4, 11, 17, 22, 26)  # where a pass may end: a block is computed whole, replies token by token


def whole(backbone, embeddings):
    length = embeddings.shape[1]
    index = torch.arange(length)[None]
    valid = torch.ones(1, length, dtype=torch.bool)
    mask = attention_mask(
        index, index, BLOCKS[None, :length], BLOCKS[None, :length], GLOBAL[None, :length], valid, WINDOW
    )
    return backbone(embeddings, index, mask)


def cached_pass(backbone, pool, slots, starts, embeddings, length):
    """Run rows [start, start + length) of each slot's conversation against what the pool holds."""
    slots, starts = torch.tensor(slots), torch.tensor(starts)
    span = int(starts.max()) + length
    columns = starts[:, None] + torch.arange(length)
    pool.block[slots[:, None], columns] = BLOCKS[columns]
    pool.is_global[slots[:, None], columns] = GLOBAL[columns]
    keys = torch.arange(span).expand(len(slots), span)
    valid = keys < (starts + length)[:, None]
    mask = attention_mask(
        columns, keys, BLOCKS[columns], pool.block[slots, :span], pool.is_global[slots, :span], valid, WINDOW
    )
    cache = KeyValueCache(pool, slots, starts, span)
    rows = torch.stack([embeddings[i, c] for i, c in enumerate(columns)])
    return backbone(rows, columns, mask, cache)


@settings(max_examples=40, deadline=None)
@given(cuts=st.sets(st.sampled_from([*BOUNDARIES[:-1], *range(11, 17), *range(22, 26)])))
def test_cached_equals_uncached_however_the_passes_are_cut(backbone, cuts):
    embeddings = torch.randn(1, 26, 64, generator=torch.Generator().manual_seed(1))
    ends = sorted({*cuts, 26} - {0})
    # A cut inside a block would hide its later tokens; only the blocks' ends and causal tokens are cut.
    pool = CachePool(backbone.config, num_slots=3, capacity=40)
    pool.keys[0].fill_(9.0)  # what an earlier conversation left behind must not be seen
    with torch.no_grad():
        pieces = [
            cached_pass(backbone, pool, [1], [start], embeddings, end - start)
            for start, end in zip([0, *ends[:-1]], ends, strict=True)
        ]
        torch.testing.assert_close(torch.cat(pieces, 1), whole(backbone, embeddings), **CLOSE)


def test_batched_equals_alone_for_conversations_of_different_lengths(backbone):
    embeddings = torch.randn(3, 26, 64, generator=torch.Generator().manual_seed(2))
    pool = CachePool(backbone.config, num_slots=4, capacity=30)
    starts = [17, 22, 11]
    with torch.no_grad():
        for row, (slot, start) in enumerate(zip((3, 0, 2), starts, strict=True)):
            done = 0
            for end in (e for e in BOUNDARIES if e <= start):
                cached_pass(backbone, pool, [slot], [done], embeddings[row : row + 1], end - done)
                done = end
        # One token each, of a reply or a block of one; the block of slot 0 is a reply, so all are causal or last.
        together = cached_pass(backbone, pool, [3, 0, 2], starts, embeddings, 1)
        for row, (slot, start) in enumerate(zip((3, 0, 2), starts, strict=True)):
            alone = cached_pass(backbone, pool, [slot], [start], embeddings[row : row + 1], 1)
            torch.testing.assert_close(together[row : row + 1], alone, **CLOSE)


def test_the_mask_joins_blocks_window_and_globals():
    index = torch.arange(26)[None]
    valid = torch.ones(1, 26, dtype=torch.bool)
    valid[0, 25] = False
    mask = attention_mask(index, index, BLOCKS[None], BLOCKS[None], GLOBAL[None], valid, WINDOW)[0, 0]

    assert mask[4, 10], "the first token of a block sees its last"
    assert not mask[3, 4], "a block does not see the next one"
    assert not mask[11, 12], "a reply is causal"
    assert mask[16, 12]
    assert not mask[16, 11], "the window is five tokens"
    assert mask[16, 10], "a fused token is seen from any distance"
    assert mask[24, 0], "and so is the system block"
    assert mask[21, 17], "a block sees itself whole, whatever the window"
    assert not mask[:, 25].any(), "padding is seen by nobody"


def test_without_a_mask_attention_is_causal(backbone):
    embeddings = torch.randn(1, 9, 64)
    index = torch.arange(9)[None]
    with torch.no_grad():
        plain = backbone(embeddings, index, None)
        masked = backbone(embeddings, index, torch.ones(9, 9).tril().bool()[None, None])
    torch.testing.assert_close(plain, masked, **CLOSE)


def test_equal_coordinates_of_multimodal_rope_are_plain_rope(backbone):
    embeddings = torch.randn(1, 9, 64)
    index = torch.arange(9)[None]
    with torch.no_grad():
        torch.testing.assert_close(
            backbone(embeddings, index.expand(3, 1, 9), None), backbone(embeddings, index, None), **CLOSE
        )


def test_the_norm_is_computed_in_full_precision():
    norm = RMSNorm(64, 1e-5)
    x = torch.randn(3, 64) * 300
    assert (norm.half()(x.half()).float() - RMSNorm(64, 1e-5)(x)).abs().max() < 0.01
