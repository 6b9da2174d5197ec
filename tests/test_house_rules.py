"""The rules of the house, held by reading the code: floors, sizes, words, clocks, and what each room may touch."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import check_config

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("schemas", "tasks", "flows", "cohortflow")
MIGRATIONS = "cohortflow/store/migrations/"

# Each room may import from those named with it, and from itself.
GROUND = {"schemas"}
FLOORS: dict[str, set[str]] = {
    "schemas": set(),
    "cohortflow.engine": {"cohortflow.prefect_engine", "cohortflow.prefect_silence", *GROUND},
    "cohortflow.prefect_engine": {"cohortflow.engine", *GROUND},
    "cohortflow.prefect_silence": GROUND,
    "cohortflow.pairing": GROUND,
    "cohortflow.programs": {"cohortflow.engine", "cohortflow.pairing", *GROUND},
    "cohortflow.store": {"cohortflow.programs", "cohortflow.engine", *GROUND},
    "cohortflow.mailroom": {"cohortflow.store", "cohortflow.programs", "cohortflow.engine", *GROUND},
    "tasks": {"cohortflow.programs", "cohortflow.engine", "cohortflow.pairing", *GROUND},
    "flows": {"tasks", "cohortflow.mailroom", "cohortflow.store", "cohortflow.programs", "cohortflow.engine", *GROUND},
}
BELOW_THE_TOP = {*FLOORS, "flows", "tasks"}
FLOORS |= {
    "cohortflow.portal": BELOW_THE_TOP,
    "cohortflow.simulation": BELOW_THE_TOP,
    "cohortflow.operations": {*BELOW_THE_TOP, "cohortflow.simulation"},
    "cohortflow.cli": {*BELOW_THE_TOP, "cohortflow.simulation", "cohortflow.portal", "cohortflow.operations"},
}
KNOWS_PREFECT = (
    "cohortflow/engine.py",
    "cohortflow/prefect_engine.py",
    "cohortflow/prefect_silence.py",
    "flows/",
    "cohortflow/operations/",
    "cohortflow/simulation/prefect_runtime.py",
)
KNOWS_SQL = {
    "cohortflow/cli/errors.py": "knows the database's own faults by their class, to say them in plain words",
    "cohortflow/cli/previewing.py": "takes a URL apart, to see whether there is a database before it would be made",
    "cohortflow/mailroom/lines.py": "reads the few lines that a mail lists, inside the batch's one transaction",
    "cohortflow/mailroom/writing.py": "reads whom a batch of mails speaks of, inside its one transaction",
}
# `Connection` alone is a type in a signature: a transaction handed from the store through a flow.
ONLY_THE_TYPE = {"sqlalchemy.engine": {"Connection"}}
READS_THE_CLOCK = {
    "cohortflow/store/instances.py": "shown_now: the one place where an entry asks the instance clock",
    "cohortflow/prefect_engine.py": "asks for the runs of the last hour, and Prefect lives by real time",
    "cohortflow/prefect_silence.py": "asks for how long runs have been silent, and Prefect lives by real time",
    "cohortflow/operations/doctor.py": "an entry: compares this machine's clock, and asks what is scheduled from now on",
    "cohortflow/operations/watching.py": "an entry: a request asks how things are at this moment",
    "cohortflow/operations/demo.py": "sets the clock of a demonstration going",
    "cohortflow/simulation/watched_life.py": "an entry: moves the clock of a demonstration",
    "cohortflow/portal/webhooks.py": "how old a signature is: the provider signs by the real time",
    "cohortflow/cli/simulating.py": "how long a command took, and today as the first day of a made-up company",
}
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"),
    ("time", "localtime"), ("Timestamp", "now"),
}  # fmt: skip
TOO_LONG: dict[str, str] = {}
TOO_BIG: dict[str, str] = {}


def ours() -> list[Path]:
    """Every module of the four rooms."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    """A module's file, as it is written in the rules here."""
    return path.relative_to(ROOT).as_posix()


MODULES = [name_of(path) for path in ours()]


