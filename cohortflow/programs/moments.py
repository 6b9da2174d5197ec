"""Whether every moment a program counts from exists where it is used, and none counts from itself."""

from collections.abc import Iterator

from cohortflow.programs.faults import value_fault
from cohortflow.programs.trees import Node, Path
from schemas.errors import Fault
from schemas.phrases import STAGES, Attach, Unclear, When

_OWN = {
    "recruit": ("opens", "closes"),
    "match": ("runs", "opens", "closes"),
    "orient": ("opens", "closes"),
    "check_in": ("opens", "closes"),
    "evaluate": ("opens", "closes"),
    "close": ("runs", "opens", "closes"),
}
# The days a stage stands on, by the moment each of them defines.
_DATED: dict[Path, tuple[str, str] | None] = {
    ("stages", "recruit", "opens"): ("recruit", "opens"),
    ("stages", "recruit", "closes"): ("recruit", "closes"),
    ("stages", "match", "runs"): ("match", "runs"),
    ("stages", "match", "choose", "opens"): None,
    ("stages", "orient", "opens"): ("orient", "opens"),
    ("stages", "orient", "closes"): ("orient", "closes"),
    ("stages", "check_in", "first_meeting", "ask"): ("check_in", "first_meeting"),
    ("stages", "check_in", "first"): ("check_in", "opens"),
    ("stages", "check_in", "last"): ("check_in", "closes"),
    ("stages", "evaluate", "opens"): ("evaluate", "opens"),
    ("stages", "evaluate", "closes"): ("evaluate", "closes"),
    ("stages", "close", "runs"): ("close", "runs"),
    ("goals", "ask"): None,
    ("goals", "set_by"): None,
    ("trial", "until"): None,
    ("privacy", "keep"): None,
}
_BY_PEOPLE = ("response", "approval", "acceptance")
Moment = tuple[str, str]


def moment_faults(tree: Node) -> Iterator[Fault]:
    """Every moment that is used where there is no such day."""
    for path in _DATED:
        node = tree.get(*path)
        when = _when(node)
        if node and when:
            yield from _misplaced(tree, node, when, _stage_of(path), dated=True)
    for node in _listed(tree.get("measure", "report", "when")):
        if when := _when(node):
            yield from _misplaced(tree, node, when, None, dated=True)
    for stage in STAGES:
        for mail in _listed(tree.get("stages", stage, "emails")):
            yield from _mail_faults(tree, mail, stage)
    yield from _circles(tree)


def _mail_faults(tree: Node, mail: Node, stage: str) -> Iterator[Fault]:
    for node in _listed(mail.get("when")):
        if when := _when(node):
            yield from _misplaced(tree, node, when, stage, dated=False)
            yield from _audience_fault(mail, when)
    attach = mail.get("attach")
    if attach and isinstance(attach.value, str) and attach.value.startswith("calendar"):
        try:
            on = Attach.parse(attach.value).on
        except Unclear:
            return
        if on:
            yield from _misplaced(tree, attach, on, stage, dated=True)


def _audience_fault(mail: Node, when: When) -> Iterator[Fault]:
    to = mail.get("to")
    if to and to.value == "applicant" and when.anchor != "response":
        yield value_fault(to, "is the one person whose answer just came", "write when: on response, or to: applicants")


def _misplaced(tree: Node, node: Node, when: When, stage: str | None, dated: bool) -> Iterator[Fault]:
    """What is wrong with a moment in the stage that uses it; `dated` moments must be known beforehand."""
    if when.anchor in _BY_PEOPLE:
        if dated:
            yield value_fault(
                node, f"waits for the {when.anchor}, whose day nobody knows beforehand", "count from start or end"
            )
        elif stage == "recruit" and when.anchor != "response":
            yield value_fault(
                node, f"waits for the {when.anchor}, which comes after this stage", "move the mail to match"
            )
        elif when.anchor == "response" and stage in ("match", "close"):
            yield value_fault(node, "waits for a response, and nobody is asked in this stage", "count from runs")
        elif when.anchor == "acceptance" and not _asks(tree, "match", "accept"):
            yield value_fault(
                node,
                "waits for an acceptance nobody is asked for",
                "declare accept: under match, or count from approval",
            )
    elif when.anchor == "first_meeting" and not _asks(tree, "check_in", "first_meeting"):
        yield value_fault(
            node, "counts from a first meeting nobody is asked about", "declare first_meeting: under check_in"
        )
    elif when.anchor in ("opens", "closes", "runs"):
        yield from _no_such_day(node, when, when.stage or stage)


def _no_such_day(node: Node, when: When, stage: str | None) -> Iterator[Fault]:
    if stage is None:
        yield value_fault(
            node, f"does not say which stage {when.anchor}", f"name it, for example recruit {when.anchor}"
        )
    elif when.anchor not in _OWN[stage]:
        days = ", ".join(_OWN[stage])
        yield value_fault(
            node,
            f"counts from {when.anchor}, which {stage} does not have",
            f"its days are {days}; or count from start or end",
        )


def _asks(tree: Node, stage: str, key: str) -> bool:
    node = tree.get("stages", stage, key)
    return node is not None and node.value != "not_needed"


def _circles(tree: Node) -> Iterator[Fault]:
    counts_from = {moment: _base(tree, path, moment) for path, moment in _DATED.items() if moment}
    for path, moment in _DATED.items():
        passed: list[Moment] = []
        step = moment
        while step in counts_from and step not in passed:
            passed.append(step)
            step = counts_from[step]
        node = tree.get(*path)
        if node and passed and step == passed[0]:
            through = " -> ".join(" ".join(each) for each in (*passed, passed[0]))
            yield value_fault(node, f"counts from itself: {through}", "count one of them from start or end")


def _base(tree: Node, path: Path, moment: Moment) -> Moment | None:
    when = _when(tree.get(*path))
    if when is None or when.anchor not in ("opens", "closes", "runs", "first_meeting"):
        return None
    if when.anchor == "first_meeting":
        return "check_in", "first_meeting"
    stage = when.stage or moment[0]
    if stage in ("match", "close"):
        return stage, "runs"
    return stage, when.anchor


def _stage_of(path: Path) -> str | None:
    return str(path[1]) if path[0] == "stages" else None


def _listed(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.value if isinstance(node.value, list) else [node]


def _when(node: Node | None) -> When | None:
    """The moment, when it can be read; that it cannot is told elsewhere."""
    if node is None or not isinstance(node.value, str):
        return None
    try:
        return When.parse(node.value)
    except Unclear:
        return None
