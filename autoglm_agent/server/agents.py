"""`serve --agent module:attribute`: the named object as the brain of realtime sessions.

LangChain is known here by name only, so that a server without an agent needs none of it. What a Runnable's run becomes
is in `langchain_autoglm`.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from types import ModuleType
from typing import Any

from autoglm_agent.errors import InputError
from autoglm_agent.runtime.brain import BrainMaker

INTEGRATION = "langchain_autoglm.brain"
"""Where Runnables become brains; it has `brain_of(agent) -> BrainMaker`."""


def load_agent(reference: str) -> BrainMaker:
    """The brain behind `module:attribute`: a compiled graph, any other Runnable, or a `LangChainBrain`.

    The module is looked for in the working folder, too. `attribute` may have dots.

    Raises:
        InputError: there is no such thing, or it is no agent; the message says what to do.
    """
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise InputError(
            f"--agent {reference!r} is not of the form module:attribute; "
            "for `agent = create_agent(…)` in car.py write --agent car:agent"
        )
    agent = _attribute(_module(module_name, reference), attribute, reference)
    try:
        maker: BrainMaker = _integration().brain_of(agent)
    except TypeError as error:
        raise InputError(f"--agent {reference}: {error}") from error
    return maker


def _module(name: str, reference: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command does not look there; `python -m` does
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise InputError(
                f"--agent {reference}: there is no module {error.name!r} in {os.getcwd()} or among the installed "
                "packages; start the server in the module's folder, or set PYTHONPATH"
            ) from error
        raise InputError(
            f"--agent {reference}: importing {name!r} needs the package {error.name!r}, which is not installed; "
            "install it beside autoglm-agent"
        ) from error
    except Exception as error:
        raise InputError(
            f"--agent {reference}: importing {name!r} failed with {type(error).__name__}: {error}; "
            f'`python -c "import {name}"` shows where'
        ) from error


def _attribute(module: ModuleType, path: str, reference: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            close = difflib.get_close_matches(name, [known for known in dir(found) if not known.startswith("_")], n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else "check the name after the colon"
            raise InputError(f"--agent {reference}: {module.__name__!r} has no {path!r}; {hint}")
        found = getattr(found, name)
    return found


def _integration() -> Any:
    try:
        return importlib.import_module(INTEGRATION)
    except ModuleNotFoundError as error:
        raise InputError(
            f"--agent needs LangChain, and the package {error.name!r} is not installed; "
            "pip install 'autoglm-agent[langchain]'"
        ) from error
