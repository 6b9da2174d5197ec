"""A number sign in the middle of a value: for YAML, a comment begins there, and the rest is not read."""

import re
from collections.abc import Iterator, Mapping, Sequence

from schemas.errors import Fault

# "#1" and its like: whoever writes a comment puts a space or a word after the sign.
_CUT = re.compile(r"""^\s*(?:-\s+)?(?P<key>[\w-]+):\s+(?P<kept>[^\s"'\[{|>#][^#\n]*?)\s+(?P<lost>\#\d.*)$""")


def cut_faults(texts: Mapping[str, str], names: Sequence[str], folder: str) -> Iterator[Fault]:
    """A warning for each value that ends before its number sign."""
    for name in names:
        file = f"{folder.rstrip('/')}/{name}" if folder and folder != "." else name
        for number, line in enumerate(texts.get(name, "").splitlines(), start=1):
            if found := _CUT.match(line):
                kept, lost = found["kept"], found["lost"].strip()
                message = f'ends before the #, where a comment begins (got {kept!r}); write "{kept} {lost}" in quotes'
                yield Fault(file, number, found.start("lost") + 1, found["key"], message, "warning")
