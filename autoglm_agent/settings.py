"""Arguments, environment and file → one typed `Settings`. Not a place for defaults of the model or of a session's wire.

Sources, the first wins: what the caller passes, `AUTOGLM_*` in the environment, a TOML file. The file is the one that
`AUTOGLM_CONFIG` names, else `autoglm.toml` in the working directory when there is one. Importing this loads no torch.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from autoglm_agent.errors import InputError

CONFIG_VARIABLE = "AUTOGLM_CONFIG"
DEFAULT_CONFIG = "autoglm.toml"


class Settings(BaseSettings):
    """Everything a deployment may choose. Immutable once made."""

    model_config = SettingsConfigDict(env_prefix="AUTOGLM_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, description="0 lets the system choose a free port")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="accepted bearer keys, comma separated in the environment; none means open to all"
    )
    model: str = Field(default="nano", description="`nano`, a checkpoint directory, a hub id, or `openai:URL`")
    device: str = Field(default="auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, …")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    threads: int = Field(default=0, ge=0, le=256, description="compute threads of the engine; 0: all cores but one")
    max_sessions: int = Field(default=32, ge=1, description="further clients get 503 with Retry-After")
    max_session_s: float = Field(
        default=3600.0, gt=0, description="a session ends after this; the protocol's 60 minutes"
    )
    resume_grace_s: float = Field(
        default=30.0, ge=0, description="how long a session waits for a client that lost its socket; 0: not at all"
    )
    speech_chunk_ms: int = Field(default=320, ge=40, description="recognition latency, chunk + lookahead")
    voice: Literal["espeak", "none"] = Field(
        default="espeak", description="what speaks the answers; `none` answers in text only"
    )
    agent: str | None = Field(
        default=None, description="`module:attribute` of a LangChain agent that answers instead of the model"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("speech_chunk_ms")
    @classmethod
    def _whole_frames(cls, value: int) -> int:
        if value % 40:
            raise ValueError("must be a multiple of 40, the length of an encoder frame")
        return value

    @property
    def engine_threads(self) -> int:
        """Compute threads of the engine; one core is left to the event loop where there are several."""
        return self.threads or max(1, (os.cpu_count() or 2) - 1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; overrides that are None count as not given.

    Raises:
        InputError: a value or the file is not usable; the message names the field.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{_config_file()} is not valid TOML: {error}. Mend or remove the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"setting `{field}` is not usable: {first['msg']}. Give another value on the command line, "
            f"in AUTOGLM_{field.upper()} or in the settings file."
        ) from error


def _config_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise InputError(f"{CONFIG_VARIABLE} names {named}, which is not a file. Correct or unset it.")
        return path
    default = Path(DEFAULT_CONFIG)
    return default if default.is_file() else None
