"""The engine's failures as exceptions, for commands that work on an engine without a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.local import run_to_completion
from autoglm_agent.engine.spec import EngineProtocol
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.runtime.chat import ERRORS


def results(engine: EngineProtocol, requests: Iterable[m.Request]) -> Iterator[m.Result]:
    """What the engine gives for `requests`; a failure is raised as the error it means.

    Raises:
        AutoGLMError: what the engine reports.
    """
    for result in run_to_completion(engine, requests):
        if isinstance(result, m.Failed):
            raise ERRORS.get(result.code, AutoGLMError)(result.message)
        yield result
