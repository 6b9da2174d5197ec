"""YAML as an editor's language server reads it: YAML 1.2 with its core schema, in which dates stay text."""

import re
from typing import Any

import yaml


class EditorLoader(yaml.SafeLoader):
    """The scalars of YAML 1.2: `no` and `09:30` are text, `60` is a number."""


EditorLoader.yaml_implicit_resolvers = {}
CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
}
for kind, (shape, first) in CORE.items():
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{shape})$"), list(first))


def as_an_editor_reads(text: str) -> Any:
    """The text's values."""
    return yaml.load(text, EditorLoader)