@lru_cache(maxsize=512)
def tree_of(name: str) -> ast.Module:
    """A module, parsed."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def nodes_of(name: str) -> tuple[ast.AST, ...]:
    """Everything in a module, walked over once for all tests."""
    return tuple(ast.walk(tree_of(name)))


def imports_of(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a module imports, anywhere in it: the module and the names taken from it."""
    for node in nodes_of(name):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are written whole, not relative"
            yield str(node.module), tuple(alias.name for alias in node.names)


def room_of(module: str) -> str | None:
    """The floor a module of ours lies on; None for anything from outside."""
    parts = module.split(".")
    if parts[0] not in ROOMS:
        return None
    return ".".join(parts[:2]) if parts[0] == "cohortflow" else parts[0]


def rooms_named(module: str, names: tuple[str, ...]) -> set[str]:
    """The floors an import reaches; `from cohortflow import store` reaches the store."""
    if module == "cohortflow":
        return {f"cohortflow.{name}" for name in names}
    room = room_of(module)
    return {room} if room else set()


def test_each_room_imports_only_from_the_floors_below() -> None:
    wrong = []
    for name in MODULES:
        mine = room_of(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        if mine is None or mine == "cohortflow":
            continue
        reached = {room for module, names in imports_of(name) for room in rooms_named(module, names)}
        wrong += [f"{name} reaches up to {room}" for room in sorted(reached - FLOORS[mine] - {mine})]
    assert wrong == []


def test_prefect_stays_in_the_engine_and_the_flows() -> None:
    assert [name for name in MODULES if "prefect" in packages_of(name) and not name.startswith(KNOWS_PREFECT)] == []


def test_sendgrid_stays_in_the_mailroom() -> None:
    outside = [name for name in MODULES if not name.startswith("cohortflow/mailroom/")]
    assert [name for name in outside if "sendgrid" in packages_of(name)] == []


def packages_of(name: str) -> set[str]:
    """The packages a module imports from, by their first name."""
    return {module.split(".")[0] for module, _ in imports_of(name)}


def test_sql_stays_in_the_store() -> None:
    wrong = []
    for name in MODULES:
        if name.startswith("cohortflow/store/") or name in KNOWS_SQL:
            continue
        for module, names in imports_of(name):
            only_a_type = bool(names) and set(names) <= ONLY_THE_TYPE.get(module, set())
            if module.split(".")[0] in ("sqlalchemy", "alembic", "psycopg", "sqlite3") and not only_a_type:
                wrong.append(f"{name} imports {module}")
    assert wrong == []


def test_check_needs_neither_pandas_nor_prefect() -> None:
    heavy = "{'pandas', 'prefect', 'sqlalchemy'} & set(sys.modules)"
    code = f"import sys, cohortflow.cli.main, cohortflow.cli.check; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_are_short() -> None:
    tests = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")]
    long = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in [*MODULES, *tests]}
    assert [f"{name}: {lines} lines" for name, lines in long.items() if lines > 400 and not is_exempt(name)] == []


def is_exempt(name: str) -> bool:
    """Whether a file's size is a debt, or never was ours to choose."""
    return name in TOO_BIG or name.startswith(MIGRATIONS)


