"""A program's own wording before the one all share, further languages by files alone, and the gaps that `check` tells."""

import re
import shutil
from pathlib import Path

import pytest

from cohortflow.cli.check import all_faults
from cohortflow.mailroom.contexts import Reader
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.text_gaps import stray_faults, text_gaps
from cohortflow.mailroom.texts import as_read_by, read_texts

ROOT = Path(__file__).parents[2]
OWN = "---\nsubject: {subject} {{{{ program.name }}}}, {{{{ cohort.name }}}}\nclass: service\n---\n{body} {{{{ deadline }}}}\n"
FRENCH = {
    "footer.fr.md": "Des questions ? [{{ owner }}](mailto:{{ owner }})\n",
    "words.fr.yaml": 'cohorts: { spring: "Printemps {year}" }\n',
    "recruit/invite.fr.md": OWN.format(subject="Rejoignez", body="Bonjour, répondez avant le"),
}


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped texts that a test may write into."""
    return Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))


def put(folder: Path, **files: str) -> dict[str, str]:
    """Write texts into the folder, and read it all."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_texts(folder)


def test_a_programs_own_wording_comes_first(folder, context):
    name = "emerging-leaders/recruit/invite.en.md"
    stationery = Stationery(put(folder, **{name: OWN.format(subject="Lead with us:", body="Come by")}))

    own = stationery.of("emerging-leaders").render("recruit", "invite", "en", context())
    other = stationery.of("first-steps").render("recruit", "invite", "en", context())

    assert stationery.faults() == []
    assert own.subject == "Lead with us: Emerging Leaders Mentoring, Spring 2027"
    assert other == stationery.render("recruit", "invite", "en", context())
    assert other.subject.startswith("Will you join")


def test_a_mail_of_one_program_only_is_found_there(folder):
    name = "emerging-leaders/check_in/extra.en.md"
    stationery = Stationery(put(folder, **{name: OWN.format(subject="Extra", body="More")}))

    assert stationery.of("emerging-leaders").has("check_in", "extra")
    assert not stationery.of("first-steps").has("check_in", "extra")
    assert not stationery.has("check_in", "extra")


def test_a_fault_in_own_wording_names_its_file(folder):
    name = "emerging-leaders/recruit/invite.en.md"
    (fault,) = Stationery(put(folder, **{name: OWN.format(subject="x", body="{{ unknwon }}")})).faults()

    assert fault.file == f"templates/{name}"


def test_own_agendas_feet_and_words_come_first(folder, context, cohort):
    files = {
        "emerging-leaders/agendas/month_2.en.md": "- Only for leaders\n",
        "emerging-leaders/footer.en.md": "Only leaders get this mail.\n",
        "emerging-leaders/words.en.yaml": "program: { name: Leaders }\n",
    }
    own = Stationery(put(folder, **files)).of("emerging-leaders")
    parts = own.render("recruit", "invite", "en", context(words=own.words("en")))

    assert own.agenda("month_2", "en") == ["Only for leaders"]
    assert "Only leaders get this mail." in parts.text
    assert "join Leaders, Spring 2027" in parts.subject
    assert own.words("en").say("certificate", "title") == "Certificate of completion"


def test_the_same_texts_are_compiled_once(folder, context):
    stationery = Stationery(read_texts(folder))
    for program in ("emerging-leaders", "first-steps", "emerging-leaders"):
        stationery.of(program).render("recruit", "invite", "de", context())

    assert stationery.of("emerging-leaders") is stationery.of("emerging-leaders")
    assert len(stationery._messages) == 1


def test_a_third_language_needs_files_only(folder, context, cohort):
    own = Stationery(put(folder, **FRENCH)).of("emerging-leaders")
    reader = Reader("E1", "Zoë", "zoe@acme.example", "mentee", "fr", "Berlin", "Europe/Berlin")

    parts = own.render("recruit", "invite", "fr", context(reader=reader, words=own.words("fr")))

    assert own.language_of("recruit", "invite", "fr") == "fr"
    assert parts.subject == "Rejoignez Emerging Leaders Mentoring, Printemps 2027"
    assert "répondez avant le vendredi 5 mars 2027" in parts.text
    assert "Des questions ? mentoring@acme.example" in parts.text
    assert '<html lang="fr"' in parts.html
    assert own.language_of("recruit", "reminder", "fr") == "en"


def test_gaps_of_languages_are_told_with_file_and_cure(folder, cohort):
    put(folder, **{"emerging-leaders/recruit/invite.en.md": OWN.format(subject="x", body="y")})
    (folder / "footer.de.md").unlink()
    (folder / "emerging-leaders" / "words.de.yaml").unlink()
    words = folder / "words.de.yaml"
    words.write_text(words.read_text("utf-8").replace("  title: Zertifikat\n", ""), "utf-8")

    told = {
        (fault.file.removeprefix("templates/"), fault.severity): fault.message
        for fault in text_gaps(cohort, read_texts(folder))
    }

    assert {severity for _, severity in told} == {"warning"}
    assert "write it like footer.en.md" in told["footer.de.md", "warning"]
    assert "lacks certificate.title" in told["words.de.yaml", "warning"]
    assert "write program: { purpose: ... }" in told["emerging-leaders/words.de.yaml", "warning"]
    own = told["emerging-leaders/recruit/invite.en.md", "warning"]
    assert "write templates/emerging-leaders/recruit/invite.de.md" in own
    assert len(told) == 4


def test_the_shipped_texts_have_no_gap(cohort):
    assert text_gaps(cohort, read_texts(ROOT / "templates")) == []
    assert stray_faults(ROOT / "templates", {"emerging-leaders", "first-steps"}) == []


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("emerging-leader/recruit/invite.en.md", "did you mean 'emerging-leaders'?"),
        ("recuit/invite.en.md", "did you mean 'recruit'?"),
        ("recruit/In Vite.en.md", "name it <message>.<language>.md"),
        ("emerging-leaders/recuit/invite.en.md", "did you mean 'recruit'?"),
    ],
)
def test_files_that_nobody_reads_are_told(folder, name, cure):
    put(folder, **{name: "Hello"})
    (fault,) = stray_faults(folder, {"emerging-leaders", "first-steps"})

    assert (fault.file, fault.severity) == (f"templates/{name}", "warning")
    assert cure in fault.message


@pytest.mark.parametrize("name", ["match", "program", "agendas", "check_in"])
def test_no_program_is_called_like_a_folder_of_texts(tmp_path, folder, name):
    file = tmp_path / f"{name}.yaml"
    file.write_text("version: 1\n", "utf-8")
    faults = [fault for fault in all_faults([file], folder) if fault.severity == "error"]

    assert len(faults) == 1
    assert re.search(rf"templates/{name}/ holds texts of all; choose another", faults[0].message)


def test_each_program_reads_its_own_file_of_a_name():
    names = [
        "recruit/invite.en.md",
        "a/recruit/invite.en.md",
        "b/recruit/invite.en.md",
        "a/words.de.yaml",
        "layout.html",
    ]

    assert as_read_by("a", names) == {
        "recruit/invite.en.md": "a/recruit/invite.en.md",
        "words.de.yaml": "a/words.de.yaml",
        "layout.html": "layout.html",
    }
    assert as_read_by("c", names) == {"recruit/invite.en.md": "recruit/invite.en.md", "layout.html": "layout.html"}
