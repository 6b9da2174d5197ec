"""What is read, checked and shown now, but carried out by a later version: nothing is ignored in silence."""

import re
from collections.abc import Callable, Iterator

from cohortflow.programs.merging import NOT_NEEDED, STANDARD_FILE
from cohortflow.programs.trees import Node, Path, path_text
from schemas.errors import Fault, Severity
from schemas.program import Program

_HELD_TYPES = ("group", "peer", "micro", "cross_company")
_HELD_AIMS = ("fairest", "stable")
_PREFERENCES = ("ranked_choice",)

NOTES: tuple[tuple[Path, str], ...] = (
    (
        ("escalate",),
        "the ladder for matches in trouble is carried out by a later version; until then they are only flagged",
    ),
    (
        ("stages", "match", "choose"),
        "ranking of partners is carried out by a later version; until then nobody is asked",
    ),
    (
        ("stages", "orient", "training", "completions_from"),
        "completions are read by a later version; until then the course is only named",
    ),
    (
        ("stages", "orient", "training", "required"),
        "a match is announced whether the course is done or not, until a later version",
    ),
    (
        ("matching", "score_from"),
        "scores made elsewhere are read by a later version; until then the preferences decide",
    ),
    (("measure", "outcomes"), "outcomes are measured by a later version; until then the report leaves them out"),
    (("measure", "compare_with"), "the comparison is made by a later version; until then the report leaves it out"),
    (("group_size",), "groups are made by a later version"),
    (("level_gap",), "peers are paired by a later version"),
    (("companies",), "programs across companies are run by a later version"),
    (("privacy", "keep"), "what is older is made anonymous or erased by a later version; until then it is kept"),
)


def reason_to_hold(program: Program) -> str | None:
    """Why no cohort of a program can be run by this version; None for the programs it runs."""
    if program.type in _HELD_TYPES:
        return f"programs of type {program.type} are run by a later version"
    if program.matching.aim in _HELD_AIMS:
        return f"the aim {program.matching.aim!r} is reached by a later version; write another under matching.aim"
    return None


def later_faults(tree: Node) -> list[Fault]:
    """Warnings for what holds a cohort, notes for what a cohort does without for now."""
    return [fault for fault in _found(tree) if fault.file != STANDARD_FILE.name]


def _found(tree: Node) -> Iterator[Fault]:
    yield from _warnings(tree)
    for path, sentence in NOTES:
        node = tree.get(*path)
        if node is not None and node.value not in (NOT_NEEDED, [], "off", "false", "no"):
            yield _about(node, sentence, "note")
    prefer = tree.get("matching", "prefer")
    for key, node in prefer.children() if prefer else ():
        if key in _PREFERENCES:
            yield _about(node, "this preference is weighed by a later version; until then it counts nothing", "note")
    yield from _note_values(tree)


def _warnings(tree: Node) -> Iterator[Fault]:
    kind, aim = tree.get("type"), tree.get("matching", "aim")
    if kind and kind.value in _HELD_TYPES:
        sentence = f"programs of type {kind.value} are run by a later version; until then their cohorts are held"
        yield _about(kind, sentence, "warning")
    if aim and aim.value in _HELD_AIMS:
        sentence = f"the aim {aim.value!r} is reached by a later version; until then the cohorts are held"
        yield _about(aim, sentence, "warning")


def _note_values(tree: Node) -> Iterator[Fault]:
    yield from _when_value(
        tree.get("people", "from"),
        lambda text: bool(re.match(r"\w+://", text)),
        "files are fetched from there by a later version; until then put them into a folder here",
    )
    yield from _when_value(
        tree.get("email", "open_tracking"),
        lambda text: text.lower() in ("on", "true", "yes"),
        "whether a mail was opened is recorded by a later version",
    )
    yield from _when_value(
        tree.get("people", "when_someone_leaves"),
        lambda text: text == "ask_owner",
        "the owner is asked by a later version; until then the match ends and no other partner is looked for",
    )
    yield from _when_value(
        tree.get("people", "when_someone_is_on_leave"),
        lambda text: text in ("end_match", "ask_owner"),
        "this is done by a later version; until then the match goes on as if nobody were away",
    )
    signs = tree.get("at_risk")
    for _, node in signs.children() if signs else ():
        yield from _when_value(
            node,
            lambda text: text == "goal overdue",
            "this sign is watched by a later version; until then it flags nothing",
        )


def _when_value(node: Node | None, applies: Callable[[str], bool], sentence: str) -> Iterator[Fault]:
    if node is not None and isinstance(node.value, str) and applies(node.value):
        yield _about(node, sentence, "note")


def _about(node: Node, sentence: str, severity: Severity) -> Fault:
    mark = node.mark if isinstance(node.value, str) else node.key_mark or node.mark
    return Fault(mark.file, mark.line, mark.column, path_text(node.path), sentence, severity)
