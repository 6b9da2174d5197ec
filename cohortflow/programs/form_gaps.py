"""What a form does not yet say in the languages its program writes in."""

from collections.abc import Iterator, Sequence

from cohortflow.programs.crosschecks import form_of
from cohortflow.programs.merging import document
from cohortflow.programs.trees import Mark, Node
from schemas.errors import Fault
from schemas.forms import Form
from schemas.translations import Translation

_SHOWN_AT_MOST = 3


def form_gaps(texts: dict[str, str], folder: str, languages: Sequence[str]) -> list[Fault]:
    """A warning for each form and language in which readers would find words of another language."""
    faults: list[Fault] = []
    for name in sorted(texts):
        if name.startswith("forms/") and name.endswith(".yaml"):
            form, _ = form_of(texts, name.removeprefix("forms/").removesuffix(".yaml"), folder)
            tree, _ = document(texts, name, folder)
            if form is not None and tree is not None:
                faults += _gaps(form, tree, languages)
    return faults


def _gaps(form: Form, tree: Node, languages: Sequence[str]) -> Iterator[Fault]:
    for language in _needed(form, languages):
        said = form.translations.get(language)
        node = tree.get("translations", language)
        if said is None or node is None:
            message = f"is not in {language} yet; write translations: {{ {language}: ... }} below the questions"
            yield _at(tree.get("name") or tree, f"translations.{language}", message)
        elif missing := list(_missing(form, said)):
            shown = ", ".join(missing[:_SHOWN_AT_MOST])
            more = f" and {len(missing) - _SHOWN_AT_MOST} more" if len(missing) > _SHOWN_AT_MOST else ""
            yield _at(node, f"translations.{language}", f"lacks {shown}{more}; write {_cure(missing[0])}")


def _needed(form: Form, languages: Sequence[str]) -> list[str]:
    """The languages a form should have translations in; one of the program's is the form's own."""
    without = [language for language in languages if language not in form.translations]
    return [language for language in languages if language not in without[:1]]


def _missing(form: Form, said: Translation) -> Iterator[str]:
    if said.name is None:
        yield "name"
    yield from (f"ask.{key}" for key in form.questions if key not in said.ask)
    choices = dict.fromkeys(choice for question in form.questions.values() for choice in question.of)
    yield from (f"choices.{choice}" for choice in choices if choice not in said.choices)
    if any(question.type == "yes_no" for question in form.questions.values()):
        yield from (word for word, found in (("yes", said.yes), ("no", said.no)) if found is None)


def _cure(missing: str) -> str:
    group, _, key = missing.partition(".")
    return f"{key}: and its words under {group}:" if key else f"{group}: and its words"


def _at(node: Node, path: str, message: str) -> Fault:
    mark: Mark = node.key_mark or node.mark
    return Fault(mark.file, mark.line, mark.column, path, message, "warning")
