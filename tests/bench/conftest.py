"""A tiny checkpoint on disk: every part present, random weights, milliseconds to run."""

import pytest

from autoglm_agent.model.loading import save_nano
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from tests.engine.conftest import make_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tiny")
    save_nano(make_bundle(AutoGLMTokenizer.from_pretrained(NANO_DIR)).model, directory)
    return directory
