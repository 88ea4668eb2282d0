from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_agent.model.tokenizer import NUM_SPECIAL_TOKENS, SPECIAL_TOKENS, Detokenizer

# Characters, and the fragments that merge, repeat or imitate special tokens.
FRAGMENTS = (
    '{"type":"',
    '"}}',
    "light",
    "<|user|>",
    "<0x41>",
    "  ",
    "\n\n",
    "灯",
    "50",
    "[gMASK]",
    "</think>",
    "🤖",
    "\x00",
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.characters(codec="utf-8"))).map("".join))


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_text_survives_the_round_trip(tokenizer, text):
    ids = tokenizer.encode_ids(text)

    assert tokenizer.decode_ids(ids) == text
    assert tokenizer.decode(ids) == text


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_no_text_becomes_a_special_token(tokenizer, text):
    assert all(index >= NUM_SPECIAL_TOKENS for index in tokenizer.encode_ids(text))


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_the_fast_path_for_characters_gives_what_the_full_one_gives(tokenizer, text):
    assert tokenizer.encode_ids(text) == tokenizer.plain.encode(text, add_special_tokens=False).ids


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_the_detokenizer_never_gives_half_a_character(tokenizer, text):
    detokenizer = Detokenizer(tokenizer.token_bytes)
    pieces = [detokenizer.push(index) for index in tokenizer.encode_ids(text)]

    assert "".join(pieces) == text
    assert detokenizer.flush() == ""
    assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in text


def test_bytes_that_never_make_a_character_are_flushed_as_a_replacement(tokenizer):
    detokenizer = Detokenizer(tokenizer.token_bytes)
    robot = tokenizer.encode_ids("🤖")

    assert [detokenizer.push(index) for index in robot[:-1]] == [""] * 3
    assert detokenizer.flush() == "\ufffd"
    assert "".join(map(detokenizer.push, robot)) == "🤖"


def test_special_tokens_have_their_fixed_ids(tokenizer):
    assert len(tokenizer) == 5120
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == list(range(NUM_SPECIAL_TOKENS))
    assert tokenizer("<|user|>你好<|fused|>")["input_ids"][::3] == [12, 11]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1)


def test_every_hanzi_and_every_digit_is_a_token_of_its_own(tokenizer):
    text = "客厅的灯调到1250度"

    assert len(tokenizer.encode_ids(text)) == len(text)


def test_a_name_is_cut_the_same_way_in_schema_and_call(tokenizer):
    schema = tokenizer.encode_ids('{"name":"set_dehumidifier_level","description":""}')
    call = tokenizer.encode_ids('{"name":"set_dehumidifier_level","arguments":{}}')
    name = tokenizer.encode_ids("set_dehumidifier_level")

    assert schema[1 : 1 + len(name)] == call[1 : 1 + len(name)] == name


def test_a_saved_tokenizer_loads_the_same(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    again = type(tokenizer).from_pretrained(tmp_path)

    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
    assert again.chat_template == tokenizer.chat_template
