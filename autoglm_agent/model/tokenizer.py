"""Text to tokens and back: the fast tokenizer, an encoding that text cannot break out of, a detokenizer for streams.

Special tokens are placed by `chat.ChatLayout` alone. `encode_ids` never parses them: a user who types `<|user|>` gets
eight ordinary tokens. Not here: how a conversation is laid out.
"""

from __future__ import annotations

import codecs
import json
import re
from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

NANO_DIR = Path(__file__).parent.parent / "checkpoints" / "nano"
NUM_SPECIAL_TOKENS = 32

_NAMED = (
    "<|pad|>", "<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|begin_of_image|>", "<|end_of_image|>", "<|image|>",
    "<|begin_of_audio|>", "<|end_of_audio|>", "<|audio|>", "<|fused|>", "<|user|>", "<|assistant|>", "<|observation|>",
    "<think>", "</think>", "<tool_call>", "</tool_call>",
)  # fmt: skip
SPECIAL_TOKENS = (*_NAMED, *(f"<|reserved_{i}|>" for i in range(len(_NAMED), NUM_SPECIAL_TOKENS)))
"""In the order of their ids. Id 0 pads, and is the blank of the speech encoder's CTC."""

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
# What only the BPE can cut: letters (merges) and the punctuation and spaces that schema pieces are made of.
_NEEDS_BPE = re.compile(r'[A-Za-z"{}\[\]\n\\ .:*]')


class AutoGLMTokenizer(PreTrainedTokenizerFast):
    """BPE with byte fallback; every Chinese character and every digit is a token. Any string survives a round trip."""

    model_input_names = ["input_ids"]  # noqa: RUF012

    # No constructor: `transformers` then takes tokenizer.json as it is, instead of rebuilding it from its vocabulary.

    @cached_property
    def plain(self) -> Tokenizer:
        """The same tokenizer, blind to special tokens."""
        plain = Tokenizer.from_str(self.backend_tokenizer.to_str())
        plain.encode_special_tokens = True
        return plain

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """What each id stands for, special tokens by their names."""
        vocab = self.plain.get_vocab()
        table = [b""] * (max(vocab.values()) + 1)
        alphabet = {character: byte for byte, character in bytes_to_unicode().items()}
        added = {str(token) for token in self.added_tokens_decoder.values()}
        for token, index in vocab.items():
            byte = _BYTE_TOKEN.fullmatch(token)
            if self._byte_level and token not in added:
                table[index] = bytes(alphabet[character] for character in token)
            else:
                table[index] = bytes((int(byte[1], 16),)) if byte else token.encode("utf-8")
        return table

    @cached_property
    def _byte_level(self) -> bool:
        """Published GLM tokenizers write bytes as printable characters; ours has tokens for them."""
        decoder = json.loads(self.backend_tokenizer.to_str())["decoder"] or {}
        return "ByteLevel" in {decoder.get("type"), *(part["type"] for part in decoder.get("decoders", ()))}

    @cached_property
    def _characters(self) -> dict[str, int]:
        if self._byte_level:
            return {}
        return {t: index for t, index in self.plain.get_vocab(with_added_tokens=False).items() if len(t) == 1}

    def encode_ids(self, text: str) -> list[int]:
        """Token ids of plain text. Special tokens in it are not recognised."""
        if not _NEEDS_BPE.search(text):
            table = self._characters
            try:
                return [table[character] for character in text]
            except KeyError:
                pass  # A rare character: it needs its bytes.
        ids: list[int] = self.plain.encode(text, add_special_tokens=False).ids
        return ids

    def decode_ids(self, ids: list[int]) -> str:
        """The text of ids, special tokens by their names, broken bytes as U+FFFD."""
        return b"".join([self.token_bytes[i] for i in ids]).decode("utf-8", errors="replace")


class Detokenizer:
    """Ids to text as they come: bytes wait until they make a whole character, so no half of one is ever given out."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self._token_bytes = token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_id: int) -> str:
        """The text that this id completes; often all of it, at times none."""
        return self._decoder.decode(self._token_bytes[token_id])

    def flush(self) -> str:
        """What is left at the end: U+FFFD for bytes that never became a character. Ready for a new text."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
