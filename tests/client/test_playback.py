"""What was heard, to the sample, whatever the device holds back."""

from __future__ import annotations

import numpy as np
import pytest

from autoglm_agent.audio import pcm
from autoglm_agent.client import playback
from autoglm_agent.client.devices import BLOCK, BLOCK_S
from autoglm_agent.client.playback import Cut, Playback


def sound(blocks: float) -> bytes:
    return pcm.encode(np.full(round(blocks * BLOCK), 0.5, np.float32))


def render(player: Playback, blocks: int) -> np.ndarray:
    return np.concatenate([player.render() for _ in range(blocks)])


def test_sound_comes_out_as_it_went_in_and_then_silence() -> None:
    player = Playback()
    whole = np.linspace(-0.9, 0.9, 1_000).astype(np.float32)
    data = pcm.encode(whole)
    for start in range(0, len(data), 333):  # an odd number: pieces split samples
        player.add("a", 0, data[start : start + 333])
    assert player.is_playing
    out = render(player, 3)
    assert out[:1_000] == pytest.approx(whole, abs=1e-4)
    assert not out[1_000:].any()
    assert not player.is_playing


@pytest.mark.parametrize(("latency_blocks", "rendered", "heard_ms"), [(0, 5, 100), (2, 5, 60), (2, 1, 0), (3, 10, 140)])
def test_an_interruption_tells_what_was_heard_and_drops_the_rest(latency_blocks, rendered, heard_ms) -> None:
    player = Playback(latency_blocks * BLOCK_S)
    player.add("a", 1, sound(10))
    render(player, rendered)
    assert player.interrupt() == Cut("a", 1, heard_ms)
    assert not player.is_playing
    assert not render(player, 3).any()


def test_what_the_device_still_holds_counts_as_unheard() -> None:
    player = Playback(4 * BLOCK_S)
    player.add("a", 0, sound(2))
    render(player, 5)
    assert player.is_playing
    assert player.interrupt() == Cut("a", 0, 20)


def test_an_answer_that_was_heard_whole_is_not_cut() -> None:
    player = Playback(2 * BLOCK_S)
    assert player.interrupt() is None
    player.add("a", 0, sound(2))
    render(player, 4)
    assert not player.is_playing
    assert player.interrupt() is None


def test_what_still_comes_of_a_stopped_answer_is_dropped_and_the_next_one_is_played() -> None:
    player = Playback()
    player.add("a", 0, sound(3))
    player.interrupt()
    player.add("a", 0, sound(3))
    assert not player.is_playing
    player.add("b", 0, sound(2))
    assert np.count_nonzero(render(player, 4)) == 2 * BLOCK
    player.add("b", 0, sound(1))
    render(player, 1)
    player.add("b", 0, sound(1))
    assert player.interrupt() == Cut("b", 0, 60)


def test_a_second_answer_is_counted_from_its_own_beginning() -> None:
    player = Playback()
    player.add("a", 0, sound(2.5))
    player.add("b", 0, sound(4))
    render(player, 4)
    assert player.interrupt() == Cut("b", 0, 30)


def test_more_than_fits_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "MAX_WAITING", 3 * BLOCK)
    player = Playback()
    player.add("a", 0, sound(5))
    assert player.shed_ms == 40
    assert np.count_nonzero(render(player, 5)) == 3 * BLOCK
