"""Writing again to somebody who was not to be written to: an operator's word, recorded without saying about whom."""

from datetime import datetime

from cohortflow.mailroom.addresses import is_address
from cohortflow.store import events, instances, opt_outs, people, suppressed
from cohortflow.store.mail_stops import address_hash
from flows.house import current_house
from flows.settling import plain_name
from schemas.changes import Note
from schemas.errors import DataError


def allow(who: str, by: str, *, although_reported: bool = False, now: datetime | None = None) -> list[str]:
    """Free an address, or take back what a person (by id) has refused.

    Args:
        although_reported: also where somebody at the address has reported a mail as spam, and asks for mail again.

    Returns:
        What was in the way: the reason an address was barred for, or the kinds of mail a person had refused.

    Raises:
        DataError: `by` is no plain name, nobody has that id or address, or it was reported as spam and that was
            not said to be known.
    """
    house, actor = current_house(), plain_name(by)
    now = now or house.now()
    if "@" in who and not is_address(who.strip()):
        raise DataError("that is not one plain address; write it as somebody@example.com")
    with house.database.write_alone() as db:
        if "@" not in who:
            kind, found = "mail.opted_in", opt_outs.take_back(db, who.strip())
            if not found and people.roster(db, [who.strip()]).empty:
                raise DataError("nobody here has that id; give the id of the roster, or the address")
        else:
            hashed = address_hash(instances.read_secret(db), who)
            kind, reason = "mail.freed", suppressed.reason_of(db, hashed)
            if reason == suppressed.SPAM and not although_reported:
                raise DataError(
                    "somebody at this address has reported a mail as spam; free it only if they have asked for mail "
                    "since, and say so with --although-reported"
                )
            found = [reason] if reason and suppressed.free(db, hashed) else []
        notes = [Note(kind, counts={"was": each}) for each in found]
        events.append(db, "company", notes, at=now, actor=actor)
    return found
