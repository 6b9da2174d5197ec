"""Three days without a tick, and a program file broken at noon: what has lost its sense is skipped, the rest goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from small_town import OPENS, Town, founded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BEFORE = OPENS + timedelta(days=13, hours=12)
AFTER = OPENS + timedelta(days=17, hours=1)
EVERYBODY = 60


@pytest.fixture
def staggered_town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Circle A is under way when circle B begins, fifteen days later."""
    with founded(tmp_path, database_url, apart=15, lease_seconds=60) as found:
        yield found


def test_three_days_off_skip_what_is_stale_and_lose_nothing(staggered_town: Town) -> None:
    town = staggered_town
    for day in (0, 13):
        assert town.tick(OPENS + timedelta(days=day, hours=12)).code == 0
    assert town.invited("circle-a", "circle-b") == {"circle-a": EVERYBODY, "circle-b": 0}

    assert town.tick(AFTER).code == 0

    (stale,) = town.rows("occasions", cohort_id="circle-a/now", key="recruit.reminder#1")
    assert (stale["state"], stale["reason"]) == ("skipped", "more than 3 days late")
    (told,) = town.rows("events", chain="circle-a/now", kind="occasion.skipped")
    assert told["counts"] == {"reason": "more than 3 days late"}
    assert town.count("messages", template="reminder") == 0
    assert town.invited("circle-a", "circle-b") == {"circle-a": EVERYBODY, "circle-b": EVERYBODY}
    town.insist()
    assert town.tick(OPENS + timedelta(days=19, hours=1)).code == 0
    assert town.count("messages", cohort_id="circle-a/now", template="reminder", state="accepted") == EVERYBODY
    town.insist()


def test_a_file_broken_at_noon_stops_neither_its_cohort_nor_another(staggered_town: Town) -> None:
    town = staggered_town
    assert town.tick(OPENS).code == 0
    file = town.home / "program_configs" / "circle-a.yaml"
    sound = file.read_text()
    file.write_text(sound.replace("stages: {", "stages: {{{ ["))

    for hours in (0, 1, 2):
        assert town.tick(BEFORE + timedelta(hours=hours)).code == 0
    assert town.tick(OPENS + timedelta(days=15)).code == 0

    assert town.count("messages", template="program_fault", state="accepted") == 1, "the owner is told once"
    assert town.count("messages", cohort_id="circle-a/now", template="reminder", state="accepted") == EVERYBODY
    assert town.invited("circle-a", "circle-b") == {"circle-a": EVERYBODY, "circle-b": EVERYBODY}
    (known,) = town.rows("programs", program_id="circle-a")
    assert known["faults"]
    file.write_text(sound)
    assert town.tick(OPENS + timedelta(days=15, hours=1)).code == 0
    (known,) = town.rows("programs", program_id="circle-a")
    assert known["faults"] == []
    town.insist()
