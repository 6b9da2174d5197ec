"""Backup and restore as docs/operations.md has them typed, in the middle of a mailing: held until confirmed, none twice."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from documented_production import PAGE
from post_office import PostOffice, opened_post_office
from posted_town import accepted, insist, settle_by_the_record, tick_until_quiet
from pydantic import SecretStr
from small_town import OPENS, Town, environment_of, founded
from throwaway_postgres import Cluster

from cohortflow.store import places
from cohortflow.store.database import open_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ALL = 120
REMINDED = OPENS + timedelta(days=14, hours=12)
RESTORED = "cohortflow_restored"
SECTION = PAGE.read_text(encoding="utf-8").split("## Backup, restore, upgrade")[1].split("\n## ")[0]
(SQLITE_BACKUP, POSTGRES_BACKUP, SQLITE_RESTORE, POSTGRES_RESTORE, CONFIRM) = re.findall(
    r"```sh\n(.*?)```", SECTION, re.DOTALL
)[:5]


def typed(town: Town, *blocks: str) -> str:
    """What a shell in the town's home says to some blocks of the page; it ends at the first failure."""
    binaries = [Path(sys.executable).parent, Cluster.binaries() or Path("/usr/bin"), *os.environ["PATH"].split(":")]
    environment = environment_of(town.settings) | {"PATH": ":".join(map(str, binaries))}
    line = ["bash", "-e", "-c", "".join(blocks)]
    told = subprocess.run(line, cwd=town.home, env=environment, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def back_up(town: Town) -> None:
    """Type the backup."""
    typed(town, SQLITE_BACKUP if town.database.is_sqlite else POSTGRES_BACKUP)


@contextmanager
def put_back(town: Town) -> Iterator[Town]:
    """The town as the backup has it, the database it was made from being lost."""
    if town.database.is_sqlite:
        town.database.close()
        typed(town, SQLITE_RESTORE)
        url = town.settings.database_url
    else:
        url = typed(town, POSTGRES_RESTORE, "echo $COHORTFLOW_DATABASE_URL").split()[-1]
        assert url.endswith(f"/{RESTORED}")
    settings = town.settings.model_copy(update={"database_url": url})
    restored = replace(town, settings=settings, database=open_database(url, durable=False), workers=[])
    try:
        yield restored
    finally:
        restored.database.close()


@pytest.fixture(autouse=True)
def no_older_restore(request: pytest.FixtureRequest) -> Iterator[None]:
    """The page gives the new database one name; it is free again for the next test."""
    yield
    if "postgres_cluster" in request.fixturenames:
        request.getfixturevalue("postgres_cluster").drop(RESTORED)


def hold_of(town: Town) -> str | None:
    """Why nothing is sent, if so."""
    with town.database.read() as db:
        return places.sending_hold(db)


def test_what_was_put_back_is_held_and_then_writes_to_nobody_twice(town: Town) -> None:
    town.let_it_be(OPENS)
    sender = town.asleep_while_sending()
    back_up(town)
    sender.wake()
    assert sender.ended() == 0
    assert town.tick(REMINDED, lease_seconds=60).code == 0, "the one it was copied from went on"
    letters = town.letters()
    assert len(letters) == 2 * ALL

    with put_back(town) as restored:
        restored.let_it_be(REMINDED)
        assert restored.count("messages", state="accepted") < ALL
        assert restored.tick().code == 0
        assert restored.count("messages", template="reminder", state="accepted") == 0
        assert hold_of(restored) == (places.OLDER if restored.database.is_sqlite else places.MOVED)

        assert "Confirmed." in typed(restored, CONFIRM)
        restored.settle()
        assert restored.letters() == letters, "each is the one file it was"
        assert restored.count("messages", template="invite", state="accepted") == ALL
        assert {row["state"] for row in restored.rows("messages")} <= {"accepted", "expired"}


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A SendGrid that takes its time."""
    with opened_post_office(latency=0.25) as found:
        yield found


@pytest.mark.postgres
def test_a_dump_of_a_killed_installation_goes_on_where_that_stood(
    tmp_path: Path, postgres_cluster: Cluster, postgres_database: str, office: PostOffice
) -> None:
    key = SecretStr("SG.a-key-of-the-tests")
    given = {"mail": "sendgrid", "sendgrid_host": office.host, "sendgrid_api_key": key}
    with founded(tmp_path, postgres_database, **given) as town:
        town.let_it_be(OPENS)
        sender = town.sender(lambda: len(accepted(office)) > 5)
        sender.kill()
        before = accepted(office)
        back_up(town)
        with put_back(town) as restored:
            postgres_cluster.drop(postgres_database.rpartition("/")[2])
            assert restored.tick().code == 0
            assert (accepted(office), hold_of(restored)) == (before, places.MOVED)

            typed(restored, CONFIRM)
            for _ in range(2):
                tick_until_quiet(restored)
                settle_by_the_record(restored, office)
            tick_until_quiet(restored)

            assert Counter(accepted(office)) == Counter({row["message_id"]: 1 for row in restored.rows("messages")})
            assert len(accepted(office)) == ALL
            insist(restored, office, finished=True)
