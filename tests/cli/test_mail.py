"""`cohortflow mail`: counts and ids on the screen, a person's word in the ledger."""

import json

import pytest
import sqlalchemy as sa
from scene_files import COHORT
from scenes import Scene, cohort_recruiting

from cohortflow.store import breakers, instances, places, suppressed
from cohortflow.store.mail_stops import address_hash
from cohortflow.store.tables import messages, opt_outs


@pytest.fixture
def doubtful(at_home, tmp_path) -> Scene:
    """Ten invitations, of one of which nobody knows whether it arrived."""
    scene = at_home(cohort_recruiting(tmp_path))
    first = scene.mails()[0]["message_id"]
    with scene.house.database.write() as db:
        values = {"state": "unknown", "unknown_at": scene.now, "reason": "no answer that can be read"}
        db.execute(sa.update(messages).where(messages.c.message_id == first).values(**values))
    return scene


def test_the_status_counts_mails_and_names_the_unknown(run, doubtful):
    shown = run("mail", "status")

    assert shown.exit_code == 1
    assert "mails: 9 accepted, 1 unknown" in shown.stdout
    assert doubtful.mails()[0]["message_id"] in shown.stdout
    assert "no answer that can be read" in " ".join(shown.stdout.split())
    assert "@" not in shown.stdout


def test_the_status_speaks_json(run, doubtful):
    told = json.loads(run("mail", "status", "--json").stdout)

    assert told["mails"] == {"accepted": 9, "unknown": 1}
    (unknown,) = told["unknown"]
    assert unknown["attempts"] == 1 and unknown["template"] == "invite" and unknown["tried_by"]


def test_nothing_unknown_is_a_quiet_status(run, at_home, tmp_path):
    at_home(cohort_recruiting(tmp_path))

    assert run("mail", "status").exit_code == 0


def test_that_nothing_is_sent_stands_first(run, at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    with scene.house.database.write() as db:
        places.hold_sending(db, "this database was restored", scene.now)

    shown = run("mail", "status")

    assert shown.exit_code == 1
    assert shown.stdout.startswith("no mail is sent: this database was restored")


@pytest.mark.parametrize(("word", "state"), [("sent", "accepted"), ("resend", "queued")])
def test_an_operator_settles_an_unknown_mail_by_name(run, doubtful, word, state):
    message_id = doubtful.mails()[0]["message_id"]

    shown = run("mail", "settle", message_id, f"--{word}", "--by", "dana")

    assert shown.exit_code == 0 and f"is {state} now" in shown.stdout
    row = next(each for each in doubtful.mails() if each["message_id"] == message_id)
    tries = doubtful.rows("message_attempts", message_id=message_id)
    assert row["state"] == state
    assert [(each["attempt"], each["outcome"]) for each in tries] == [(1, "accepted"), (2, word)]
    assert tries[-1]["actor"] == doubtful.rows("events")[-1]["actor"] == "dana"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--by", "dana"), "say either --sent"),
        (("--sent", "--resend", "--by", "dana"), "say either --sent"),
        (("--sent", "--by", "dana@acme.example"), "no address"),
    ],
)
def test_a_word_that_is_none_is_refused(run, doubtful, given, told):
    shown = run("mail", "settle", doubtful.mails()[0]["message_id"], *given)

    assert shown.exit_code == 1 and told in shown.stderr


def refuse(scene: Scene, count: int) -> list[str]:
    ids = [row["message_id"] for row in scene.mails()[1 : 1 + count]]
    with scene.house.database.write() as db:
        values = {"state": "refused", "reason": "400 by SendGrid (from)", "sent_at": None}
        db.execute(sa.update(messages).where(messages.c.message_id.in_(ids)).values(**values))
    return ids


def test_what_was_refused_is_named_with_its_reason_and_can_go_again(run, doubtful):
    first, *_ = refuse(doubtful, 3)

    shown = " ".join(run("mail", "status").stdout.split())
    assert "3 mails refused: 400 by SendGrid (from)" in shown and "settle PROGRAM/COHORT --refused" in shown
    (told,) = json.loads(run("mail", "status", "--json").stdout)["obstacles"]
    assert (told["state"], told["mails"]) == ("refused", 3)
    assert run("mail", "settle", first, "--sent", "--by", "dana").exit_code == 1, "it surely has not left"
    assert run("mail", "settle", first, "--resend", "--by", "dana").exit_code == 0
    assert "2 refused mails settled" in run("mail", "settle", COHORT, "--refused", "--resend", "--by", "dana").stdout
    assert {row["state"] for row in doubtful.mails()} == {"accepted", "unknown", "queued"}


