"""An occasion: one thing that falls due once for a cohort, and the order of the stages it belongs to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from schemas.phrases import STAGES, Attach

PROGRAM = "program"  # what belongs to no single stage: goals, the trial, reports
STAGE_ORDER = {stage: rank for rank, stage in enumerate((*STAGES, PROGRAM))}
NOT_NARROWED = "-"  # `about` of what concerns the whole cohort
OWN_ZONE = ""  # the site of everyone whose site is unknown: the program's own zone

Kind = Literal["milestone", "mail", "decision"]


@dataclass(frozen=True)
class Occasion:
    """One thing that falls due once. Its key is what was declared and its ordinal, so a moved date never repeats it.

    Attributes:
        due_on: the program's local day, after moving off days on which no mail goes.
        due_at: the earliest instant over all readers' sites; for a milestone the instant in the program's zone.
        due_by_site: mails only: when the readers of each site are due; `OWN_ZONE` stands for everyone else.
        ends_at: from this instant on it is no use any more; None when it keeps its use.
        waits_for: the key that must be done before this may be done.
        n: the number of the check-in, where there is one.
    """

    key: str
    stage: str
    action: str
    due_on: date
    due_at: datetime
    kind: Kind = "milestone"
    about: str = NOT_NARROWED
    due_by_site: dict[str, datetime] = field(default_factory=dict)
    ends_at: datetime | None = None
    waits_for: str | None = None
    send: str | None = None
    to: str | None = None
    attach: Attach | None = None
    moved_from: date | None = None
    moved_because: str | None = None
    n: int | None = None
