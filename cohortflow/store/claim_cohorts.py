"""The cohorts that the mails of one claim belong to."""

from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.store import frames
from cohortflow.store.cohorts import read_row


class ClaimCohorts(dict[str, Cohort | None]):
    """Cohorts by id as one transaction sees them, each read when first asked for; None for one that is gone."""

    def __init__(self, db: Connection) -> None:
        super().__init__()
        self._db = db

    def __missing__(self, cohort_id: str) -> Cohort | None:
        row = read_row(self._db, cohort_id)
        found = self[cohort_id] = frames.load_cohort(self._db, row) if row else None
        return found
