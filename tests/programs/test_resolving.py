"""The resolved file means the same; what has no text, and what waits for a later version, is told."""

from pathlib import Path

import pytest

from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import check_config, parse_program, resolved_text

CONFIGS = Path(__file__).parents[2] / "program_configs"
ID = "emerging-leaders"


def shipped(name: str = ID) -> dict[str, str]:
    return read_config(CONFIGS / f"{name}.yaml")


def edited(old: str, new: str) -> dict[str, str]:
    """The shipped program with one piece of it written differently."""
    texts = shipped()
    assert old in texts[f"{ID}.yaml"], old
    return {**texts, f"{ID}.yaml": texts[f"{ID}.yaml"].replace(old, new, 1)}


@pytest.mark.parametrize("name", [ID, "first-steps"])
def test_the_resolved_file_means_the_same(name):
    texts = shipped(name)

    resolved = {**texts, f"{name}.yaml": resolved_text(texts, name)}

    assert parse_program(resolved, name) == parse_program(texts, name)
    assert resolved_text(resolved, name) == resolved_text(texts, name)


def test_the_resolved_file_quotes_what_yaml_would_twist():
    text = resolved_text(edited("purpose: Prepare first-time managers;", 'purpose: "no"\ncompany: 9:30 #'), ID)

    assert "purpose: 'no'" in text
    assert "company: '9:30'" in text
    assert "starts: '2027-03-01'" in text


def test_what_is_not_needed_stays_so_when_resolved():
    texts = edited("    agreement: agreement\n", "    agreement: not_needed\n")

    assert parse_program(texts, ID).stages.orient.agreement is None
    assert "agreement: not_needed" in resolved_text(texts, ID)


def test_a_mail_without_a_text_is_a_fault():
    templates = {f"recruit/{name}.en.md" for name in ("invite", "reminder", "application_received")}

    found = {
        fault.path: fault.message
        for fault in check_config(edited("send: invite", "send: invitte"), ID, templates=templates)
    }

    assert found["stages.recruit.emails[0].send"].startswith(
        "is a mail without a text (got 'invitte'); did you mean 'invite', or write"
    )
    assert "stages.recruit.emails[1].send" not in found
    assert "templates/program/approval_request.en.md" in found["stages.match.approve"]


def test_a_missing_translation_is_only_a_warning():
    found = check_config(shipped(), ID, templates={"recruit/invite.en.md"})

    (gap,) = [fault for fault in found if fault.path == "email.languages[1]"]
    assert gap.severity == "warning"
    assert "not every text is in de yet" in gap.message
    assert "write them, for example templates/agendas/month_1.de.md, or take de out of the list" in gap.message


def test_what_a_later_version_carries_out_is_told():
    found = {fault.path: fault.severity for fault in check_config(edited("type: one_on_one", "type: peer"), ID)}

    assert found["type"] == "warning"
    assert found["escalate"] == "note"
    assert "error" not in found.values()


def test_every_further_key_of_the_vocabulary_is_known():
    texts = edited(
        "mentees_per_mentor: 2", "mentees_per_mentor: 2\nmin_mentees_per_mentor: 1\nmeet: https://meet.acme.example/x"
    )
    texts[f"{ID}.yaml"] += (
        "group_size: 3 to 6\nlevel_gap: at most 1\ncompanies: [acme, globex]\n"
        "brand: { name: Acme, colour: '#123456', logo: https://acme.example/logo.png }\n"
        "privacy: { legal_basis: consent, purpose: finding a partner }\n"
        "email: { max_mails_per_tick: 500, open_tracking: off }\n"
        "people: { acme: { from: inbox/acme/*.csv }, globex: { from: inbox/globex/*.csv } }\n"
    )
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace("type: one_on_one", "type: cross_company")
    texts[f"{ID}.yaml"] = (
        texts[f"{ID}.yaml"]
        .replace(
            "must: [ share: languages ]",
            "must: [ share: languages, shared_hours: at least 2 a week, level_window: 1 to 3 levels above, different: site ]",
        )
        .replace(
            "working_style: 10 }",
            'ranked_choice: 5, "similar: site": 3, "text: about_me": 2, availability: 1, career_stage: 1 }',
        )
    )
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace(
        "    accept: {", "    choose: { opens: 1 day after recruit closes, for: 3 working days }\n    accept: {"
    )
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace("completions_from:", "required: true, completions_from:")
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace(
        "at_risk: [", "at_risk: [first meeting later than 21 days, goal overdue, only one side answers, "
    )

    program = parse_program(texts, ID)

    assert program.people.rosters["globex"].source == "inbox/globex/*.csv"
    assert program.matching.must[2].high == 3
    assert program.group_size.high == 6
    assert program.stages.match.choose.within.count == 3
