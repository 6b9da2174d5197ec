"""The names a program may use in this house: columns, levels, mails, forms and questions, read from its files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cohortflow.programs.documents import COMPANY, program_files
from cohortflow.programs.merging import standard
from cohortflow.programs.trees import Node, load_tree


@dataclass(frozen=True)
class HouseNames:
    """What there is to name; an empty tuple means that nothing is known, and then any name may stand."""

    columns: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    mails: dict[str, tuple[str, ...]] = field(default_factory=dict)


def house_names(programs: Path, templates: Path) -> HouseNames:
    """The names of one house. A file that cannot be read adds none; `check` says what is wrong with it."""
    files = [programs / COMPANY, *program_files(programs)]
    trees = [tree for tree in map(_tree, files) if tree is not None]
    forms = sorted((programs / "forms").glob("*.yaml"))
    people = [tree.get("people") for tree in trees] or [standard().get("people")]
    written = any(node is not None and node.get("columns") is not None for node in people)
    people = people if written else [*people, standard().get("people")]
    return HouseNames(
        columns=_unique(_keys(node, "columns") for node in people),
        sensitive=_unique(_keys(node, "sensitive") for node in people),
        levels=_unique(_items(node, "levels") for node in people),
        forms=tuple(path.stem for path in forms if "." not in path.stem),
        questions=_unique(_questions(path) for path in forms),
        mails=_mails(templates),
    )


def _tree(path: Path) -> Node | None:
    try:
        return load_tree(path.read_text(encoding="utf-8-sig"), path.name)[0]
    except (OSError, UnicodeDecodeError):
        return None


def _unique(lists: Iterable[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _keys(node: Node | None, name: str) -> list[str]:
    below = node.get(name) if node else None
    return [str(key) for key, _ in below.children()] if below and isinstance(below.value, dict) else []


def _items(node: Node | None, name: str) -> list[str]:
    below = node.get(name) if node else None
    nodes = [child for _, child in below.children()] or [below] if below else []
    return [each.value for each in nodes if isinstance(each.value, str)]


def _questions(form: Path) -> list[str]:
    return _keys(_tree(form), "questions")


def _mails(templates: Path) -> dict[str, tuple[str, ...]]:
    """The texts of each folder; a program's own wording lies one folder deeper, under the program's name."""
    found: dict[str, set[str]] = {}
    for path in (*templates.glob("*/*.md"), *templates.glob("*/*/*.md")):
        found.setdefault(path.parent.name, set()).add(path.name.partition(".")[0])
    return {folder: tuple(sorted(names)) for folder, names in sorted(found.items())}
