"""Rules of the house that neither ruff nor import-linter can see."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("autoglm_agent", "integrations") for path in (ROOT / room).rglob("*.py"))
SYNCHRONOUS = ("model", "engine", "audio")


def name_of(path):
    return str(path.relative_to(ROOT))


def calls(tree):
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.fixture(scope="module")
def trees():
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def test_the_network_and_the_engine_contain_no_async(trees):
    words = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    found = [
        name_of(path)
        for path, tree in trees.items()
        if path.relative_to(ROOT).parts[1] in SYNCHRONOUS and any(isinstance(node, words) for node in ast.walk(tree))
    ]
    assert found == []


def test_every_task_belongs_to_a_task_group(trees):
    loose = ("create_task", "ensure_future", "run_coroutine_threadsafe")
    found = [name_of(path) for path, tree in trees.items() if any(call.endswith(loose) for call in calls(tree))]
    assert found == []


def test_nothing_sleeps_by_the_wall_clock(trees):
    found = [name_of(path) for path, tree in trees.items() if "time.sleep" in calls(tree)]
    assert found == []


def test_every_package_is_typed_and_says_what_it_is(trees):
    rooms = [path for path in SOURCES if path.name == "__init__.py"]
    silent = [name_of(path) for path in rooms if not ast.get_docstring(trees[path])]
    assert silent == []
    assert (ROOT / "autoglm_agent" / "py.typed").is_file()
    assert (ROOT / "integrations" / "langchain_autoglm" / "py.typed").is_file()


def test_no_file_is_out_of_hand():
    assert [name_of(path) for path in SOURCES if path.read_text(encoding="utf-8").count("\n") > 600] == []


def test_no_function_is_out_of_hand(trees):
    long = [
        f"{name_of(path)}:{node.name}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno > 80
    ]
    assert long == []
