"""A tick starts at most sixteen programs, the longest waiting first, and none that is under way; the next does the rest."""

from flows.tick import to_start

READY = [f"program-{number}" for number in range(20)]


def test_sixteen_at_once_in_the_order_they_fell_ready() -> None:
    assert to_start(READY, set()) == READY[:16]
    assert to_start(READY[16:], set(READY[:16])) == READY[16:]


def test_none_that_is_under_way_is_started_again_and_its_place_is_taken() -> None:
    assert to_start(READY, {"program-0", "program-3"}) == [each for each in READY if each[8:] not in ("0", "3")][:16]
