"""What docs/operations.md says of production, read from the page: files with the environment, and units of systemd."""

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "operations.md"
SERVER_FILE, OUR_FILE = "/etc/cohortflow/server.env", "/etc/cohortflow/cohortflow.env"
SHIPPED, BINARIES = "/srv/cohortflow", "/srv/cohortflow/.venv/bin"


def files_on_the_page() -> dict[str, str]:
    """Every file whose whole content stands on the page, by its path: the block after the sentence that names it."""
    found = re.findall(r"`(/etc/[^`]+)`[^`]*:\n\n```(?:sh|ini)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


@dataclass(frozen=True)
class Place:
    """Where a test puts what the page puts into /srv/cohortflow, and on which ports."""

    home: Path
    prefect_home: Path
    port: int
    portal_port: int = 8080
    metrics_port: int = 9188

    def environment(self, path: str) -> dict[str, str]:
        """The variables of a file, as they are at this place."""
        lines = files_on_the_page()[path].splitlines()
        return {name: self._here(value) for name, _, value in (line.partition("=") for line in lines)}

    def unit(self, name: str) -> "Unit":
        """A unit as it is at this place: another folder, other ports, whoever runs the test."""
        text = files_on_the_page()[f"/etc/systemd/system/{name}.service"]
        here = Path(sys.executable).parent
        text = re.sub(rf"{BINARIES}/(\w+)", lambda command: f'"{here / command[1]}"', text)
        text = text.replace(f"={SHIPPED}\n", f"={CHECKOUT}\n")
        for shipped, ours in ((8080, self.portal_port), (9188, self.metrics_port)):
            text = text.replace(f"port {shipped}", f"port {ours}")
        return Unit(name, text)

    def _here(self, value: str) -> str:
        value = value.replace(f"{SHIPPED}/var/prefect", str(self.prefect_home)).replace(SHIPPED, str(self.home))
        return re.sub(r"\b4200\b", str(self.port), value)


@dataclass(frozen=True)
class Unit:
    """One unit, its lines by key; none of ours says a key twice."""

    name: str
    text: str

    @property
    def lines(self) -> dict[str, str]:
        """What stands behind each key."""
        return dict(line.split("=", 1) for line in self.text.splitlines() if "=" in line)

    def command(self, key: str, environment: dict[str, str]) -> list[str]:
        """The words of a command line, with ${VARIABLES} put in as systemd does: after the words are split."""
        return [re.sub(r"\$\{(\w+)\}", lambda it: environment[it[1]], word) for word in shlex.split(self.lines[key])]
