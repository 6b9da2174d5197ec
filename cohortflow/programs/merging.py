"""One tree of a program: the standard lifecycle, then the company, then the program, then a cohort's line."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cohortflow.programs import trees
from cohortflow.programs.faults import empty_values, is_empty, value_fault
from cohortflow.programs.spelling import respelt
from cohortflow.programs.trees import Mark, Node, load_tree, merge, without
from schemas.errors import Fault
from schemas.program import Program

STANDARD_FILE = Path(__file__).with_name("standard.yaml")
LINE_KEYS = frozenset({"starts", "ends", "seats"})
NOT_NEEDED = "not_needed"
# Blocks the standard gives as a whole: whoever writes their own means exactly what they write.
WHOLE: frozenset[trees.Path] = frozenset(
    {("people", "columns"), ("people", "status"), ("people", "hold_if"), ("matching", "prefer"), ("measure", "targets")}
)
# Blocks a program can do without by writing not_needed.
OPTIONAL: tuple[trees.Path, ...] = (
    ("stages", "match", "approve"),
    ("stages", "match", "accept"),
    ("stages", "match", "choose"),
    ("stages", "orient", "training"),
    ("stages", "orient", "agreement"),
    ("stages", "orient", "survey"),
    ("stages", "check_in", "first_meeting"),
    ("stages", "check_in", "agenda"),
    ("trial",),
    ("goals",),
    ("mentees_per_mentor_everywhere",),
)


@dataclass
class Sources:
    """The documents of one program, as trees, and what was wrong with them as documents."""

    program_file: str
    program: Node | None
    base: Node
    faults: list[Fault] = field(default_factory=list)
    is_whole: bool = True

    @property
    def home(self) -> Mark:
        """The beginning of the program's own file."""
        return Mark(self.program_file, 1, 1)


@lru_cache(maxsize=1)
def standard() -> Node:
    """The standard lifecycle."""
    tree, faults = load_tree(STANDARD_FILE.read_text(encoding="utf-8"), STANDARD_FILE.name)
    if tree is None or faults:
        raise AssertionError(f"the standard lifecycle does not load: {faults}")
    return tree


@lru_cache(maxsize=64)
def _document(text: str, file: str, model: type[BaseModel]) -> tuple[Node | None, tuple[Fault, ...]]:
    tree, faults = load_tree(text, file)
    if tree is not None:
        tree, misspelt = respelt(tree, model)
        faults += misspelt
    return tree, tuple(faults)


def shown(folder: str, name: str) -> str:
    """A file's path as a coordinator knows it."""
    return f"{folder.rstrip('/')}/{name}" if folder and folder != "." else name


def document(
    texts: dict[str, str], name: str, folder: str, model: type[BaseModel] = Program
) -> tuple[Node | None, list[Fault]]:
    """One of the texts as a tree, its keys as they were meant."""
    tree, faults = _document(texts[name], shown(folder, name), model)
    return tree, list(faults)


def read_sources(texts: dict[str, str], program_id: str, folder: str) -> Sources:
    """The trees of the program and of what it stands on."""
    name = f"{program_id}.yaml"
    file = shown(folder, name)
    if name not in texts:
        message = "does not exist; look at the name, or list the programs with `cohortflow check`"
        return Sources(file, None, standard(), [Fault(file, 1, 1, "file", message)])
    program, faults = document(texts, name, folder)
    base = standard()
    if "company.yaml" in texts:
        company, company_faults = document(texts, "company.yaml", folder)
        faults += [*company_faults, *_version_faults(company)]
        base = merge(base, company, WHOLE) if company else base
        return Sources(file, program, base, faults, is_whole=company is not None)
    return Sources(file, program, base, faults)


def _version_faults(company: Node | None) -> list[Fault]:
    """The one value of the company's file that no program takes over."""
    version = company.get("version") if company else None
    if version is None or version.value == "1":
        return []
    if is_empty(version):
        return list(empty_values(version))
    return [value_fault(version, "is not the version of this vocabulary", "write 1")]


def program_tree(sources: Sources) -> Node:
    """Everything but the overrides of single cohorts."""
    assert sources.program is not None
    # The standard's own blocks give way whole; what the company says is merged with what the program says.
    from_company = {path for path in WHOLE if _is_standard(sources.base.get(*path))}
    return _without_unasked(merge(sources.base, sources.program, frozenset(from_company)))


_FIRST_MEETING: trees.Path = ("stages", "check_in", "first_meeting")
_ITS_MAILS: trees.Path = ("stages", "check_in", "emails")


def _without_unasked(tree: Node) -> Node:
    """Who asks nobody about a first meeting means the standard's mail about it, too."""
    asked, mails = tree.get(*_FIRST_MEETING), tree.get(*_ITS_MAILS)
    if asked is None or asked.value != NOT_NEEDED or not _is_standard(mails) or mails is None:
        return tree
    kept = [mail for _, mail in mails.children() if (when := mail.get("when")) is None or when.value != "first_meeting"]
    return _replaced(tree, _ITS_MAILS, mails._replace(value=kept))


def _replaced(tree: Node, path: trees.Path, node: Node) -> Node:
    if not path:
        return node
    assert isinstance(tree.value, dict)
    step = str(path[0])
    return tree._replace(value={**tree.value, step: _replaced(tree.value[step], path[1:], node)})


def _is_standard(node: Node | None) -> bool:
    return node is not None and node.mark.file == STANDARD_FILE.name


def cohort_tree(tree: Node, key: str, line: Node) -> Node:
    """The program as one cohort sees it: its line's other keys merged over the program's, under the same paths."""
    assert isinstance(tree.value, dict)
    overrides = {str(name): child for name, child in line.children() if name not in LINE_KEYS}
    over = line._replace(value=overrides)
    merged = _without_unasked(merge(tree._replace(value={k: v for k, v in tree.value.items() if k != "cohorts"}), over))
    dated = Node({key: without(line, LINE_KEYS)}, line.mark, ("cohorts",), line.key_mark)
    assert isinstance(merged.value, dict)
    return merged._replace(value={**merged.value, "cohorts": dated}, mark=tree.mark, path=(), key_mark=None)


def overrides_of(line: Node) -> bool:
    """Whether a cohort's line says more than its dates and seats."""
    return any(name not in LINE_KEYS for name, _ in line.children())


def plain_program(tree: Node) -> dict[str, Any]:
    """What the model is made of: overrides of cohorts, and what is not needed, left out."""
    data: dict[str, Any] = tree.plain()
    cohorts = tree.get("cohorts")
    if cohorts is not None and isinstance(cohorts.value, dict):
        data["cohorts"] = {key: without(line, LINE_KEYS).plain() for key, line in cohorts.value.items()}
    for path in OPTIONAL:
        _drop(data, path)
    email = data.get("email")
    if isinstance(email, dict) and email.get("from") == "owner" and isinstance(data.get("owner"), str):
        email["from"] = data["owner"]
    _gather_rosters(data)
    return data


def _drop(data: Any, path: trees.Path) -> None:
    for step in path[:-1]:
        data = data.get(step) if isinstance(data, dict) else None
    if isinstance(data, dict) and data.get(path[-1]) == NOT_NEEDED:
        del data[path[-1]]


def _gather_rosters(data: dict[str, Any]) -> None:
    """Companies that share a program each have a roster, written under people: by the company's name."""
    people, companies = data.get("people"), data.get("companies")
    if isinstance(people, dict) and isinstance(companies, list):
        rosters = {name: people.pop(name) for name in companies if isinstance(people.get(name), dict)}
        if rosters:
            people["rosters"] = rosters
