"""Which invitations stand in calendars: read from the mails, of which only those with an invitation are looked at."""

from scene_files import COHORT
from store_rows import intent, person, put_in_queue, write_down

from cohortflow.store import invitations, people
from cohortflow.store.database import Database
from schemas.changes import Changes

MEETING = {"kind": "calendar", "begins_at": "2027-03-01T09:00:00+00:00", "ends_at": "2027-03-01T10:00:00+00:00"}


def test_only_mails_that_carry_one_to_somebody_who_takes_part_count(running: Database) -> None:
    with running.write() as db:
        people.merge(db, "inbox", [person(each) for each in ("T01", "T02", "T03")], person("T01")["joined_on"])
    taking_part = {each: {"role": "mentee", "may_be": "mentee", "state": "matched"} for each in ("T01", "T02")}
    gone = {"role": "mentee", "may_be": "mentee", "state": "left"}
    write_down(running, Changes(participants={**taking_part, "T03": gone}))
    put_in_queue(
        running,
        intent("T01", template="kickoff", attach=MEETING),
        intent("T01", template="welcome"),
        intent("T02", template="welcome", attach={"kind": "contact_card"}),
        intent("T02", template="dates", attach={"kind": "calendar", "starts": "at nine"}),
        intent("T03", template="kickoff", attach=MEETING),
    )

    with running.read() as db:
        (found,) = invitations.carried(db, COHORT)

    assert (found.person_id, found.state, found.sequence, found.method) == ("T01", "queued", 0, "REQUEST")
    assert found.begins_at.isoformat() == MEETING["begins_at"] and found.invitation == found.message_id
