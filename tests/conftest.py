"""What tests of any room may ask for: a real PostgreSQL, both databases in turn, a real browser.

What the machine does not have is left out and named at the end of the run; with REQUIRE_ALL=1 it is a failure.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from throwaway_postgres import Cluster, started_cluster

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MEND = {
    "postgres": "PostgreSQL server binaries; on Debian: apt-get install postgresql",
    "chromium": "Chromium; on Debian: apt-get install chromium (or name another one in CHROMIUM)",
    "compiler": "a C compiler; on Debian: apt-get install gcc libc6-dev",
    "systemd": "systemd-analyze; on Debian: apt-get install systemd",
}


def _share_out(items: list[pytest.Item]) -> None:
    """Files with long tests begin first, so that both workers end together; the workers take whole files."""
    with_long_tests = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in with_long_tests)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whole installations run by themselves: on a busy machine, Prefect's SQLite locks itself and servers start late."""
    if item.path.parent.name in ("badtimes", "operations") and item.get_closest_marker("slow"):
        item.add_marker("alone")


def _is_there(what: str) -> bool:
    there = {
        "postgres": Cluster.binaries,
        "chromium": CHROMIUM.is_file,
        "compiler": lambda: shutil.which("cc"),
        "systemd": lambda: shutil.which("systemd-analyze"),
    }
    return bool(there[what]())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests out, and skip what the machine cannot run, unless everything is required."""
    _share_out(items)
    if os.environ.get("REQUIRE_ALL") == "1":
        return
    for what, mend in MEND.items():
        concerned = [item for item in items if item.get_closest_marker(what)]
        if concerned and not _is_there(what):
            for item in concerned:
                item.add_marker(pytest.mark.skip(reason=f"needs {mend}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name what did not run and how to install it."""
    skipped = terminalreporter.stats.get("skipped", [])
    for mend in MEND.values():
        count = sum(1 for report in skipped if f"needs {mend}" in str(report.longrepr))
        if count:
            terminalreporter.write_line(f"NOT RUN: {count} tests that need {mend}", yellow=True)


def _insist(what: str) -> None:
    """For who asks for a fixture without the marker: the same answer."""
    if _is_there(what):
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, and there is no {MEND[what]}")
    pytest.skip(f"needs {MEND[what]}")


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL of our own, stopped and removed at the end."""
    _insist("postgres")
    with started_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: Cluster) -> str:
    """The URL of its maintenance database."""
    return postgres_cluster.url("postgres")


@pytest.fixture
def postgres_database(postgres_cluster: Cluster) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped afterwards."""
    name = postgres_cluster.create()
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'cohortflow.db'}"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Any]:
    """A headless Chromium, driven by playwright: for a module, since its event loop would be in the way of others."""
    _insist("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()
