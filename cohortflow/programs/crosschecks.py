"""What one value of a program demands of another: whatever is named must be there."""

from collections.abc import Iterator
from functools import lru_cache, partial

from cohortflow.programs.columns import column_faults
from cohortflow.programs.examples import EXAMPLES
from cohortflow.programs.faults import at_home, key_fault, nearest, validated, value_fault
from cohortflow.programs.merging import NOT_NEEDED, OPTIONAL, document, standard
from cohortflow.programs.moments import moment_faults
from cohortflow.programs.spelling import is_slip
from cohortflow.programs.trees import Mark, Node, Path, path_text
from schemas.errors import Fault
from schemas.forms import Form
from schemas.phrases import STAGES
from schemas.words import ID

_FORMS: tuple[Path, ...] = (
    ("stages", "recruit", "form"),
    ("stages", "orient", "agreement"),
    ("stages", "orient", "survey"),
    ("stages", "check_in", "survey"),
    ("stages", "evaluate", "survey"),
)
# Blocks that need a form whose name is always the same.
_IMPLIED: dict[Path, str] = {
    ("stages", "match", "accept"): "accept",
    ("stages", "check_in", "first_meeting"): "first_meeting",
    ("goals",): "goals",
}
# Mails of ours that a stage sends by itself; a declared one of that name would be taken for it.
_OURS = {"match": ("approval_request", "approval_reminder", "approval_overdue", "accept_reminder")}
_PREFERENCES = {
    "skills_wanted_offered": ("skills_wanted", "skills_offered"),
    "career_goal": ("career_goal",),
    "working_style": ("working_style",),
}
_SAME_FOR_ALL = ("version", "cohorts", "company", "type")


def form_of(texts: dict[str, str], name: str, folder: str) -> tuple[Form | None, list[Fault]]:
    """The form of that name, or what is wrong with its file."""
    file = f"forms/{name}.yaml"
    form, faults = _form(texts[file], file, folder)
    return form, list(faults)


@lru_cache(maxsize=64)
def _form(text: str, file: str, folder: str) -> tuple[Form | None, tuple[Fault, ...]]:
    """As `form_of`; several stages and programs share their forms."""
    tree, faults = document({file: text}, file, folder, Form)
    if tree is None:
        return None, tuple(faults)
    form, found = validated(Form, tree, tree.plain(), Mark(tree.mark.file, 1, 1))
    return (None if faults else form), (*faults, *found)


def cross_faults(tree: Node, texts: dict[str, str], folder: str, home: Mark) -> list[Fault]:
    """Everything in the tree that does not fit something else in it, or in the texts."""
    faults = [
        *_form_faults(tree, texts, folder),
        *_file_faults(tree, texts),
        *_people_faults(tree, home),
        *_mail_faults(tree),
        *_line_faults(tree),
        *_type_faults(tree, home),
        *column_faults(tree, _asked(tree, texts, folder)),
        *moment_faults(tree),
    ]
    return [at_home(fault, home) for fault in faults]


def _form_faults(tree: Node, texts: dict[str, str], folder: str) -> Iterator[Fault]:
    known = sorted(name.removeprefix("forms/").removesuffix(".yaml") for name in texts if name.startswith("forms/"))
    for path in _FORMS:
        node = tree.get(*path)
        if node is None or not isinstance(node.value, str) or node.value == "":
            continue
        if node.value == NOT_NEEDED:
            if path not in OPTIONAL:
                usual = standard().get(*path)
                cure = f"write {usual.value}" if usual else "name one"
                yield value_fault(node, "is a form its stage cannot do without", cure)
            continue
        if node.value in known:
            yield from form_of(texts, node.value, folder)[1]
        elif ID.fullmatch(node.value):
            near = nearest(node.value, known).removesuffix("?")
            yield value_fault(node, "is a form without a file", f"{near}, or write forms/{node.value}.yaml")
    for path, name in _IMPLIED.items():
        node = tree.get(*path)
        if node is None or node.value == NOT_NEEDED:
            continue
        if name in known:
            yield from form_of(texts, name, folder)[1]
        else:
            yield key_fault(node, f"needs the form {name}, which has no file", f"write forms/{name}.yaml")
    yield from _question_faults(tree, texts, folder)


def _question_faults(tree: Node, texts: dict[str, str], folder: str) -> Iterator[Fault]:
    """Consent that is required must be asked for; what is preferred must be asked about."""
    named = tree.get("stages", "recruit", "form")
    if named is None or f"forms/{named.value}.yaml" not in texts:
        return
    name = f"forms/{named.value}.yaml"
    form, _ = form_of(texts, str(named.value), folder)
    asked, _ = document(texts, name, folder, Form)
    questions = asked.get("questions") if asked else None
    for missing, fault in _unasked(tree, form, name) if form else ():
        found = map(partial(_slip_of, questions), missing)
        yield from [slip for slip in found if slip] or [fault]


