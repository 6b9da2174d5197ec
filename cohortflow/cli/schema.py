"""`cohortflow schema`: what an editor needs to help with the YAML, and the documentation of every key."""

import json
from pathlib import Path
from typing import Literal

from cohortflow.cli.words import as_typed, say
from cohortflow.programs.house_names import HouseNames, house_names
from cohortflow.programs.json_schema import company_schema, form_schema, program_schema
from cohortflow.programs.json_values import Schema
from schemas.errors import CohortflowError
from schemas.settings import Settings

Kind = Literal["program", "company", "form", "docs"]
FOLDER = "schema"


def chosen(of_company: bool, of_forms: bool, docs: bool, write: bool, out: Path | None) -> Kind | None:
    """What the options ask for; None for all three schemas, written beside the programs."""
    if sum((of_company, of_forms, docs, write)) > 1 or (write and out):
        raise CohortflowError(
            "the options ask for several things at once; say one of --company, --form, --docs, --write"
        )
    if write:
        return None
    return "company" if of_company else "form" if of_forms else "docs" if docs else "program"


def show(kind: Kind, out: Path | None) -> None:
    """Print one schema, or the documentation, or write it to a file."""
    text = _docs() if kind == "docs" else schema_texts(_names(Settings()))[f"{kind}.json"]
    if out is None:
        print(text, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    say(f"{as_typed(out)} is written.")


def refresh() -> None:
    """Write the schemas that the first line of every YAML file names, beside the programs."""
    folder = Settings().programs / FOLDER
    write_schemas(folder, _names(Settings()))
    say(
        f"{as_typed(folder)} holds {', '.join(schema_texts(HouseNames()))}: editors that know YAML help with every key."
    )


def write_schemas(folder: Path, names: HouseNames) -> None:
    """Write the three schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts(names).items():
        (folder / name).write_text(text, encoding="utf-8")


def schema_texts(names: HouseNames) -> dict[str, str]:
    """The three schemas as text, by the names of their files."""
    return {
        "program.json": _written(program_schema(names)),
        "company.json": _written(company_schema(names)),
        "form.json": _written(form_schema()),
    }


def _written(schema: Schema) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _names(settings: Settings) -> HouseNames:
    return house_names(settings.programs, settings.templates)


def _docs() -> str:
    from cohortflow.programs.reference_page import reference_page

    return reference_page()
