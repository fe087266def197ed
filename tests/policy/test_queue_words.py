"""Why a call waits, as people are told."""

from datetime import timedelta, timezone

import pytest

from offhook.model import Ahead, Blocker, Obstacle, Pause, Priority, Waiting
from offhook.policy.queue_words import in_utc, place, roughly, waiting_in_words, what_for, why_hung_up
from tests.policy.accounts import NOW

PAUSE = Pause(by="ann", at=NOW, note="carrier down")


def wait(*obstacles: Obstacle, at: int = 1, ahead: tuple[Ahead, ...] = (), minutes: float | None = None) -> Waiting:
    estimate = None if minutes is None else timedelta(minutes=minutes)
    return Waiting(since=NOW, as_of=NOW, place=at, ahead=ahead, obstacles=obstacles, estimate=estimate)


def ahead(**calls: int) -> tuple[Ahead, ...]:
    """Calls ahead, by priority: ``p1=3``."""
    return tuple(Ahead(priority=Priority(int(name[1:])), calls=count) for name, count in calls.items())


OBSTACLES = [
    pytest.param(
        Obstacle(blocker=Blocker.ACCOUNT_FULL, used=20, limit=20),
        "the account has 20 of 20 calls up",
        id="account-full",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.RESERVED, used=15, limit=15),
        "the 15 permits not kept for inbound calls and priority 1 are taken",
        id="reserved",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.ACCOUNT_PAUSED, pause=PAUSE),
        "the account is paused by ann since 2026-01-02 03:04:00 UTC (carrier down)",
        id="account-paused",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.TRUNK_FULL, trunk="acme-eu", used=3, limit=3),
        "trunk acme-eu has 3 of 3 calls up",
        id="trunk-full",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.TRUNK_PACED, trunk="acme-eu", limit=10),
        "trunk acme-eu takes 10 calls/s",
        id="trunk-paced",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.TRUNK_SLOWED, trunk="acme-eu", limit=0.5, until=NOW + timedelta(minutes=1)),
        "the carrier of trunk acme-eu refused calls as too fast: slowed to 0.5 calls/s until 2026-01-02 03:05:00 UTC",
        id="trunk-slowed",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.TRUNK_PAUSED, trunk="acme-eu", pause=Pause(by="bob", at=NOW)),
        "trunk acme-eu is paused by bob since 2026-01-02 03:04:00 UTC",
        id="trunk-paused",
    ),
    pytest.param(
        Obstacle(blocker=Blocker.RECOUNTING), "the limiter, new or lost, counts who holds permits", id="recounting"
    ),
    pytest.param(Obstacle(blocker=Blocker.TURN), "its turn", id="turn"),
]


@pytest.mark.parametrize(("obstacle", "words"), OBSTACLES)
def test_an_obstacle_has_its_words(obstacle: Obstacle, words: str) -> None:
    assert what_for(wait(obstacle)) == words


@pytest.mark.parametrize("blocker", Blocker)
def test_every_blocker_has_words_even_where_no_more_is_known(blocker: Blocker) -> None:
    words = what_for(wait(Obstacle(blocker=blocker)))

    assert words
    assert "{" not in words


def test_every_blocker_has_an_example_here() -> None:
    examples = {row.values[0].blocker for row in OBSTACLES if isinstance(row.values[0], Obstacle)}

    assert examples == set(Blocker)


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        pytest.param(
            Obstacle(blocker=Blocker.TRUNK_PACED, trunk="t", limit=0.5), "trunk t takes 0.5 calls/s", id="a-fraction"
        ),
        pytest.param(
            Obstacle(blocker=Blocker.TRUNK_FULL, trunk="t", used=100_000, limit=100_000),
            "trunk t has 100000 of 100000 calls up",
            id="the-most-there-can-be",
        ),
        pytest.param(
            Obstacle(blocker=Blocker.TRUNK_FULL, trunk="{used}", used=0, limit=0),
            "trunk {used} has 0 of 0 calls up",
            id="a-name-with-braces",
        ),
    ],
)
def test_numbers_and_names_are_said_as_they_are(obstacle: Obstacle, words: str) -> None:
    assert what_for(wait(obstacle)) == words


