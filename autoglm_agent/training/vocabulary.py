"""Build the tokenizer of `nano`: fixed special tokens, bytes, single characters, schema pieces, then BPE for English.

Every Chinese character and every digit is a token of its own (they are copied one by one, and the CTC head of the speech
encoder shares the vocabulary). Letters merge only with letters, so that a name is cut the same way in a tool's schema and
in its call. Run it as `python -m autoglm_agent.training.vocabulary DATA_DIR`; not part of `autoglm train`, because every
checkpoint depends on its result (a new run, with new phrase books, may order the rare characters anew).
"""

from __future__ import annotations

import gzip
import io
import json
import math
import pydoc_data.topics
import re
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from autoglm_agent.model.tokenizer import NANO_DIR, NUM_SPECIAL_TOKENS, SPECIAL_TOKENS, AutoGLMTokenizer

VOCAB_SIZE = 5120
NUM_MERGES = 240
NUM_EXTRA_HANZI = 300  # beyond GB2312 level 1: what the phrase books need and what the corpora use most

SCHEMA_PIECES = (
    '{"type":"object","properties":{', '":{"type":"string"', '":{"type":"string","description":"', '":{"type":"string","enum":["',
    '":{"type":"integer"', '":{"type":"integer","description":"', '":{"type":"number"', '":{"type":"number","description":"',
    '":{"type":"boolean"', '":{"type":"boolean","description":"', '":{"type":"array","items":{"type":"string"}', '":{"type":"',
    '":{"description":"', '","type":"string"}', '","type":"integer"}', '","type":"number"}', '","type":"boolean"}',
    '"}},"required":["', '}},"required":["', ',"required":["', '"],"description":"', '","description":"', ',"description":"',
    '","enum":["', ',"enum":["', ',"minimum":', ',"maximum":', ',"default":', '{"name":"', '","parameters":', '","arguments":{',
    '":"', '":', '":{"', '":{', '":["', '":[', '","', '"},"', '"},', '"},{"', '"}}', '"}}}', '"}', '{"', '{}', '}}', '}}}',
    '},"', '},{"', '},', '["', '"]', '"],"', '"]}', '"]}}', '"]}}}', '[]', ',"', '],"', ']}', '[{"', '"}]', '}]', '",', "...",
    "://", "\n\n", "\\n", "**", "  ",
)  # fmt: skip
"""Punctuation that compact JSON repeats; longer pieces win."""

PUNCTUATION = (
    "，。？！、；：·…—～～（）《》〈〉「」『』【】〔〕“”‘’￥％＋－＝／．＊＃＆＠＜＞｜℃°×÷±≤≥≈→←↑↓①②③④⑤⑥⑦⑧●○■□▲△★☆※"
    "♪√€£½\u3000\u00a0\ufe0f\u200d々〇㎡é"
)
PINYIN_VOWELS = "āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜ"
KANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンー"
)
TOOL_WORDS = """
type string integer number boolean array object null true false name description parameters arguments properties
required enum items minimum maximum default set get turn open close start stop find search play pause resume add
remove query send move go pick place put take navigate control call create cancel list check on off up down left right
light volume temperature color brightness mode speed level value device room position time date hour minute second
location city item action state status result error success message music song artist window door curtain air
conditioner living kitchen bedroom seat fan camera robot car home timer alarm next previous delete update book order
grab lift drop rotate follow return photo front back forward backward top bottom center all none auto count area zone
address minutes seconds day week month year end begin duration humidity colour percent percentage angle distance
direction height width size unit target title text content keyword album playlist radio channel station news weather
reminder calendar event schedule task note contact phone lights lamp heater curtains blind blinds windows doors lock
unlock purifier humidifier vacuum cleaner washer dryer oven fridge tv television speaker sensor switch socket scene
bathroom study balcony garage garden hall dining driver passenger rear trunk sunroof wiper mirror engine battery
charge charging fuel tire pressure navigation route destination map traffic parking gear arm gripper base joint pose
motion step toy box cup bottle ball block shelf table floor user id key code ok enabled enable disabled disable low
medium high fast slow warm cool cold heat dry sleep eco quiet normal strong weak red green blue yellow white black
orange purple pink brown grey gray celsius fahrenheit property function tool the a an of to in for is are was be it
this that with and or not you i we he she they what which who where when how many do does did can could will would
please yes no thank thanks hello hi good morning evening night my your his her its our one two three four five six
seven eight nine ten zero answer question language English Chinese picture image video audio price product brand milk
water juice sugar salt apple banana lemon pear potato tomato carton yoghurt cream
""".split()


