"""Learn from the provider which addresses nobody should write to; only keyed hashes of them are kept."""

import logging
from datetime import datetime, timedelta

from cohortflow.engine import task
from cohortflow.mailroom.suppression_lists import read_lists
from cohortflow.store import instances, suppressed
from cohortflow.store.mail_stops import address_hash
from flows.house import House, current_house
from schemas.errors import CohortflowError

logger = logging.getLogger("cohortflow.flows")
EVERY = timedelta(hours=1)


@task
def pull_suppressions(now: datetime | None = None) -> tuple[int, int]:
    """Bar what SendGrid's lists hold; each page is kept as it comes, so that a failure half way loses nothing.

    Returns:
        How many entries were read, and how many addresses were not barred before.

    Raises:
        CohortflowError: no key is set, or the provider does not answer as it should.
    """
    house = current_house()
    key = house.settings.sendgrid_api_key.get_secret_value()
    if not key:
        raise CohortflowError("SENDGRID_API_KEY is not set; set it to a key that may read suppressions")
    with house.database.read() as db:
        secret = instances.read_secret(db)
    seen = new = 0
    for page in read_lists(house.settings.sendgrid_host, key):
        found = [(address_hash(secret, address), reason, since) for address, reason, since in page]
        if found:
            with house.database.write() as db:
                new += suppressed.bar(db, found)
        seen += len(page)
    with house.database.write() as db:
        suppressed.end_pull(db, now or house.now())
    return seen, new


def learn_before_a_wave(house: House, now: datetime) -> None:
    """Read the lists where mail goes by SendGrid and nobody has tried to for an hour.

    Mail goes all the same when they cannot be read: SendGrid drops what is for an address it bars. It is told, though.
    """
    if house.settings.mail != "sendgrid":
        return
    with house.database.write() as db:
        if not suppressed.begin_pull(db, now, EVERY):
            return
    try:
        pull_suppressions(now)
    except CohortflowError as error:
        logger.warning("who bars mail was not learned before this delivery: %s", error)
