"""The voice of this installation, for as long as a block of code lasts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from autoglm_agent.voice.espeak import EspeakSynthesiser
from autoglm_agent.voice.speech import Synthesiser, VoiceNotInstalledError

logger = logging.getLogger(__name__)


@asynccontextmanager
async def installed_voice() -> AsyncIterator[Synthesiser | None]:
    """Start it; None, and a warning, where there is none."""
    try:
        synthesiser = await EspeakSynthesiser().__aenter__()
    except VoiceNotInstalledError as error:
        logger.warning("answers will be text only: %s", error)
        yield None
        return
    try:
        yield synthesiser
    finally:
        await synthesiser.aclose()
