"""How many tokens a text has, by the tokenizer of a checkpoint that is here. Loads no weights and asks no network."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from tokenizers import Tokenizer

from langchain_autoglm.profile import folder_of

FILE = "tokenizer.json"


def token_ids(model: str, text: str) -> list[int]:
    """The tokens of `text` to the model of this name.

    Raises:
        NotImplementedError: the tokenizer is not on this machine.
    """
    tokenizer = _tokenizer(model)
    if tokenizer is None:
        raise NotImplementedError(
            f"the tokenizer of {model!r} is not on this machine; give the model custom_get_token_ids, or count by "
            "langchain_core's count_tokens_approximately."
        )
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


@cache
def _tokenizer(model: str) -> Tokenizer | None:
    path: object = folder_of(model) / FILE
    if not Path(str(path)).is_file():
        try:
            path = try_to_load_from_cache(model, FILE)
        except ValueError:  # no hub id
            return None
    return Tokenizer.from_file(str(path)) if isinstance(path, str | Path) else None
