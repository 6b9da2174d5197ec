"""The part of a tick that has something to do: a simulation asks at every instant at which anything happens."""

from dataclasses import dataclass
from datetime import datetime

from flows.delivery import deliver_mail
from flows.house import House
from flows.roster import newest_file
from flows.tick import look, one_pass


@dataclass
class Passes:
    """The ticks of one house whose only files that change are its rosters."""

    house: House
    source: str
    taken: str = ""

    def at(self, now: datetime) -> dict[str, int]:
        """A whole tick when an occasion is ready or the roster says something new; else only the mail that may go.

        Returns:
            Counts, as `one_pass` gives them.
        """
        roster = self._roster(now)
        if roster == self.taken:
            found = look(now, [], [])
        if roster != self.taken or found.programs:
            self.taken = roster
            return one_pass(now)
        totals = {"occasions": 0, "failed": 0}
        return totals | deliver_mail(now) if found.mails else totals

    def _roster(self, now: datetime) -> str:
        found = newest_file(self.house.settings.home, self.source, now.date())
        return self.house.digest_of(found[0]) if found else ""