def test_functions_are_short() -> None:
    wrong = []
    for name in MODULES:
        for node in nodes_of(name):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not name.startswith(MIGRATIONS):
                lines = lines_of(node)
                if lines > 40 and f"{name}:{node.name}" not in TOO_LONG:
                    wrong.append(f"{name}:{node.name} has {lines} lines")
    assert wrong == []


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The length of a function without its docstring."""
    told = node.body[0] if ast.get_docstring(node) else None
    return 1 + (node.end_lineno or 0) - node.lineno - (1 + (told.end_lineno or 0) - told.lineno if told else 0)


def test_exceptions_are_still_needed() -> None:
    named = {*TOO_BIG, *KNOWS_SQL, *READS_THE_CLOCK, *(each.split(":")[0] for each in TOO_LONG)}
    assert sorted(named - set(MODULES)) == []


def test_no_file_is_named_like_a_module_of_the_standard_library() -> None:
    # Deeper in a package nothing is shadowed; a flow's file may be run by its path.
    exposed = [name for name in MODULES if name.count("/") == 1 and not name.endswith("__init__.py")]
    assert [name for name in exposed if Path(name).stem in sys.stdlib_module_names] == []


def test_everything_says_what_it_is_for() -> None:
    silent = [name for name in MODULES if not ast.get_docstring(tree_of(name))]
    for name in MODULES:
        if not name.startswith(MIGRATIONS):
            silent += [f"{name}:{each}" for each in things_without_a_docstring(tree_of(name))]
    assert silent == []


def things_without_a_docstring(tree: ast.Module) -> Iterator[str]:
    """Public classes, functions and methods that say nothing; what overrides a method of this file may be silent."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    explained = {each.name for node in classes for each in methods_of(node) if ast.get_docstring(each)}
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    yield from (node.name for node in (*classes, *functions) if says_nothing(node))
    for node in classes:
        if not node.name.startswith("_"):
            silent = (each.name for each in methods_of(node) if says_nothing(each))
            yield from (f"{node.name}.{name}" for name in silent if not node.bases or name not in explained)


def methods_of(node: ast.ClassDef) -> list[ast.FunctionDef]:
    """The methods of a class."""
    return [each for each in node.body if isinstance(each, ast.FunctionDef)]


def says_nothing(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether something public has no docstring; an overload is only a signature."""
    is_overload = any(ast.unparse(each) == "overload" for each in node.decorator_list)
    return not node.name.startswith("_") and not is_overload and not ast.get_docstring(node)


def test_only_entries_read_the_clock() -> None:
    wrong = []
    for name in MODULES:
        for node in nodes_of(name):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and name not in READS_THE_CLOCK:
                asked = (ast.unparse(node.func.value).split(".")[-1], node.func.attr)
                wrong += [f"{name}:{node.lineno} asks {'.'.join(asked)}"] if asked in CLOCKS else []
    assert wrong == []


def test_each_room_is_ours() -> None:
    for room in ROOMS:
        found = importlib.import_module(room).__file__
        assert found is not None
        assert Path(found).is_relative_to(ROOT), f"{room} comes from {found}; a stray package shadows ours"


def tracked() -> list[Path]:
    """Every file that a clone gets; without git, every file beside what runs leave behind."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
    left_out = {".venv", "var", "out", "inbox", "__pycache__"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not left_out & set(path.relative_to(ROOT).parts)]


# Put together here, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    "|".join((r"/(?:root|home|Users)" + r"/[a-z]", r"/wo" + r"rk/", r"/tm" + r"p/[a-z_]+\.", r"C:\\Us" + "ers"))
)
REGISTRIES = re.compile(
    "|".join((r"files\.pyth" + "onhosted", r"pypi\.or" + "g", r"registry\.np" + "mjs", r"--(?:extra-)?index" + "-url"))
)


def test_no_machine_and_no_registry_is_named() -> None:
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (MACHINE_PATHS, REGISTRIES):
            found = pattern.search(text)
            assert not found, f"{name_of(path)} names {found.group() if found else ''}"


@pytest.mark.parametrize("path", program_files(ROOT / "program_configs"), ids=lambda path: path.stem)
def test_every_program_that_ships_passes_check(path: Path) -> None:
    faults = check_config(read_config(path), path.stem, path.parent.name)
    assert [str(fault) for fault in faults if fault.severity == "error"] == []


def test_constraints_hold_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+", line)]
    assert lines and odd == []


def test_what_must_be_held_back_is_held_back() -> None:
    held = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line
    )
    held = {name.lower(): version for name, version in held.items()}
    assert held["prefect"] == "3.8.8"
    assert held["fastapi"] == "0.150.0"
    assert held["sqlalchemy"].startswith("2.0.")


def test_the_table_of_invariants_names_tests_that_exist() -> None:
    named = set(
        re.findall(r"`(tests/[a-z_/]+(?:\.py|/))`", (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8"))
    )
    assert named and [name for name in sorted(named) if not (ROOT / name).exists()] == []
