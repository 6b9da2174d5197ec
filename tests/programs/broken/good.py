"""The sound files that the corpus breaks: a program with every key of the vocabulary, its company and its forms."""

from functools import cache
from pathlib import Path

from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import check_config
from schemas.errors import Fault

SOUND = Path(__file__).parent / "sound" / "program_configs"
TEMPLATES = Path(__file__).parents[3] / "templates"
FOLDER = "program_configs"
ID = "whole-circle"
PROGRAM, COMPANY, APPLY = f"{ID}.yaml", "company.yaml", "forms/apply.yaml"


@cache
def sound() -> dict[str, str]:
    """The texts as they should be."""
    return read_config(SOUND / PROGRAM)


@cache
def texts_of_mails() -> frozenset[str]:
    """The names of the shipped mail texts."""
    return frozenset(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.glob("*/*.md"))


def errors(texts: dict[str, str]) -> list[Fault]:
    """What `check` would call errors."""
    return [fault for fault in findings(texts) if fault.severity == "error"]


def findings(texts: dict[str, str]) -> list[Fault]:
    """Everything `check` would say."""
    return check_config(texts, ID, FOLDER, texts_of_mails())
