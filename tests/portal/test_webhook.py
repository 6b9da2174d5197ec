"""The webhook: only what SendGrid has signed is believed, each event once, in any order, and only about our own mail."""

import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provider import SIGNATURE, TIMESTAMP, Signer, ask, body_of, event, post
from scenes import Scene
from story import ADA, BO, CEM

from cohortflow.portal.headers import HEADERS
from cohortflow.store.tables import metadata

STATE = ("messages", "message_attempts", "provider_events", "suppressions", "opt_outs")
KINDS = ("processed", "deferred", "delivered", "bounce", "dropped", "spamreport", "unsubscribe", "open", "made_up")


def address(scene: Scene, person_id: str) -> str:
    (row,) = scene.rows("people", person_id=person_id)
    return str(row["email"])


def told(scene: Scene, person_id: str, kind: str = "delivered", second: int = 0, **other: Any) -> dict[str, Any]:
    """An event about the pulse that somebody got."""
    (mail,) = scene.mails("pulse", person_id)
    return event(mail["message_id"], address(scene, person_id), kind, second, **other)


def state(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    return {name: scene.rows(name) for name in STATE}


def everything(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    return {name: scene.rows(name) for name in metadata.tables}


def pulse(scene: Scene, person_id: str) -> tuple[str, str | None]:
    (mail,) = scene.mails("pulse", person_id)
    return mail["state"], mail["reason"]


def test_a_delivered_mail_is_known_to_be(scene: Scene, signer: Signer) -> None:
    answer = post(scene.house, signer, told(scene, ADA, "processed"), told(scene, ADA, "delivered", 5))

    assert (answer.status_code, answer.json()) == (200, {"taken": 2})
    assert pulse(scene, ADA) == ("delivered", None)


@pytest.mark.parametrize(
    ("kind", "other", "mail", "barred"),
    [
        ("bounce", {"type": "bounce"}, ("bounced", "the address bounced"), "the address bounced"),
        ("bounce", {"type": "blocked"}, ("bounced", "the receiving server turned it away"), None),
        ("dropped", {"reason": "Spam Content"}, ("bounced", "the provider dropped it"), None),
        (
            "dropped",
            {"reason": "Bounced Address"},
            ("bounced", "the provider dropped it, for the address is barred there"),
            "the address bounced",
        ),
        ("spamreport", {}, ("delivered", None), "reported as spam"),
        ("unsubscribe", {}, ("delivered", None), "unsubscribed at the provider"),
        ("deferred", {"response": "try again"}, ("accepted", None), None),
    ],
)
def test_what_each_kind_does(
    scene: Scene, signer: Signer, kind: str, other: dict[str, str], mail: tuple[str, str | None], barred: str | None
) -> None:
    assert post(scene.house, signer, told(scene, ADA, kind, **other)).json() == {"taken": 1}

    assert pulse(scene, ADA) == mail
    assert [row["reason"] for row in scene.rows("suppressions")] == ([barred] if barred else [])


def test_who_bounced_gets_no_further_mail(scene: Scene, signer: Signer) -> None:
    post(scene.house, signer, told(scene, ADA, "bounce", type="bounce"))

    scene.live_past("check_in#1.pulse_reminder#1")

    (reminder,) = scene.mails("pulse_reminder", ADA)
    assert (reminder["state"], reminder["reason"]) == ("suppressed", "the address bounced")
    assert {mail["state"] for mail in scene.mails("pulse_reminder", CEM)} == {"accepted"}


@pytest.mark.parametrize("before", ["unknown", "sending", "queued"])
def test_an_event_settles_a_mail_whose_fate_is_open(scene: Scene, signer: Signer, before: str) -> None:
    (mail,) = scene.mails("pulse", ADA)
    with scene.house.database.write() as db:
        table = metadata.tables["messages"]
        values = {"state": before, "sent_at": None, "lease_owner": "gone", "reason": "-"}
        db.execute(table.update().where(table.c.message_id == mail["message_id"]).values(**values))

    post(scene.house, signer, told(scene, ADA, "processed"))

    (settled,) = scene.mails("pulse", ADA)
    assert (settled["state"], settled["reason"], settled["lease_owner"]) == ("accepted", None, None)
    assert settled["sent_at"] == mail["sent_at"] and settled["fence"] == mail["fence"] + 1
    (line,) = scene.rows("events", kind="mail.settled")
    assert line["counts"] == {"accepted": 1} and line["actor"] == "provider"


def test_a_mail_that_was_stopped_stays_stopped(scene: Scene, signer: Signer) -> None:
    table = metadata.tables["messages"]
    with scene.house.database.write() as db:
        db.execute(table.update().where(table.c.template == "pulse").values(state="cancelled", reason="left"))

    post(scene.house, signer, told(scene, ADA, "delivered"))

    assert pulse(scene, ADA) == ("cancelled", "left")


@pytest.mark.parametrize("stopped", ["expired", "cancelled", "suppressed", "refused"])
def test_an_event_finds_a_mail_that_was_to_go_again_and_was_stopped(scene: Scene, signer: Signer, stopped: str) -> None:
    (mail,) = scene.mails("pulse", ADA)
    table, tries = metadata.tables["messages"], metadata.tables["message_attempts"]
    with scene.house.database.write() as db:
        db.execute(tries.update().where(tries.c.message_id == mail["message_id"]).values(outcome="unknown"))
        db.execute(table.update().where(table.c.message_id == mail["message_id"]).values(state=stopped, reason="-"))

    post(scene.house, signer, told(scene, ADA, "processed"), told(scene, ADA, "delivered", 2))

    assert pulse(scene, ADA) == ("delivered", None)


def test_the_same_post_twice_changes_nothing_more(scene: Scene, signer: Signer) -> None:
    events = [told(scene, ADA, "processed"), told(scene, BO, "bounce", 3, type="bounce")]
    post(scene.house, signer, *events)
    before = state(scene)

    again = [{**each, "sg_event_id": "another id"} for each in events]
    answer = post(scene.house, signer, *again, *again)

    assert answer.json() == {"seen before": 4}
    assert state(scene) == before


def test_two_handovers_of_one_mail_raise_the_alarm_once(scene: Scene, signer: Signer) -> None:
    for second in (1, 2, 2, 3):
        post(scene.house, signer, told(scene, ADA, "processed", second, sg_message_id=f"sg-{second}"))

    (line,) = scene.rows("events", kind="mail.repeated")
    assert line["counts"] == {"mails": 1}


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_repetition_ends_in_the_same_state(scene: Scene, signer: Signer, data: st.DataObject) -> None:
    mails = [(mail["message_id"], address(scene, mail["person_id"])) for mail in scene.mails("pulse")][:3]
    drawn = st.builds(
        lambda mail, kind, second, hard: event(*mail, kind, second, type="bounce" if hard else "blocked"),
        st.sampled_from(mails), st.sampled_from(KINDS), st.integers(0, 3), st.booleans(),
    )  # fmt: skip
    events = data.draw(st.lists(drawn, min_size=1, max_size=12))
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=12))
    shuffled = data.draw(st.permutations([*events, *repeated]))
    cut = data.draw(st.integers(0, len(shuffled)))

    with undone(scene):
        post(scene.house, signer, *sorted(events, key=lambda each: each["timestamp"]))
        expected = state(scene)
    with undone(scene):
        post(scene.house, signer, *shuffled[:cut])
        post(scene.house, signer, *shuffled[cut:])
        found = state(scene)

    assert found == expected


