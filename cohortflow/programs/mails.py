"""Whether every mail and agenda that a program names has its text, in each of its languages."""

import re
from collections.abc import Collection, Iterator

from cohortflow.programs.faults import at_home, nearest
from cohortflow.programs.merging import NOT_NEEDED
from cohortflow.programs.trees import Mark, Node, path_text
from schemas.errors import Fault
from schemas.phrases import STAGES
from schemas.words import ID, LANGUAGE

# Mails that any cohort may come to need.
_ALWAYS = (
    "cohort_held", "declared_late", "program_fault", "roster_held", "match_shortfall", "report_ready", "partner_left",
    "partner_on_leave", "edit_waiting", "invitation_moved", "invitation_cancelled",
)  # fmt: skip
_SHOWN_AT_MOST = 3


def template_faults(tree: Node, templates: Collection[str], home: Mark) -> list[Fault]:
    """A fault for each mail without a text in the first language, and one warning for each further language."""
    named = list(_named_mails(tree))
    languages = _languages(tree)
    if languages and not any(name.endswith(f".{languages[0]}.md") for name in templates):
        return [_without_texts(tree, languages[0], home)]
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


def _without_texts(tree: Node, language: str, home: Mark) -> Fault:
    """Of a language nobody has written in yet, one fault says more than one for each mail."""
    node = tree.get("email", "languages", 0) or tree.get("email", "languages")
    message = f"no text is in {language} yet; put a language first whose texts are there, for example en"
    mark = node.mark if node else home
    return at_home(Fault(mark.file, mark.line, mark.column, "email.languages[0]", message), home)


def _without_text(node: Node, folder: str, name: str, language: str, templates: Collection[str], home: Mark) -> Fault:
    known = sorted({text.partition("/")[2].partition(".")[0] for text in templates if text.startswith(f"{folder}/")})
    file = f"templates/{folder}/{name}.{language}.md"
    if node.value == name:
        near = "" if name in known else nearest(name, known)  # another language's text of it is there
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
    message = (
        f"not every text is in {language} yet ({shown}), and their readers get {first}; write them, for example "
        f"templates/{missing[0]}.{language}.md, or take {language} out of the list"
    )
    return Fault(mark.file, mark.line, mark.column, f"email.languages[{place}]", message, "warning")


def _named_mails(tree: Node) -> Iterator[tuple[Node, str, str]]:
    """The node that asks for a text, the folder the text lies in, and its name."""
    for stage in STAGES:
        emails = tree.get("stages", stage, "emails")
        for _, mail in emails.children() if emails else ():
            send = mail.get("send")
            if send and isinstance(send.value, str) and ID.fullmatch(send.value):
                yield send, stage, send.value
    for node, names in _implied(tree):
        for name in names:
            yield node, "program", name
    agenda = tree.get("stages", "check_in", "agenda")
    month = str(agenda.value).replace("{n}", "1") if agenda else NOT_NEEDED
    if agenda and month != NOT_NEEDED and ID.fullmatch(month):
        yield agenda, "agendas", month


def _implied(tree: Node) -> Iterator[tuple[Node, tuple[str, ...]]]:
    yield tree, _ALWAYS
    approve, accept = tree.get("stages", "match", "approve"), tree.get("stages", "match", "accept")
    if approve and approve.value != NOT_NEEDED:
        yield approve, ("approval_request", "approval_reminder", "approval_overdue")
    if accept and accept.value != NOT_NEEDED:
        yield accept, ("accept_reminder", "accept_overdue", "accept_declined", "accept_lapsed", "accept_lapsed_digest")
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
    return [text for text in written if isinstance(text, str) and re.fullmatch(LANGUAGE, text)]
