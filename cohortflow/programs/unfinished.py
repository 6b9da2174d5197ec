"""Whether a sound file looks as if somebody were still saving it."""

import re
from collections.abc import Mapping


def seems_unfinished(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether one of the files ends earlier than it did before: it may be complete a moment later."""
    return any(_ends_early(before[name], text) for name, text in now.items() if before.get(name, text) != text)


def _ends_early(before: str, now: str) -> bool:
    last_keys = re.findall(r"^[^\s#][^:\n]*:", before, re.MULTILINE)[-1:]
    return (
        before.startswith(now)
        or (before.endswith("\n") and not now.endswith("\n"))
        or any(not re.search(rf"^{re.escape(key)}", now, re.MULTILINE) for key in last_keys)
    )
