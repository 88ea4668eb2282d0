"""From scores to a token: greedy, or by temperature and nucleus with the request's own random numbers.

Not here: which tokens are allowed at all (`rules`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from autoglm_agent.engine.messages import Sampling
from autoglm_agent.errors import InputError

MIN_TEMPERATURE = 1e-3  # below it scores overflow, and the choice is greedy anyway
MAX_TEMPERATURE = 10.0  # above it the choice is as good as uniform; a larger number is a mistake of the caller


class Sampler:
    """Chooses tokens for one request. Requests do not share random numbers, so a neighbour changes nothing."""

    def __init__(self, sampling: Sampling, device: torch.device | str = "cpu") -> None:
        """Raise `InputError` for parameters out of range."""
        _check(sampling)
        self._temperature, self._top_p = sampling.temperature, sampling.top_p
        self._generator: torch.Generator | None = None
        if self._temperature >= MIN_TEMPERATURE:
            self._generator = torch.Generator(device=device)
            if sampling.seed is not None:
                self._generator.manual_seed(sampling.seed % 2**63)
            else:
                self._generator.seed()

    def choose(self, scores: Tensor) -> int:
        """A token id from scores [vocab]; -inf is never chosen."""
        if self._generator is None:
            return int(scores.argmax())
        chances = torch.softmax(scores.float() / self._temperature, dim=-1)
        if self._top_p < 1:
            ordered, index = chances.sort(descending=True)
            # A token stays when those before it do not fill the nucleus; the first always does.
            ordered[ordered.cumsum(0) - ordered >= self._top_p] = 0
            return int(index[torch.multinomial(ordered, 1, generator=self._generator)])
        return int(torch.multinomial(chances, 1, generator=self._generator))


def _check(sampling: Sampling) -> None:
    if not 0 <= sampling.temperature <= MAX_TEMPERATURE:
        raise InputError(f"temperature {sampling.temperature} is out of range; use 0 to {MAX_TEMPERATURE:g}.")
    if not 0 < sampling.top_p <= 1:
        raise InputError(f"top_p {sampling.top_p} is out of range; use more than 0 and at most 1.")
    if sampling.max_tokens < 1:
        raise InputError(f"max_tokens {sampling.max_tokens} leaves no room for an answer; use at least 1.")
    if any(not stop for stop in sampling.stop):
        raise InputError("a stop string is empty; leave it out.")
