"""What an engine needs of a loaded model: weights, tokenizer, layout and configuration that belong together.

Not here: where they come from (`loading`, `pretrained`), and batching (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autoglm_agent.errors import CheckpointError
from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.checkpoint import PARTS, Part
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.ngram import NgramModel
from autoglm_agent.model.tokenizer import AutoGLMTokenizer
from autoglm_agent.model.turn_ends import TurnEnds

ALL_PARTS: tuple[Part, ...] = tuple(PARTS)


@dataclass(slots=True)
class ModelBundle:
    """What an engine needs of a model. `name` is what it was asked for by; `loaded` are the parts with weights."""

    name: str
    directory: Path
    config: AutoGLMConfig
    model: AutoGLMForConditionalGeneration
    tokenizer: AutoGLMTokenizer
    layout: ChatLayout
    loaded: set[Part] = field(default_factory=set)
    load_part: Callable[[Part], None] = lambda part: None
    words: NgramModel | None = None
    """Which words go together, for the second pass of recognition; comes with the ears, where the checkpoint has it."""
    turn_ends: TurnEnds | None = None
    """Whether the user has finished, by the words; as `words`."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts this model has at all. A published text model has neither eyes nor ears."""
        return tuple(part for part in ALL_PARTS if part == "text" or getattr(self.model, part, None) is not None)

    def require(self, *parts: Part) -> None:
        """Load the parts that are not there yet, ready for inference (batch norms folded).

        Raises:
            CheckpointError: the model has no such part, or its weights do not fit.
        """
        for part in parts:
            if part in self.loaded:
                continue
            if part not in self.parts:
                raise CheckpointError(f"{self.name} has no {part} part; use a model that has one, such as nano.")
            self.load_part(part)
            self.loaded.add(part)
