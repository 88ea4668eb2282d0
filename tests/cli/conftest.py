"""A tiny checkpoint with random weights on disk: what it says means nothing, but all of it runs."""

import pytest
import torch
from typer.testing import CliRunner

from autoglm_agent.cli import app
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.loading import save_nano
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    torch.manual_seed(3)
    config = AutoGLMConfig.tiny(vocab_size=len(AutoGLMTokenizer.from_pretrained(NANO_DIR)))
    directory = tmp_path_factory.mktemp("tiny")
    model = AutoGLMForConditionalGeneration(config).eval()
    model.speech.token_head.bias.data.normal_(std=0.5)  # so that it hears something other than silence
    save_nano(model, directory)
    return str(directory)


@pytest.fixture
def autoglm():
    """Run the command line in this process; stdout and stderr come apart."""
    runner = CliRunner()

    def run(*arguments):
        result = runner.invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
