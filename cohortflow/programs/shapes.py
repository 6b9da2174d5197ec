"""Which keys a block may have, found by following the models from the top."""

from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from cohortflow.programs.trees import Path


def keys_at(model: Any, loc: Path) -> list[str]:
    """The keys of the block at a place; none where the coordinator chooses them."""
    kind = model
    for step in loc:
        kind = kind_below(kind, step)
    return keys_of(kind)


@lru_cache(maxsize=4096)
def keys_of(kind: Any) -> list[str]:
    """The keys of a block of this kind."""
    inner = _unwrapped(kind)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return [info.alias or name for name, info in inner.model_fields.items()]
    return []


@lru_cache(maxsize=4096)
def kind_below(kind: Any, step: str | int) -> Any:
    """What stands under a key, or in a list."""
    kind = _unwrapped(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = [info.annotation for name, info in kind.model_fields.items() if (info.alias or name) == step]
        return found[0] if found else None
    arguments = get_args(kind)
    return arguments[-1] if get_origin(kind) is dict and arguments else (arguments[0] if arguments else None)


def _unwrapped(kind: Any) -> Any:
    """The model inside Annotated[...] and ... | None."""
    while kind is not None and get_origin(kind) not in (dict, tuple) and get_args(kind):
        kind = next((part for part in get_args(kind) if part is not type(None)), None)
    return kind
