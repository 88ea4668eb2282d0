"""Rules of the house that neither ruff nor import-linter can see."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
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
    # Where LangChain leaves no task group open: it steps a generator from a new task each time (hosted), and a cancelled
    # call has no caller left to own the end of its trace (watching).
    assert found == [
        "integrations/langchain_autoglm/hosted.py",
        "integrations/langchain_autoglm/tracing/watching.py",
    ]


def test_nothing_sleeps_by_the_wall_clock(trees):
    found = [name_of(path) for path, tree in trees.items() if "time.sleep" in calls(tree)]
    assert found == []


def test_every_package_is_typed_and_says_what_it_is(trees):
    rooms = [path for path in SOURCES if path.name == "__init__.py"]
    silent = [name_of(path) for path in rooms if not ast.get_docstring(trees[path])]
    assert silent == []
    assert (ROOT / "autoglm_agent" / "py.typed").is_file()
    assert (ROOT / "integrations" / "langchain_autoglm" / "py.typed").is_file()


ABSENT = {"cv2": "opencv-python-headless"}  # hardware's libraries, not installed for tests


def declared(*extras):
    """The distributions a plain install gives, and those of some extras, by their normal names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {re.split(r"[<>=!~;\[ ]", line)[0].lower().replace("_", "-") for line in lines}


def imported(paths):
    """The third-party packages some files import, each with one file that does."""
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            else:
                continue
            found |= {name.split(".")[0]: name_of(path) for name in names}
    ours = {"autoglm_agent", "langchain_autoglm", "tests"}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | ours}


@pytest.mark.parametrize(
    ("extras", "rooms"),
    [
        ((), [room for room in (ROOT / "autoglm_agent").iterdir() if room.name not in ("client", "training", "voice")]),
        (("voice",), [ROOT / "autoglm_agent" / "voice"]),
        (("audio", "camera"), [ROOT / "autoglm_agent" / "client"]),
        (("voice", "train"), [ROOT / "autoglm_agent" / "training"]),
        (("langchain", "agents", "camera"), [ROOT / "integrations"]),
        (("voice", "train", "langchain", "test"), [ROOT / "tests"]),
    ],
    ids=["plain", "voice", "client", "training", "integrations", "tests"],
)
def test_what_is_imported_is_declared(extras, rooms):
    # These come with a declared one and are its public face.
    given = declared(*extras) | {"starlette", "pydantic-core"}
    paths = [path for room in rooms for path in ([room] if room.suffix == ".py" else room.rglob("*.py"))]
    homes = packages_distributions()
    missing = {
        name: path
        for name, path in imported(paths).items()
        if not {home.lower().replace("_", "-") for home in homes.get(name, [ABSENT.get(name, name)])} & given
    }
    assert missing == {}


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
