"""What our self-contained pages share: one look, one policy, and values that are always escaped."""

import base64
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path

import orjson

PARTS = Path(__file__).parent / "page_parts"
STAGE_NAMES = {
    "recruit": "Recruit", "match": "Match", "orient": "Orient", "check_in": "Check in", "evaluate": "Evaluate",
    "close": "Close", "program": "Program",
}  # fmt: skip


def look() -> str:
    """The colours and letters of every page, light, dark and on paper."""
    return (PARTS / "look.css").read_text("utf-8")


def shared_script() -> str:
    """What the scripts of pages that show mails have in common."""
    return (PARTS / "shared.js").read_text("utf-8")


def packed(value: object) -> str:
    """A value as a page's script unpacks it: mails are much alike, so thousands fit into a few megabytes."""
    return base64.b64encode(zlib.compress(orjson.dumps(value), level=6)).decode()


def policy(script: str) -> str:
    """What a page may do: run this very script and nothing else; whatever a value holds is shown, never obeyed."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def written(folder: Path, name: str, values: Mapping[str, object]) -> str:
    """The page `name` of a folder, with its own style and script beside it and every value escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # late: most commands write no page
    from markupsafe import Markup

    style, script = ((folder / f"{name}.{kind}").read_text("utf-8") for kind in ("css", "js"))
    script = shared_script() + script
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared = {"style": Markup(look() + style), "script": Markup(script), "policy": policy(script)}
    return environment.get_template(f"{name}.html").render({**values, **shared})


def save_page(page: str, path: Path) -> None:
    """Write a page whole or not at all, with the same line ends on every machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(page, encoding="utf-8", newline="\n")
    part.replace(path)
