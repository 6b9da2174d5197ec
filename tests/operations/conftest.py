"""One real installation for all tests of this room."""

from collections.abc import Iterator

import pytest
from first_circle import drop_files
from prefect_installation import Installation, installed


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Server, worker and deployments, with a home whose path has spaces in it."""
    folder = tmp_path_factory.mktemp("real server")
    drop_files(folder / "home of the program")
    with installed(folder, folder / "home of the program") as found:
        yield found