def test_several_obstacles_are_said_in_one_breath() -> None:
    waiting = wait(
        Obstacle(blocker=Blocker.ACCOUNT_FULL, used=2, limit=2),
        Obstacle(blocker=Blocker.TRUNK_PACED, trunk="t", limit=1),
    )

    assert what_for(waiting) == "the account has 2 of 2 calls up and trunk t takes 1 calls/s"


def test_without_any_obstacle_a_call_waits_for_its_turn() -> None:
    assert what_for(wait()) == "its turn"


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        pytest.param(wait(), "place 1 in the queue", id="next"),
        pytest.param(wait(at=4, ahead=ahead(p3=3)), "place 4 in the queue (3 of priority 3 ahead)", id="behind-some"),
        pytest.param(
            wait(at=12_346, ahead=ahead(p1=12_000, p5=345)),
            "place 12,346 in the queue (12,000 of priority 1, 345 of priority 5 ahead)",
            id="behind-many",
        ),
    ],
)
def test_a_place_is_said_with_who_is_ahead(waiting: Waiting, words: str) -> None:
    assert place(waiting) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        pytest.param(timedelta(0), "1 s", id="at-once"),
        pytest.param(timedelta(milliseconds=20), "1 s", id="nearly-at-once"),
        pytest.param(timedelta(seconds=30.4), "30 s", id="seconds"),
        pytest.param(timedelta(seconds=89), "89 s", id="still-seconds"),
        pytest.param(timedelta(seconds=90), "2 min", id="minutes-from-here"),
        pytest.param(timedelta(minutes=42), "42 min", id="minutes"),
        pytest.param(timedelta(minutes=89), "89 min", id="still-minutes"),
        pytest.param(timedelta(minutes=90), "1.5 h", id="hours-from-here"),
        pytest.param(timedelta(days=2), "48.0 h", id="days"),
    ],
)
def test_a_duration_is_said_roughly(duration: timedelta, words: str) -> None:
    assert roughly(duration) == words


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        pytest.param(
            wait(Obstacle(blocker=Blocker.ACCOUNT_FULL, used=20, limit=20), at=3, ahead=ahead(p1=2), minutes=6),
            "the account has 20 of 20 calls up; place 3 in the queue (2 of priority 1 ahead); "
            "about 6 min at the recent rate (an estimate)",
            id="with-an-estimate",
        ),
        pytest.param(wait(Obstacle(blocker=Blocker.TURN)), "its turn; place 1 in the queue", id="without-an-estimate"),
    ],
)
def test_why_a_call_waits_is_one_line(waiting: Waiting, words: str) -> None:
    assert waiting_in_words(waiting) == words


@pytest.mark.parametrize(
    ("pause", "trunk", "words"),
    [
        pytest.param(PAUSE, None, "the account was paused by ann: carrier down", id="an-account"),
        pytest.param(PAUSE, "acme-eu", "trunk acme-eu was paused by ann: carrier down", id="a-trunk"),
        pytest.param(Pause(by="bob", at=NOW), None, "the account was paused by bob", id="without-a-note"),
    ],
)
def test_the_calls_that_a_pause_ends_are_told_by_whom_and_why(pause: Pause, trunk: str | None, words: str) -> None:
    assert why_hung_up(pause, trunk) == words


@pytest.mark.parametrize(
    ("note", "said"),
    [
        pytest.param("+14155550100 complained", "…0100 complained", id="international"),
        pytest.param("call +1 (415) 555-0100, then resume", "call …0100, then resume", id="grouped"),
        pytest.param("who is 4155550100?", "who is …0100?", id="national"),
        pytest.param("until 2026-01-03 08:30, ticket 123456", "until 2026-01-03 08:30, ticket 123456", id="no-number"),
    ],
)
def test_no_telephone_number_in_its_note_reaches_the_calls_a_pause_ends(note: str, said: str) -> None:
    pause = Pause(by="ann", at=NOW, note=note)

    assert why_hung_up(pause) == f"the account was paused by ann: {said}"


def test_a_moment_is_said_in_utc_wherever_it_was_written_down() -> None:
    in_india = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert in_utc(in_india) == in_utc(NOW) == "2026-01-02 03:04:00 UTC"