def test_all_unknown_mails_of_a_cohort_are_settled_at_once(run, doubtful):
    with doubtful.house.database.write() as db:
        db.execute(sa.update(messages).values(state="unknown", unknown_at=doubtful.now))

    assert "10 unknown mails settled" in run("mail", "settle", COHORT, "--sent", "--by", "dana").stdout
    assert {row["state"] for row in doubtful.mails()} == {"accepted"}
    assert run("mail", "settle", "small-circle/2099", "--sent", "--by", "dana").exit_code == 1
    assert run("mail", "settle", COHORT, "--refused", "--sent", "--by", "dana").exit_code == 1


def test_what_is_settled_already_is_said_plainly(run, doubtful):
    shown = run("mail", "settle", doubtful.mails()[1]["message_id"], "--resend", "--by", "dana")

    assert shown.exit_code == 1 and "is accepted, not unknown" in shown.stderr
    assert "there is no mail" in run("mail", "settle", "nothing", "--sent", "--by", "dana").stderr


def test_a_transport_that_stopped_is_named_and_let_go(run, doubtful):
    with doubtful.house.database.write() as db:
        breakers.trip(db, "sendgrid", "a mark", "401: SendGrid does not take this key", doubtful.now, actor="one")

    assert "sendgrid stands still" in run("mail", "status").stdout
    assert "1 transport may send again" in run("mail", "resume", "--by", "dana").stdout
    assert "sendgrid" not in run("mail", "status").stdout
    assert "No transport stands still" in run("mail", "resume", "--by", "dana").stdout


def bar(scene: Scene, address: str, reason: str) -> None:
    with scene.house.database.write() as db:
        hashed = address_hash(instances.read_secret(db), address)
        suppressed.bar(db, [(hashed, reason, scene.now)])


def test_an_address_is_freed_by_name(run, at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    bar(scene, "maya.cohen@acme.example", suppressed.BOUNCED)

    shown = run("mail", "allow", "Maya.Cohen@acme.example", "--by", "dana")

    assert shown.exit_code == 0 and "the address bounced" in shown.stdout
    assert scene.rows("suppressions") == []
    told = scene.rows("events", kind="mail.freed")
    assert [(row["actor"], row["counts"]) for row in told] == [("dana", {"was": "the address bounced"})]
    assert run("mail", "allow", "maya.cohen@acme.example", "--by", "dana").exit_code == 1


@pytest.mark.parametrize("who", ["NOBODY", "", " ", "a@b@c", "Maya <maya.cohen@acme.example>"])
def test_whom_nobody_knows_is_not_allowed_in_silence(run, at_home, tmp_path, who):
    at_home(cohort_recruiting(tmp_path))

    shown = run("mail", "allow", who, "--by", "dana")

    assert shown.exit_code == 1
    assert "nobody here has that id" in shown.stderr or "is not one plain address" in shown.stderr


def test_who_has_reported_spam_is_freed_only_knowingly(run, at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    bar(scene, "maya.cohen@acme.example", suppressed.SPAM)

    refused = run("mail", "allow", "maya.cohen@acme.example", "--by", "dana")
    assert refused.exit_code == 1 and "--although-reported" in refused.stderr and scene.rows("suppressions")
    allowed = run("mail", "allow", "maya.cohen@acme.example", "--by", "dana", "--although-reported")

    assert allowed.exit_code == 0 and scene.rows("suppressions") == []


def test_a_refusal_is_taken_back_for_a_person(run, at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    with scene.house.database.write() as db:
        given = {"person_id": "T01", "since": scene.now, "via": "page"}
        db.execute(sa.insert(opt_outs), [{**given, "scope": scope} for scope in ("reminders", "optional")])

    shown = run("mail", "allow", "T01", "--by", "dana")

    assert "in the way was: optional, reminders" in shown.stdout
    assert scene.rows("opt_outs") == []
    assert {row["counts"]["was"] for row in scene.rows("events", kind="mail.opted_in")} == {"optional", "reminders"}
    assert not any("T01" in str(row["counts"]) for row in scene.rows("events", kind="mail.opted_in"))
