"""`cohortflow mail pull-suppressions`: what the provider knows of addresses, learned before a wave of mail."""

from cohortflow.cli.running import at_home
from cohortflow.cli.words import count, say
from flows.suppressions import pull_suppressions


def pull() -> None:
    """Read the provider's lists and say how many addresses are new."""
    with at_home(begins=True):
        seen, new = pull_suppressions()
    say(f"{count(seen, 'entry', 'entries')} read from SendGrid; {count(new, 'address', 'addresses')} newly barred.")