def text_files(data_dir: Path) -> Iterator[str]:
    """The text of every corpus under `data_dir` (archives opened), then of this package's own phrase books."""
    for path in sorted((data_dir / "text").iterdir()):
        if path.name.endswith(".jsonl.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                yield from lines
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    stream = archive.extractfile(member)
                    if stream is not None:
                        yield from _unzipped(member.name, stream.read())


def phrase_books(data_dir: Path) -> Iterator[str]:
    """Texts whose every character must be a token: transcripts, spoken words, and the phrases of the generators."""
    for path in sorted(data_dir.glob("*/*.tsv")):
        yield path.read_text(encoding="utf-8")
    with tarfile.open(data_dir / "speech" / "audio_cmn_words.tar") as archive:
        yield from archive.getnames()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        yield path.read_text(encoding="utf-8")


def _unzipped(name: str, payload: bytes) -> Iterator[str]:
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            for inner in archive.namelist():
                yield archive.read(inner).decode("utf-8")
    else:
        yield payload.decode("utf-8")


def characters(data_dir: Path) -> list[str]:
    """All single-character tokens, in order: ASCII, punctuation, kana, GB2312 level 1, the most needed others."""
    level_one = [
        bytes((row, column)).decode("gb2312")
        for row in range(0xB0, 0xD8)
        for column in range(0xA1, 0xFF)
        if (row, column) <= (0xD7, 0xF9)
    ]
    basic = ["\n", "\t", *map(chr, range(32, 127)), *PUNCTUATION, *PINYIN_VOWELS, *KANA, *level_one]
    needed, seen = Counter[str](), Counter[str]()
    for text in phrase_books(data_dir):
        needed.update(re.findall("[\u4e00-\u9fa5]", text))
    for text in text_files(data_dir):
        seen.update(re.findall("[\u4e00-\u9fa5]", text))
    known = set(basic)
    ranked = sorted(needed.keys() | seen.keys(), key=lambda c: (c not in needed, -seen[c] - needed[c], c))
    extra = [c for c in ranked if c not in known][:NUM_EXTRA_HANZI]
    return list(dict.fromkeys([*basic, *extra]))


def english_merges(count: int) -> list[tuple[str, str]]:
    """The first `count` merges among letters: English by the square root of its frequency, tools' words on top."""
    manual = Counter(re.findall(r"[A-Za-z]+", " ".join(pydoc_data.topics.topics.values())))
    words = Counter({word: math.ceil(math.sqrt(n)) for word, n in manual.items() if n >= 3})
    for word in TOOL_WORDS:
        words[word] += 15
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Whitespace()
    alphabet = [*map(chr, range(65, 91)), *map(chr, range(97, 123))]
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet) + count, initial_alphabet=alphabet, show_progress=False)
    learner.train_from_iterator((" ".join([word] * n) for word, n in sorted(words.items())), trainer)
    return [(left, right) for left, right in json.loads(learner.to_str())["model"]["merges"]]


def build(data_dir: Path) -> Tokenizer:
    """The whole tokenizer; the number of merges is what the vocabulary has left."""
    tokens = [*SPECIAL_TOKENS, *(f"<0x{byte:02X}>" for byte in range(256)), *characters(data_dir), *SCHEMA_PIECES]
    if len(set(tokens)) != len(tokens):
        raise ValueError(f"doubled tokens: {[token for token, n in Counter(tokens).items() if n > 1]}")
    merges = english_merges(NUM_MERGES)
    tokens += [left + right for left, right in merges]
    # Whole words need no merges of their own: a piece that is a token is taken as it is.
    whole = [word for word in dict.fromkeys(TOOL_WORDS) if word not in tokens]
    tokens += whole[: VOCAB_SIZE - len(tokens)]
    vocab = {token: index for index, token in enumerate(tokens)}
    if len(vocab) != VOCAB_SIZE:
        raise ValueError(f"{len(vocab)} tokens instead of {VOCAB_SIZE}")
    model = models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=False, ignore_merges=True)
    tokenizer = Tokenizer(model)
    pieces = "|".join(re.escape(piece) for piece in sorted(SCHEMA_PIECES, key=len, reverse=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(f"{pieces}|[A-Za-z]+"), behavior="isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    return tokenizer


def main() -> None:
    """Write `tokenizer.json` and its configuration into the checkpoint directory of `nano`."""
    tokenizer = AutoGLMTokenizer(  # type: ignore[no-untyped-call]
        tokenizer_object=build(Path(sys.argv[1])),
        pad_token="<|pad|>",
        eos_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        chat_template=(NANO_DIR / "chat_template.jinja").read_text(encoding="utf-8"),
    )
    tokenizer.save_pretrained(NANO_DIR)
    print(f"{len(tokenizer)} tokens, {NUM_SPECIAL_TOKENS} of them special, written to {NANO_DIR.name}/")


if __name__ == "__main__":
    main()
