"""`python -m autoglm_agent.training STAGE`: the training stages without the rest of the command line."""

from autoglm_agent.training.commands import app

if __name__ == "__main__":
    app()
