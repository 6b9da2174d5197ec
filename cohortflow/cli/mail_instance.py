"""`cohortflow mail confirm-instance`: a person says that this database, and no copy of it, sends mail."""

from cohortflow.cli.running import at_home
from cohortflow.cli.words import count, say
from cohortflow.store import messages
from flows.instance import confirm as confirm_here


def confirm(by: str) -> None:
    """Confirm, and tell what goes out by it."""
    with at_home() as house:
        now = house.now()
        held = confirm_here(house.settings, house.database, now, by)
        with house.database.read() as db:
            waiting = messages.waiting(db, now)
    if held is None:
        say("Nothing was in the way: this database sends its mail.")
        return
    say(f"Confirmed. Until now: {held}.")
    say(f"{count(waiting, 'mail')} may go with the next tick. See that no other copy of this database sends.")
