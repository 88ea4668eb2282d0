import pytest

from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer


@pytest.fixture(scope="session")
def tokenizer():
    return AutoGLMTokenizer.from_pretrained(NANO_DIR)


@pytest.fixture(scope="session")
def layout(tokenizer):
    return ChatLayout(tokenizer, AutoGLMConfig.nano())
