"""Two real installations for all tests of this room: one raised step by step, one by `cohortflow up`."""

from collections.abc import Iterator

import pytest
from first_circle import INVITED, drop_files, letters
from prefect_installation import Installation, installed, wait_for
from raised_installation import Raised, nobody_listens, raised, said


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Server, worker and deployments, with a home whose path has spaces in it."""
    folder = tmp_path_factory.mktemp("real server")
    drop_files(folder / "home of the program")
    with installed(folder, folder / "home of the program") as found:
        yield found


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raised]:
    """Everything up by the one command, with an empty home, ticking often."""
    folder = tmp_path_factory.mktemp("raised by up")
    home = folder / "new home"
    home.mkdir()
    with raised(folder, home, "--tick-every", "5") as found:
        yield found
    assert found.process.returncode == 0, said(found.logs)
    assert "Everything is stopped." in said(found.logs)
    assert nobody_listens(found.port)


@pytest.fixture(scope="package")
def invited(system: Raised) -> Raised:
    """The same, with files dropped into its home once it was up; nobody gave a further command."""
    drop_files(system.home)
    wait_for("invitations", lambda: len(letters(system)) == len(INVITED), seconds=300, told=system.told)
    return system