def _asked(tree: Node, texts: dict[str, str], folder: str) -> list[str]:
    """What people are asked when they apply."""
    named = tree.get("stages", "recruit", "form")
    form = form_of(texts, str(named.value), folder)[0] if named and f"forms/{named.value}.yaml" in texts else None
    return list(form.questions) if form else []


def _unasked(tree: Node, form: Form, name: str) -> Iterator[tuple[list[str], Fault]]:
    """The questions that something needs and the form does not ask, with what is to be said of them."""
    consent = tree.get("stages", "recruit", "consent")
    if consent and consent.value == "required" and "consent" not in form.questions:
        mend = "add a question consent: with type: yes_no"
        yield ["consent"], value_fault(consent, f"is not asked for in {name}", mend)
    prefer = tree.get("matching", "prefer")
    for key, node in prefer.children() if prefer else ():
        needed = (str(key)[5:].strip(),) if str(key).startswith("text:") else _PREFERENCES.get(str(key), ())
        missing = [question for question in needed if question not in form.questions]
        if missing:
            message = f"compares answers to {', '.join(missing)}, which {name} does not ask"
            yield missing, key_fault(node, message, "add the question, or remove this preference")


def _slip_of(questions: Node | None, wanted: str) -> Fault | None:
    """A question whose key is that of the wanted one but for a slip of the pen."""
    for key, node in questions.children() if questions else ():
        if is_slip(str(key), wanted):
            return key_fault(node, f"is not the key that {wanted} is looked for by", f"did you mean {wanted!r}?")
    return None


def _file_faults(tree: Node, texts: dict[str, str]) -> Iterator[Fault]:
    never, score = tree.get("matching", "never"), tree.get("matching", "score_from")
    named = [rule.get("in_file") for _, rule in never.children()] if never else []
    for node in [*named, score]:
        if node is not None and isinstance(node.value, str) and node.value and node.value not in texts:
            yield value_fault(
                node,
                "is a file that is not in the folder of the programs",
                "put it there, correct its name, or remove this key",
            )


def _people_faults(tree: Node, home: Mark) -> Iterator[Fault]:
    """Whoever must act or be told has to be named."""
    approve = tree.get("stages", "match", "approve", "by")
    if approve and approve.value in ("approvers", "sponsor") and not _named(tree, str(approve.value)):
        yield _absent(str(approve.value), home, f"{path_text(approve.path)} needs them")
    told = [tree.get("stages", stage, "emails") for stage in STAGES]
    audiences = [mail.get("to") for emails in told if emails for _, mail in emails.children()]
    report = tree.get("measure", "report", "to")
    audiences += [report, *(child for _, child in report.children())] if report else []
    for name in ("approvers", "sponsor"):
        node = next((to for to in audiences if to is not None and to.value == name), None)
        if node is not None and not _named(tree, name):
            yield _absent(name, home, f"{path_text(node.path)} sends mail there")


def _named(tree: Node, key: str) -> bool:
    node = tree.get(key)
    return node is not None and node.value != []  # that a value is empty is told at its key


def _absent(key: str, home: Mark, why: str) -> Fault:
    return Fault(home.file, home.line, home.column, key, f"is missing, and {why}; write {EXAMPLES[key]}")


def _mail_faults(tree: Node) -> Iterator[Fault]:
    for stage, names in _OURS.items():
        emails = tree.get("stages", stage, "emails")
        for _, mail in emails.children() if emails else ():
            send = mail.get("send")
            if send and send.value in names:
                yield value_fault(
                    send, "is a mail this stage sends by itself", "remove the line, or give your mail another name"
                )


def _line_faults(tree: Node) -> Iterator[Fault]:
    """What cannot differ from one cohort of a program to the next."""
    cohorts = tree.get("cohorts")
    for _, line in cohorts.children() if cohorts else ():
        for key, node in line.children():
            if key in _SAME_FOR_ALL:
                yield key_fault(
                    node, "cannot differ for one cohort", "remove it here; it belongs at the top of the program"
                )


def _type_faults(tree: Node, home: Mark) -> Iterator[Fault]:
    kind, companies = tree.get("type"), tree.get("companies")
    if kind and kind.value == "cross_company" and not (companies and companies.value):
        yield Fault(home.file, home.line, home.column, "companies", "is missing; write companies: [acme, globex]")
    low, high = tree.get("min_mentees_per_mentor"), tree.get("mentees_per_mentor")
    numbers = [str(node.value) for node in (low, high) if node]
    if low and len(numbers) == 2 and all(map(str.isdigit, numbers)) and int(numbers[0]) > int(numbers[1]):
        yield value_fault(low, f"is more than mentees_per_mentor allows ({numbers[1]})", f"write at most {numbers[1]}")
