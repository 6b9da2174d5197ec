"""`schema` writes what editors and readers need, quickly and where it is asked to."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("option", "title"), [((), "A program"), (("--company",), "What all"), (("--form",), "A form")]
)
def test_a_schema_is_printed_as_json(run, option, title):
    printed = json.loads(run("schema", *option).stdout)

    assert printed["title"].startswith(title)


def test_a_schema_is_written_where_it_is_asked(run, tmp_path):
    result = run("schema", "--out", tmp_path / "made" / "x.json")

    assert json.loads((tmp_path / "made" / "x.json").read_text())["title"] == "A program"
    assert "is written" in result.stdout


def test_the_documentation_is_written_as_markdown(run, tmp_path):
    run("schema", "--docs", "--out", tmp_path / "x.md")

    assert (tmp_path / "x.md").read_text().startswith("# Configuration")


def test_the_copies_of_editors_learn_new_names(run, tmp_path, monkeypatch):
    programs = Path(shutil.copytree(ROOT / "program_configs", tmp_path / "program_configs"))
    company = programs / "company.yaml"
    company.write_text(company.read_text().replace("level: Grade,", "level: Grade, region: Region,"))
    (programs / "forms" / "retreat.yaml").write_text(
        "name: Retreat\nquestions:\n  come: { ask: Will you?, type: yes_no }\n"
    )
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))

    assert run("schema", "--write").exit_code == 0

    keys = json.loads((programs / "schema" / "program.json").read_text())["$defs"]
    assert "region" in keys["who"]["properties"]["mentors"]["properties"]
    assert "retreat" in keys["stages"]["properties"]["recruit"]["properties"]["form"]["enum"]


def test_two_wishes_at_once_are_refused(run):
    result = run("schema", "--company", "--form")

    assert result.exit_code == 1
    assert "say one of --company, --form, --docs, --write" in result.stderr


@pytest.mark.slow
def test_neither_needs_pandas_or_prefect():
    code = (
        "import sys, cohortflow.cli.main, cohortflow.cli.new_cohort, cohortflow.cli.schema as s; s._docs();"
        "print(sorted({'pandas', 'prefect', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
