"""Whether every mail and agenda that a program names has its text, in each of its languages."""

from collections.abc import Collection, Iterator

from cohortflow.programs.faults import at_home, nearest
from cohortflow.programs.merging import NOT_NEEDED
from cohortflow.programs.trees import Mark, Node, path_text
from schemas.errors import Fault
from schemas.phrases import STAGES

# Mails that any cohort may come to need.
_ALWAYS = (
    "cohort_held", "declared_late", "program_fault", "roster_held", "match_shortfall", "report_ready", "partner_left",
    "partner_on_leave",
)  # fmt: skip
_SHOWN_AT_MOST = 3


def template_faults(tree: Node, templates: Collection[str], home: Mark) -> list[Fault]:
    """A fault for each mail without a text in the first language, and one note for each further language."""
    named = list(_named_mails(tree))
    languages = _languages(tree)
    faults = []
    for node, folder, name in named:
        if languages and f"{folder}/{name}.{languages[0]}.md" not in templates:
            faults.append(_without_text(node, folder, name, languages[0], templates, home))
    for place, language in enumerate(languages[1:], 1):
        missing = sorted(
            {f"{folder}/{name}" for _, folder, name in named if f"{folder}/{name}.{language}.md" not in templates}
        )
        if missing:
            faults.append(_untranslated(tree, place, language, languages[0], missing, home))
    return faults


def _without_text(node: Node, folder: str, name: str, language: str, templates: Collection[str], home: Mark) -> Fault:
    known = sorted({text.partition("/")[2].partition(".")[0] for text in templates if text.startswith(f"{folder}/")})
    file = f"templates/{folder}/{name}.{language}.md"
    if node.value == name:
        near = nearest(name, known)
        cure = f"{near.removesuffix('?')}, or write {file}" if near.startswith("did") else f"write {file}"
        message = f"is a mail without a text (got {name!r}); {cure}"
    else:
        message = f"needs the text {file}, which does not exist; write it"
    mark = node.mark if isinstance(node.value, str) else node.key_mark or home
    path = path_text(node.path) if node.path else f"program/{name}"
    return at_home(Fault(mark.file, mark.line, mark.column, path, message), home)


def _untranslated(tree: Node, place: int, language: str, first: str, missing: list[str], home: Mark) -> Fault:
    node = tree.get("email", "languages", place) or tree.get("email", "languages")
    mark = node.mark if node else home
    shown = ", ".join(missing[:_SHOWN_AT_MOST]) + (", ..." if len(missing) > _SHOWN_AT_MOST else "")
    message = f"not every text is in {language} yet ({shown}); their readers get {first}"
    return Fault(mark.file, mark.line, mark.column, f"email.languages[{place}]", message, "note")


def _named_mails(tree: Node) -> Iterator[tuple[Node, str, str]]:
    """The node that asks for a text, the folder the text lies in, and its name."""
    for stage in STAGES:
        emails = tree.get("stages", stage, "emails")
        for _, mail in emails.children() if emails else ():
            send = mail.get("send")
            if send and isinstance(send.value, str):
                yield send, stage, send.value
    for node, names in _implied(tree):
        for name in names:
            yield node, "program", name
    agenda = tree.get("stages", "check_in", "agenda")
    if agenda and isinstance(agenda.value, str) and agenda.value != NOT_NEEDED:
        yield agenda, "agendas", agenda.value.replace("{n}", "1")


def _implied(tree: Node) -> Iterator[tuple[Node, tuple[str, ...]]]:
    yield tree, _ALWAYS
    approve, accept = tree.get("stages", "match", "approve"), tree.get("stages", "match", "accept")
    if approve and approve.value != NOT_NEEDED:
        yield approve, ("approval_request", "approval_reminder", "approval_overdue")
    if accept and accept.value != NOT_NEEDED:
        yield accept, ("accept_reminder", "accept_overdue", "accept_declined")
    goals, ladder = tree.get("goals"), tree.get("escalate")
    if goals and goals.value != NOT_NEEDED:
        yield goals, ("goals", "goals_reminder")
    for _, step in ladder.children() if ladder else ():
        send = step.get("send")
        if send and isinstance(send.value, str):
            yield send, (send.value,)


def _languages(tree: Node) -> list[str]:
    node = tree.get("email", "languages")
    if node is None:
        return []
    written = [child.value for _, child in node.children()] or [node.value]
    return [text for text in written if isinstance(text, str)]
