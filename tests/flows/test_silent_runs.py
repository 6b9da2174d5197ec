"""For how long a run counts as silent: only while somebody could have heard it."""

from datetime import UTC, datetime, timedelta

import pytest

from cohortflow.prefect_silence import silence

LAST = datetime(2027, 1, 4, 10, tzinfo=UTC)


def after(*minutes: float) -> list[datetime]:
    """Instants so many minutes after the last sign of life."""
    return [LAST + timedelta(minutes=each) for each in minutes]


@pytest.mark.parametrize(
    ("ticks", "now", "minutes"),
    [
        ((), 10, 0),  # the server may have been down all the time
        ((5,), 15, 5),
        ((5, 15), 25, 15),
        ((0.25, 0.5, 0.75), 20, 0.75),  # ticks every quarter of a minute, then the server was down
        ((0.25, 0.5, 0.75, 20, 24), 28, 8.75),
        ((5, -5, 40), 15, 5),  # before the last sign, and after now: neither tells anything
    ],
)
def test_the_longest_time_without_a_tick_does_not_count(ticks: tuple[float, ...], now: float, minutes: float) -> None:
    assert silence(LAST, after(*ticks), *after(now)) == timedelta(minutes=minutes)


def test_a_day_without_a_server_alone_ends_no_run() -> None:
    assert silence(LAST, after(3), *after(24 * 60)) == timedelta(minutes=3)


def test_a_sign_from_the_future_of_another_clock_counts_as_now() -> None:
    assert silence(LAST, [], LAST - timedelta(minutes=1)) <= timedelta(0)
