"""Questions of the command line: asked one by one at a terminal, or answered by options."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cohortflow.cli.errors import tell
from cohortflow.cli.words import printable
from schemas.errors import CohortflowError
from schemas.phrases import Unclear


@dataclass(frozen=True)
class Question:
    """One question: the option that answers it, the words, how the answer is read, and what an empty one means."""

    option: str
    words: str
    kind: Any
    default: str = ""


def answers_to(questions: Sequence[Question], given: Sequence[str]) -> list[Any]:
    """The answers, in the order of the questions; what no option gives is asked for, where somebody sits there.

    Raises:
        CohortflowError: an option is wrong, or one is missing and nobody can be asked.
    """
    missing = [each.option for each, text in zip(questions, given, strict=True) if not text]
    if missing and not sys.stdin.isatty():
        raise CohortflowError(f"nobody is here to be asked; say it with {', '.join(missing)}")
    return [_given(each, text) if text else _asked(each) for each, text in zip(questions, given, strict=True)]


def read(kind: Any, text: str) -> Any:
    """The value that the text says, by the same rules as in a file.

    Raises:
        Unclear: it says none.
    """
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        unclear = found.get("ctx", {}).get("error")
        if isinstance(unclear, Unclear):
            raise unclear from None
        raise Unclear("is not known here", f"write {found.get('ctx', {}).get('expected', 'something else')}") from None


def _given(question: Question, text: str) -> Any:
    try:
        return read(question.kind, text)
    except Unclear as unclear:
        raise CohortflowError(f"{question.option}: {unclear.what} (got {text!r}); {unclear.mend}") from None


def _asked(question: Question) -> Any:
    """Ask until the answer can be read; an end of the input ends the command."""
    usual = f" [{question.default}]" if question.default else ""
    while True:
        print(printable(f"{question.words}{usual}: "), end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            raise CohortflowError("nothing is written; the questions were left")
        try:
            return read(question.kind, line.strip() or question.default)
        except Unclear as unclear:
            tell(f"  That {unclear.what}; {unclear.mend}.")
