"""What a mail brought into somebody's calendar."""

from dataclasses import dataclass
from datetime import datetime

MOVED, CALLED_OFF = CORRECTIONS = ("invitation_moved", "invitation_cancelled")  # texts; of use until the event begins


@dataclass(frozen=True)
class Carried:
    """One mail with an invitation, a change of one, or its end.

    Attributes:
        invitation: the id of the mail that first invited; what names the entry in the calendar.
        occasion: the key of the mail that first invited.
        method: REQUEST invites or moves, CANCEL calls off; the highest `sequence` is what counts.
        may_have_come: whether it has left, or was handed over at least once, though it is to go again.
    """

    message_id: str
    invitation: str
    occasion: str
    about: str
    person_id: str
    role: str
    match_ids: tuple[str, ...]
    state: str
    sequence: int
    method: str
    begins_at: datetime
    ends_at: datetime
    where: str
    may_have_come: bool = True

    @property
    def still_waits(self) -> bool:
        """Whether it is the first invitation and has not left yet."""
        return self.state == "queued" and self.sequence == 0
