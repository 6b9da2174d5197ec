"""Ways round what is slow: they give what the long way gives."""

import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest

from schemas.absent_packages import absent
from schemas.altering import altered


@dataclass(frozen=True)
class Thing:
    name: str
    parts: tuple[str, ...] = ()
    marks: dict[str, int] = field(default_factory=dict)


def test_an_altered_record_is_the_replaced_one() -> None:
    thing = Thing("a", ("x",), {"m": 1})

    made = altered(thing, name="b", parts=())

    assert made == replace(thing, name="b", parts=())
    assert thing == Thing("a", ("x",), {"m": 1})


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="Thing has no field colour"):
        altered(Thing("a"), colour="red")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_package_seems_absent_only_inside_the_block() -> None:
    code = (
        "from schemas.absent_packages import absent\n"
        "with absent('wave', 'sys'):\n"
        "    import sys\n"
        "    try: import wave\n"
        "    except ImportError: print('none')\n"
        "import wave; print(wave.__name__)"
    )

    assert run(code).split() == ["none", "wave"]


def test_a_package_that_is_loaded_stays() -> None:
    with absent("subprocess"):
        import subprocess as again

    assert again is subprocess


def test_a_country_is_loaded_without_the_others() -> None:
    code = (
        "import sys\n"
        "from schemas.holiday_lists import holiday_package\n"
        "found = holiday_package().country_holidays('DE', subdiv='BE', years=2027)\n"
        "print(len(found), sum(name.startswith('holidays.countries.') for name in sys.modules) < 5)\n"
        "from holidays.countries import France, Germany\n"
        "print(Germany.country, France.country)"
    )

    assert run(code).split() == ["10", "True", "DE", "FR"]
