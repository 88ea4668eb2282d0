"""Settings: arguments over environment over file, and errors that name the field."""

import subprocess
import sys

import pytest

from autoglm_agent.errors import InputError
from autoglm_agent.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _empty_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AUTOGLM_PORT", "AUTOGLM_CONFIG", "AUTOGLM_API_KEYS"):
        monkeypatch.delenv(name, raising=False)


def test_a_server_is_local_and_open_by_default():
    settings = load_settings()
    assert (settings.host, settings.port, settings.model, settings.api_keys) == ("127.0.0.1", 8000, "nano", ())


def test_arguments_win_over_environment_over_file(tmp_path, monkeypatch):
    (tmp_path / "autoglm.toml").write_text('port = 1\nhost = "from-file"\nmodel = "from-file"\n')
    monkeypatch.setenv("AUTOGLM_PORT", "2")
    monkeypatch.setenv("AUTOGLM_HOST", "from-env")
    settings = load_settings(port=3, host=None)
    assert (settings.port, settings.host, settings.model) == (3, "from-env", "from-file")


def test_the_environment_may_name_the_file(tmp_path, monkeypatch):
    (tmp_path / "other.toml").write_text("max_sessions = 7\n")
    monkeypatch.setenv("AUTOGLM_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().max_sessions == 7


def test_keys_are_comma_separated_and_never_printed(monkeypatch):
    monkeypatch.setenv("AUTOGLM_API_KEYS", "first, second,")
    settings = load_settings()
    assert [key.get_secret_value() for key in settings.api_keys] == ["first", "second"]
    assert "first" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("port", 70_000), ("speech_chunk_ms", 50), ("max_sessions", 0), ("dtype", "int3"), ("tpyo", 1)]
)
def test_a_value_that_cannot_be_used_names_its_field(name, value):
    with pytest.raises(InputError, match=f"`{name}`"):
        load_settings(**{name: value})


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "autoglm.toml").write_text("port = = 1")
    with pytest.raises(InputError, match=r"autoglm\.toml is not valid TOML"):
        load_settings()


def test_a_file_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("AUTOGLM_CONFIG", "nowhere.toml")
    with pytest.raises(InputError, match=r"AUTOGLM_CONFIG names nowhere\.toml"):
        load_settings()


def test_the_engine_leaves_a_core_to_the_loop(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert Settings().engine_threads == 7
    assert Settings(threads=3).engine_threads == 3
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert Settings().engine_threads == 1


def test_settings_load_neither_torch_nor_a_server():
    code = "import sys, autoglm_agent.settings; print([m for m in ('torch', 'fastapi', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