class undone:
    """What is written in the block is taken away at its end."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.before = scene, everything(scene)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        names = (*STATE, "provider_tallies", "events", "cohorts")
        with self.scene.house.database.write() as db:
            db.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for name in names:
                db.execute(metadata.tables[name].delete())
            for name in reversed(names):
                if self.before[name]:
                    db.execute(metadata.tables[name].insert(), self.before[name])


# --- not to be believed -------------------------------------------------------------------------------------------


def foreign_id(scene: Scene) -> dict[str, Any]:
    return {**told(scene, ADA, "bounce", type="bounce"), "cohortflow_message_id": "f" * 32}


def foreign_address(scene: Scene) -> dict[str, Any]:
    return {**told(scene, ADA, "bounce", type="bounce"), "email": address(scene, BO)}


def without_id(scene: Scene) -> dict[str, Any]:
    return {name: value for name, value in told(scene, ADA).items() if name != "cohortflow_message_id"}


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (foreign_id, "of another's mail"),
        (without_id, "of another's mail"),
        (foreign_address, "to another address"),
        (lambda scene: told(scene, ADA, "open"), "of a kind that tells nothing"),
        (lambda scene: told(scene, ADA, "made_up"), "of a kind that tells nothing"),
    ],
)
def test_what_is_not_about_our_mail_is_set_aside_and_counted(scene: Scene, signer: Signer, made: Any, why: str) -> None:
    before = state(scene)

    answer = post(scene.house, signer, made(scene), made(scene))

    assert (answer.status_code, answer.json()) == (200, {why: 2})
    assert state(scene) == before
    assert [(row["what"], row["count"]) for row in scene.rows("provider_tallies")] == [(why, 2)]


def test_our_own_addresses_are_told_apart_by_their_part(scene: Scene, signer: Signer) -> None:
    mail = next(mail for mail in scene.mails() if mail["person_id"] == "role:approver#1")
    owned = event(mail["message_id"], "wrong@acme.example")

    assert post(scene.house, signer, owned).json() == {"to another address": 1}


def test_no_address_is_kept(scene: Scene, signer: Signer) -> None:
    email = address(scene, ADA)
    post(scene.house, signer, told(scene, ADA, "bounce", type="bounce", reason=f"550 {email} is unknown, Ada"))

    kept = str({name: scene.rows(name) for name in ("provider_events", "provider_tallies", "suppressions", "events")})

    assert email not in kept and "is unknown" not in kept


# --- not from SendGrid --------------------------------------------------------------------------------------------


def forgeries(scene: Scene, signer: Signer) -> dict[str, tuple[bytes, dict[str, str]]]:
    body = body_of(told(scene, ADA, "bounce", type="bounce"))
    good, day = signer.headers(body), 24 * 3600
    return {
        "no headers": (body, {}),
        "no signature": (body, {TIMESTAMP: good[TIMESTAMP]}),
        "no timestamp": (body, {SIGNATURE: good[SIGNATURE]}),
        "another key": (body, Signer().headers(body)),
        "another body": (body + b" ", good),
        "the same events, written otherwise": (body.replace(b"\n", b""), good),
        "cut short": (body[:-9], good),
        "empty": (b"", good),
        "another second": (body, {**good, TIMESTAMP: str(int(good[TIMESTAMP]) - 1)}),
        "bad base64": (body, {**good, SIGNATURE: "%%%"}),
        "half a signature": (body, {**good, SIGNATURE: good[SIGNATURE][:-12]}),
        "not ASCII": (body, {**good, SIGNATURE: "MEUCIQ\xe9"}),
        "yesterday's": (body, signer.headers(body, time.time() - day - 3600)),
        "tomorrow's": (body, signer.headers(body, time.time() + 3600)),
        "a word for a time": (body, {**good, TIMESTAMP: "now"}),
        "a time beyond all years": (body, {**good, TIMESTAMP: "9" * 40}),
        "a time in the year 33658": (body, {**good, TIMESTAMP: "9" * 12}),
        "a time in the year 5138": (body, {**good, TIMESTAMP: "9" * 11}),
        "bytes that are no text": (b"\xff\xfe", signer.headers(b"\xff\xfe")),
    }


def test_what_is_not_signed_is_refused_and_nothing_stored(scene: Scene, signer: Signer) -> None:
    before = everything(scene)

    for name, (body, headers) in forgeries(scene, signer).items():
        raw = {key: value.encode("latin-1") for key, value in headers.items()}
        answer = ask(scene.house, "POST", "/webhooks/sendgrid", content=body, headers=raw)
        assert answer.status_code == 403, name

    assert everything(scene) == before


@pytest.mark.parametrize("key", ["", " ", "no key", "MFkwEwYHKoZIzj0CAQ"])
def test_without_a_good_key_nothing_is_believed(scene: Scene, signer: Signer, key: str) -> None:
    scene.house.settings = scene.house.settings.model_copy(update={"sendgrid_webhook_key": key})
    before = everything(scene)

    assert post(scene.house, signer, told(scene, ADA)).status_code == 403

    assert everything(scene) == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"null", b"[1]", b"[[]]", b'[{"event": "delivered"}]', b'[{"timestamp": 1800000000}]',
        b'[{"event": ["delivered"], "timestamp": 1800000000}]', b'[{"event": "delivered", "timestamp": "soon"}]',
        b'[{"event": "delivered", "timestamp": 1e99}]', b'[{"event": "delivered", "timestamp": true}]',
        b'[{"event": "delivered", "timestamp": 1800000000, "email": 7}]', b"[" * 100_000, b"not json",
        b'[{"event": "delivered", "timestamp": NaN}]', b'[{"event": "delivered", "timestamp": Infinity}]',
        b'[{"event": "delivered", "timestamp": 99999999999999999999}]',
    ],
)  # fmt: skip
def test_a_signed_post_that_makes_no_sense_stores_nothing(scene: Scene, signer: Signer, body: bytes) -> None:
    before = everything(scene)

    answer = ask(scene.house, "POST", "/webhooks/sendgrid", content=body, headers=signer.headers(body))

    assert answer.status_code == 400
    assert everything(scene) == before


@pytest.mark.parametrize(
    "odd",
    [
        {"event": "delivered"},
        {"event": "click", "timestamp": 1800000000, "email": ["x"]},
        {"event": "bounce", "timestamp": "soon", "email": "bo.li@acme.example"},
    ],
)
def test_a_senseless_event_takes_none_of_its_neighbours_along(scene: Scene, signer: Signer, odd: Any) -> None:
    answer = post(scene.house, signer, odd, told(scene, ADA, "bounce", type="bounce"))

    assert (answer.status_code, answer.json()) == (200, {"taken": 1, "odd": 1})
    assert pulse(scene, ADA) == ("bounced", "the address bounced")


@pytest.mark.parametrize(
    "other",
    [
        {"reason": "550 " + "x" * 9000},
        {"reason": "a\x00b"},
        {"reason": {"code": 550}},
        {"timestamp": "1800000000"},
        {"timestamp": 1800000000.25},
    ],
)
def test_an_event_counts_however_oddly_it_is_told(scene: Scene, signer: Signer, other: Any) -> None:
    assert post(scene.house, signer, told(scene, ADA, "bounce", type="bounce", **other)).json() == {"taken": 1}

    assert pulse(scene, ADA) == ("bounced", "the address bounced")


def test_a_post_of_more_than_a_megabyte_is_refused(scene: Scene, signer: Signer) -> None:
    body = b"[" + b" " * 1_000_000 + b"]"

    answer = ask(scene.house, "POST", "/webhooks/sendgrid", content=body, headers=signer.headers(body))

    assert answer.status_code == 413


def test_a_broken_database_makes_the_provider_try_again(scene: Scene, signer: Signer) -> None:
    with scene.house.database.write() as db:
        db.exec_driver_sql("alter table provider_events rename to away")

    answer = post(scene.house, signer, told(scene, ADA))

    assert answer.status_code == 500 and "sql" not in answer.text.lower()
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]


def test_every_response_carries_the_headers(scene: Scene) -> None:
    asked = [
        ("GET", "/health", 200), ("GET", "/nowhere", 404), ("POST", "/webhooks/sendgrid", 403),
        ("GET", "/webhooks/sendgrid", 405), ("GET", "/unsubscribe/x", 404), ("GET", "/docs", 404), ("PUT", "/health", 405),
    ]  # fmt: skip
    for method, path, status in asked:
        answer = ask(scene.house, method, path)
        assert answer.status_code == status, path
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        assert "server" not in answer.headers


def test_posts_that_come_at_once_count_each_event_once(scene: Scene, signer: Signer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    events = [
        told(scene, person, kind, second)
        for person in (ADA, BO, CEM)
        for kind in ("processed", "delivered")
        for second in range(5)
    ]
    random.Random(1).shuffle(events)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: post(scene.house, signer, *events[n:], *events[:n]).json(), range(4)))

    assert sum(each.get("taken", 0) for each in answers) == len(events) == len(scene.rows("provider_events"))
    assert sum(each.get("seen before", 0) for each in answers) == 3 * len(events)
