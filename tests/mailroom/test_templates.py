"""Every shipped text: that it is there, sound, and says the same in both parts."""

import re
from pathlib import Path

import pytest
from mail_pages import EMPTY, LONG, ROLES, Page, words_of_text

from cohortflow.mailroom.contexts import Partner, Report
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts

MESSAGES = read_texts(Path(__file__).parents[2] / "templates")
SHIPPED = Stationery(MESSAGES).messages()
NAMED = {
    "recruit": "invite reminder application_received",
    "match": "meet_your_match manager_notice waitlist",
    "orient": "welcome orientation_invite orientation_reminder",
    "check_in": "first_meeting pulse pulse_reminder",
    "evaluate": "final_survey final_survey_reminder",
    "close": "thank_you alumni_invite",
    "program": "approval_request approval_reminder approval_overdue accept_reminder accept_overdue accept_declined "
    "accept_lapsed accept_lapsed_digest cohort_held declared_late program_fault roster_held match_shortfall report_ready partner_left partner_on_leave "
    "rematch_approval_request edit_waiting invitation_moved invitation_cancelled goals goals_reminder nudge at_risk_digest",
}


def test_every_message_of_the_vocabulary_ships():
    assert set(SHIPPED) >= {(stage, send) for stage, sends in NAMED.items() for send in sends.split()}


def test_the_shipped_texts_have_no_fault(stationery):
    assert stationery.faults() == []


@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_every_template_renders_for_every_reader(stationery, context, stage, send):
    for role in ROLES:
        full = stationery.render(stage, send, "en", context(role=role))
        bare = stationery.render(stage, send, "en", context(role=role, **EMPTY))
        for parts in (full, bare):
            assert not re.search(r"[{}\U000f0000-\U000ffffd]", parts.text + parts.subject), "a field was left unfilled"
            assert "  " not in parts.text.replace("\n  ", "\n") and " ." not in parts.text and " ," not in parts.text
            assert "Emerging Leaders Mentoring" in parts.text and "Spring 2027" in parts.text
        assert stationery.render(stage, send, "en", context(role=role)) == full


@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_both_parts_say_the_same_words(stationery, context, stage, send):
    for role in ("mentor", "mentee", "owner"):
        for empty in ({}, EMPTY):
            parts = stationery.render(stage, send, "en", context(role=role, **empty))
            assert Page(parts.html).words == words_of_text(parts.text)


@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_every_page_can_be_read_by_everybody(stationery, context, stage, send):
    page = Page(stationery.render(stage, send, "en", context()).html)
    tags = [tag for tag, _ in page.tags]

    assert tags.count("h1") == 1
    assert dict(page.tags)["html"]["lang"] == "en"
    assert not {"img", "script", "link", "iframe", "form"} & set(tags)
    assert all(attrs.get("role") == "presentation" for tag, attrs in page.tags if tag == "table")
    buttons = [attrs["href"] for tag, attrs in page.tags if tag == "a" and attrs.get("class") == "button"]
    wanted = 0 if send in ("match_ended", "accept_lapsed") else 1
    assert buttons == ["https://portal.acme.example/m/abc123"] * wanted, (
        "each mail has one clear action, a farewell none"
    )


@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_every_mail_is_short(stationery, context, stage, send):
    role = "owner" if stage == "program" else "mentee"
    parts = stationery.render(stage, send, "en", context(role=role, partners=(Partner("Ada Li", "ada@acme.example"),)))
    body = parts.text.split("\n-- \n")[0]

    assert 50 <= len(re.findall(r"\w+", body)) <= 160
    assert len(parts.subject) <= 100


@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_the_longest_values_still_fit(stationery, context, stage, send):
    partners = tuple(
        Partner(LONG, "a" * 60 + "@acme.example", LONG, LONG, LONG, "mentee", (LONG,) * 5) for _ in range(6)
    )
    people = tuple(Report(LONG, LONG) for _ in range(40))
    parts = stationery.render(
        stage, send, "en", context(name=LONG, partners=partners, people=people, lines=(LONG,) * 40, training=LONG)
    )

    assert len(parts.subject) <= 180
    assert len(parts.html.encode()) < 100_000


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_no_text_holds_a_date_of_its_own(name):
    text = re.sub(r"^ *#.*| # .*", "", MESSAGES[name], flags=re.MULTILINE) if name.endswith(".yaml") else MESSAGES[name]

    # A source keeps its year; every other year would be wrong for some cohort.
    text = re.sub(r"#\w+|\b(Wilson|Cohen|Reichheld) \d{4}", "", text)
    assert not re.search(r"\b(19|20)\d\d\b", text)


def test_mentors_and_mentees_get_different_invitations(stationery, context):
    to_mentor = stationery.render("recruit", "invite", "en", context(role="mentor"))
    to_mentee = stationery.render("recruit", "invite", "en", context(role="mentee"))

    assert "Offer to be a mentor" in to_mentor.text and "Offer to be a mentor" not in to_mentee.text
    assert "Apply for a mentor" in to_mentee.text


def test_a_mentor_meets_both_mentees(stationery, context):
    parts = stationery.render("match", "meet_your_match", "en", context(role="mentor"))

    assert parts.subject.startswith("Meet Ada Šouza and Grace O'Neill")
    for said in ("Ada wants to learn negotiation", "You both speak German", "grace@acme.example", "separate matches"):
        assert said in parts.text


def test_the_footer_says_why_and_whom_to_ask(stationery, context):
    for role, why in (("manager", "reports to you"), ("approver", "you approve"), ("owner", "you run")):
        footer = stationery.render("match", "manager_notice", "en", context(role=role)).text.split("\n-- \n")[1]
        assert why in footer
        assert "mentoring@acme.example" in footer


def test_only_reminders_offer_to_stop(stationery, context):
    def footer(stage: str, send: str) -> str:
        return stationery.render(stage, send, "en", context()).text.split("\n-- \n")[1]

    assert "would rather not" in footer("recruit", "reminder")
    assert "would rather not" in footer("close", "alumni_invite")
    assert "would rather not" not in footer("match", "meet_your_match")


def test_each_month_has_an_agenda(stationery):
    for month in range(1, 9):
        assert 2 <= len(stationery.agenda(f"month_{month}", "de")) <= 6
    assert stationery.agenda("month_99", "en") == []


def test_reminders_are_classed_as_reminders(stationery):
    classes = {message: stationery.mail_class(*message) for message in SHIPPED}

    assert {name for (_, name), kind in classes.items() if kind == "optional"} == {"alumni_invite"}
    assert all(
        kind == "reminder"
        for (_, name), kind in classes.items()
        if name.endswith("_reminder") and name not in ("approval_reminder", "accept_reminder")
    )
    # Silence may end one's own match, so nobody's limit keeps this one back.
    assert classes["program", "accept_reminder"] == "service"
    assert classes["match", "meet_your_match"] == "service"
