"""Which engine to run and where: a picklable description that crosses to the engine's process, and what comes back.

It names the model but loads nothing; `autoglm_agent.engine.load_engine` does that, on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from autoglm_agent.engine.messages import Request, Result
from autoglm_agent.engine.scripted import Script


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """A model, a device and a precision.

    `model` is `nano`, a checkpoint directory or a hub id. `device` and `dtype` may be
    `auto`. `threads` 0 takes all cores but one. With a `script` no
    model is loaded: a `ScriptedEngine` answers, for tests and for benchmarks of the session plane.
    """

    model: str = "nano"
    device: str = "cpu"
    threads: int = 0
    dtype: str = "auto"
    script: Script | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The engine has loaded and takes requests. `load_ms` includes the imports the loading needed."""

    model: str
    load_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailed:
    """The model could not be loaded. `kind` is the class name of the cause, `message` is for people."""

    kind: str
    message: str


Startup = Ready | LoadFailed


class EngineProtocol(Protocol):
    """What the process loop and the bridge need of an engine: synchronous, single-threaded, never waiting for input."""

    def submit(self, request: Request) -> None:
        """Queue a request. Computes nothing and never blocks."""
        ...

    def step(self) -> list[Result]:
        """Do one bounded unit of work and return what it produced."""
        ...

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to do."""
        ...
