"""`cohortflow mail allow`: write again to an address that was barred, or to a person who had refused mail."""

from cohortflow.cli.running import at_home
from cohortflow.cli.words import say
from flows.allowing import allow as allow_here


def allow(who: str, by: str, although_reported: bool) -> int:
    """Free them, and say what was in the way; 1 when nothing was."""
    with at_home():
        found = allow_here(who, by, although_reported=although_reported)
    if not found:
        say("Nothing was in the way; nothing was changed.")
        return 1
    say(f"Allowed again; in the way was: {', '.join(found)}.")
    if "@" in who:
        say("Take the address off SendGrid's own list too: SendGrid drops its mail, and the next pull bars it again.")
    return 0
