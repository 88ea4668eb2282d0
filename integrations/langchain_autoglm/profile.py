"""What a model can do, as LangChain's model profiles tell it. Known of checkpoints that are here; loads no weights."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from langchain_core.language_models.model_profile import ModelProfile

from autoglm_agent.runtime.chat_engine import ALIASES

MAX_OUTPUT_TOKENS = 4096
"""The runtime's bound of one answer."""

EVERY_MODEL: ModelProfile = {
    "text_inputs": True,
    "text_outputs": True,
    "tool_calling": True,
    "tool_choice": True,
    "tool_call_streaming": True,
    "structured_output": True,
    "reasoning_output": True,
    "temperature": True,
    "image_outputs": False,
    "audio_outputs": False,
    "video_outputs": False,
    "pdf_inputs": False,
    "pdf_tool_message": False,
}
"""What the engine gives every checkpoint: grammars hold for any model."""


def profile_of(model: str) -> ModelProfile:
    """The profile of a model by name: of nano and checkpoints in a folder in full, of others what the engine gives."""
    name = ALIASES.get(model, model)
    config = _config(name)
    profile: ModelProfile = {**EVERY_MODEL, "name": Path(name).name, "open_weights": True}
    if config is None:
        return profile
    text = config.get("text_config") or config
    context = text.get("max_position_embeddings")
    sees, hears = "vision_config" in config, "speech_config" in config
    if context:
        profile["max_input_tokens"] = context
        profile["max_output_tokens"] = min(context, MAX_OUTPUT_TOKENS)
    profile["image_inputs"] = profile["image_url_inputs"] = profile["image_tool_message"] = sees
    profile["video_inputs"], profile["audio_inputs"] = sees, hears
    return profile


def folder_of(model: str) -> Path:
    """Where the checkpoint is, if it is here."""
    name = ALIASES.get(model, model)
    return Path(str(files("autoglm_agent"))) / "checkpoints" / "nano" if name == "nano" else Path(name)


def _config(name: str) -> dict[str, Any] | None:
    """A checkpoint's configuration, if the checkpoint is here."""
    try:
        config: dict[str, Any] = json.loads((folder_of(name) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return config
