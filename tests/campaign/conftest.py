"""Courts on either database, each with a post office of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from campaigning import MAILS, Court, queued_mails
from grounds import Step, ground
from post_office import opened_post_office
from scenes import enter
from throwaway_postgres import Cluster

from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate

Courts = Callable[[str, int], Court]  # a database, and the number of the worker whose court it is


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Step:
    """Mails that may go, and one whose reader is barred."""
    return queued_mails(tmp_path_factory.mktemp("mails") / "before", MAILS)


@pytest.fixture(scope="session")
def courts(mails: Step, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Courts]:
    """Courts by database and number; opened when first asked for."""
    folder = tmp_path_factory.mktemp("courts")
    scene = enter("declared", folder / "scene")
    scene.close()
    with ExitStack() as stack:

        @cache
        def court(kind: str, number: int) -> Court:
            url = ""
            if kind == "postgres":
                cluster: Cluster = request.getfixturevalue("postgres_cluster")
                url = cluster.url(cluster.create())
                database = open_database(url)
                migrate(database)
                database.close()
            office = stack.enter_context(opened_post_office())
            return Court(ground(scene.house, folder / kind / str(number), url), mails, office)

        yield court
