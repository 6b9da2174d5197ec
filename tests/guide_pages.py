"""What a page of the documentation tells its reader to type, and a shell in which a test types it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(?ms)^( *)```(\w*)\n(.*?)^ *```$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text, the paragraph that announces it, and its section."""

    language: str
    text: str
    announced: str
    section: str


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        before = text[: found.start()].rstrip()
        indent, language, body = found.groups()
        plain = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        headings = re.findall(r"(?m)^##+ (.+)$", BLOCK.sub("", before))
        yield Block(language, plain, before.rpartition("\n\n")[2], headings[-1] if headings else "")


def typed(home: Path, command: str, *, code: Path = CHECKOUT, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What a shell makes of some lines in a folder, with the commands of a checkout; it ends at the first failure."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORTFLOW_")}
    there = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHONPATH": str(code),
        "COHORTFLOW_HOME": str(home),
        "COHORTFLOW_TEMPLATE_DIR": str(home / "templates"),
        "COLUMNS": "120",
    }
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=home,
        env=kept | there | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def patched(text: str, diff: str) -> str:
    """A text after a change that stands in it exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
    new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, diff
    return text.replace(old, new)
