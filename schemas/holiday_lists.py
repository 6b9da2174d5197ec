"""The package of public holidays, of which only the countries that are asked for are loaded."""

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_COUNTRIES = "holidays.countries"


class _Countries(ModuleType):
    """Stands for the package whose first line would load 250 countries; it runs when a country is asked of itself."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name, "Holidays by country.")
        self.__spec__, self.__path__ = spec, list(spec.submodule_search_locations or ())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        loader, self.__spec__.loader = self.__spec__.loader, None
        loader.exec_module(self)
        return getattr(self, name)


def holiday_package() -> Any:
    """The package `holidays`. Late, for half of the programs name none and it takes a tenth of a second."""
    if _COUNTRIES not in sys.modules:
        spec = find_spec(_COUNTRIES)
        if spec is not None:
            sys.modules[_COUNTRIES] = _Countries(spec)
    return importlib.import_module("holidays")
