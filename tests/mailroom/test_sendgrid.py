"""SendGrid over real HTTP: what each answer means, what each request holds, and what never leaves."""

import asyncio
import json
import logging
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sendgrid_contract
from post_office import IMPATIENT, PostOffice, opened_post_office
from pydantic import SecretStr
from sendgrid.helpers.mail import Content, CustomArg, Mail, To

from cohortflow.mailroom.attachments import Attachment
from cohortflow.mailroom.http_calls import Caller, NotConnected
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.sendgrid_answers import outcome_of, seconds_until_reset
from cohortflow.mailroom.sendgrid_payload import OUR_ID, body_of, payload_of
from cohortflow.mailroom.sendgrid_transport import SendGridTransport
from cohortflow.mailroom.windows import opened
from schemas.errors import CohortflowError, DeliveryError

AT = datetime(2027, 3, 1, 8, tzinfo=UTC)
Write = Callable[..., Letter]


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with opened_post_office() as found:
        yield found


@pytest.mark.parametrize(
    ("fault", "state", "stops"),
    [
        ("accept", "accepted", False),
        ("202 cut off", "accepted", False),
        ("400", "refused", False),
        ("400 field", "refused", False),
        ("413", "refused", False),
        ("404", "later", True),
        ("403 sender", "later", False),
        ("401", "later", True),
        ("403", "later", True),
        ("200 sandbox", "later", True),
        ("redirect", "later", True),
        ("redirect after", "unknown", True),
        ("500", "unknown", False),
        ("503", "unknown", False),
        ("500 but accepted", "unknown", False),
        ("reset before", "unknown", False),
        ("reset after", "unknown", False),
        ("slow but accepted", "unknown", False),
        ("garbled", "unknown", False),
        ("truncated", "unknown", False),
    ],
)
def test_an_answer_means_what_the_contract_says(
    office: PostOffice, letter: Write, fault: str, state: str, stops: bool
) -> None:
    office.plan([fault])

    patience = {"timeout": IMPATIENT} if fault.startswith("slow") else {}

    outcome = office.transport(**patience).send(letter(), AT)

    assert (outcome.state, outcome.stops) == (state, stops)
    record = office.record()
    assert [each[1] for each in record["asked"]] == [fault] and record["elsewhere"] == 0


def test_what_is_wrong_is_told_by_the_name_of_its_field_alone(office: PostOffice, letter: Write) -> None:
    office.plan(["400 field", "403 sender"])

    refused, waits = (office.transport().send(letter(), AT).code for _ in range(2))

    assert refused == "400 by SendGrid (attachments.0.type)"
    assert "verify it there" in waits and "maya" not in waits


def test_a_key_from_a_file_and_an_address_with_a_path() -> None:
    assert SendGridTransport(SecretStr("SG.x\n")).mark == SendGridTransport(SecretStr("SG.x")).mark
    for key in ("SG.x\ny", "SG.\u200bx"):
        with pytest.raises(CohortflowError, match="holds a sign that no key has"):
            SendGridTransport(SecretStr(key))
    for host in (
        "https://api.sendgrid.com/v3",
        "http://127.0.0.1.evil.example",
        "api.eu.sendgrid.com",
        "https://a:99999",
    ):
        with pytest.raises(CohortflowError, match="SENDGRID_HOST: must be https:// and a name"):
            SendGridTransport(SecretStr("SG.x"), host)
    SendGridTransport(SecretStr("SG.x"), "https://api.eu.sendgrid.com/")


def test_who_asks_for_patience_gets_it(office: PostOffice, letter: Write) -> None:
    office.plan(["429", "429"])

    assert office.transport().send(letter(), AT).state == "accepted"
    assert [fault for _, fault in office.record()["asked"]] == ["429", "429", "accept"]


def test_a_server_that_is_not_there_has_surely_taken_nothing(letter: Write) -> None:
    for host in ("http://127.0.0.1:9", "https://nowhere.invalid"):
        outcome = SendGridTransport(SecretStr("SG.x"), host, timeout=2).send(letter(), AT)
        assert (outcome.state, outcome.stops) == ("later", False) and outcome.after > 0


def test_once_turned_away_no_other_letter_leaves(office: PostOffice, letter: Write) -> None:
    office.plan(["401"])
    with opened(office.transport(in_flight=1)) as window:
        found = []
        for number in range(3):
            window.put(letter(message_id=f"m{number}"), AT, time.monotonic() + 60)
            found += window.outcomes(1)

    assert [outcome.state for _, outcome in found] == ["later"] * 3
    assert len(office.record()["asked"]) == 1


def test_after_its_time_not_a_byte_leaves(office: PostOffice, letter: Write) -> None:
    office.plan([])
    with opened(office.transport()) as window:
        window.put(letter(), AT, time.monotonic() - 1)
        assert [outcome.state for _, outcome in window.outcomes(1)] == ["later"]

    assert office.record()["asked"] == []


def test_not_a_byte_leaves_where_connecting_took_too_long(office: PostOffice) -> None:
    office.plan([])
    caller = Caller(f"{office.host}/v3/mail/send", {}, seconds=5)

    with pytest.raises(NotConnected):
        asyncio.run(caller.post(b"{}", time.monotonic() - 0.001))

    assert office.record()["asked"] == []


def test_many_letters_are_on_their_way_at_once(letter: Write) -> None:
    with opened_post_office(latency=0.2) as slow:
        with opened(slow.transport(timeout=20, in_flight=50)) as window:
            for number in range(50):
                window.put(letter(message_id=f"m{number}"), AT, time.monotonic() + 60)
            assert window.room == 0 and window.outcomes() == []
            found = window.outcomes(50)
        assert {name for name, _ in found} == set(slow.record()["accepted"]) and len(found) == 50


def test_a_request_keeps_the_contract_and_tracks_nothing(letter: Write) -> None:
    card = Attachment("invitation.ics", "text/calendar", b"BEGIN:VCALENDAR", "REQUEST")
    written = letter(
        to_name="Cohen, Maya; Dr.", attachments=(card,), unsubscribe_url="https://portal.acme.example/u/abc"
    )

    body = body_of(written).decode()

    assert sendgrid_contract.complaints(body) == []
    told = json.loads(body)
    assert told["personalizations"][0]["to"] == [{"email": "maya@acme.example", "name": "Cohen Maya Dr."}]
    assert told["personalizations"][0]["custom_args"] == {"cohortflow_message_id": "a1b2c3"}
    assert told["headers"]["List-Unsubscribe"] == "<https://portal.acme.example/u/abc>"
    assert told["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told["attachments"][0]["type"] == "text/calendar; method=REQUEST"


def test_an_attachment_reads_the_same_whatever_is_said_of_its_character_set(letter: Write) -> None:
    attached = (
        Attachment("invitation.ics", "text/calendar", "SUMMARY:Einführung für André – 王".encode(), "REQUEST"),
        Attachment("report.html", "text/html", "<p>Größe</p>".encode()),
        Attachment("juergen.vcf", "text/vcard", "FN:Jürgen".encode()),
        Attachment("certificate.pdf", "application/pdf", b"%PDF"),
    )

    body = body_of(letter(attachments=attached)).decode()

    assert sendgrid_contract.complaints(body) == []
    found = [(each["type"], b64decode(each["content"]).decode()) for each in json.loads(body)["attachments"]]
    assert found == [
        ("text/calendar; method=REQUEST", "SUMMARY:Einfuehrung fuer Andre - 王"),
        ("text/html", "<p>Gr&#246;&#223;e</p>"),
        ("application/octet-stream", "FN:Jürgen"),
        ("application/pdf", "%PDF"),
    ]


def test_the_payload_is_what_the_package_makes_of_a_whole_mail(letter: Write) -> None:
    ours = letter(to_name="Dr. Maya; Cohen")
    whole = Mail(from_email=ours.sender, to_emails=To(ours.to_address, "Dr. Maya Cohen"), subject=ours.subject)
    whole.add_content(Content("text/plain", ours.text))
    whole.add_content(Content("text/html", ours.html))
    whole.add_custom_arg(CustomArg(OUR_ID, ours.message_id, p=0))

    told = {name: value for name, value in payload_of(ours).items() if name in whole.get()}

    assert told == whole.get()


def test_a_letter_that_is_none_is_never_posted(letter: Write) -> None:
    with pytest.raises(DeliveryError):
        payload_of(letter(subject="a\r\nBcc: x"))
    with pytest.raises(DeliveryError, match="30 MB"):
        body_of(letter(text="x" * 30_000_000))


def test_the_contract_sees_what_is_wrong(letter: Write) -> None:
    told = payload_of(letter())
    told["tracking_settings"]["click_tracking"]["enable"] = True
    told["personalizations"][0]["to"].append({"email": "eve@acme.example"})

    assert len(sendgrid_contract.complaints(json.dumps(told))) == 2


def test_the_key_is_shown_nowhere(office: PostOffice, letter: Write, caplog: pytest.LogCaptureFixture) -> None:
    transport = SendGridTransport(SecretStr("SG.zz-canary"), office.host, timeout=2)
    office.plan(["401"])
    with caplog.at_level(logging.DEBUG):
        outcome = transport.send(letter(), AT)

    assert "zz-canary" not in f"{vars(transport)} {transport.mark} {outcome} {caplog.text}"
    assert "maya@acme.example" not in caplog.text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "1700000009", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 9),
        ({"x-ratelimit-reset": "1600000000", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 0),
        ({"x-ratelimit-reset": "1700000009"}, 60),
        ({"x-ratelimit-reset": "soon"}, 60),
        ({"retry-after": "999999"}, 3600),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:27 GMT", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 7),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:27 GMT"}, 60),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:27 GMT", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:27 GMT", "date": "now", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "Tue, 14 Nov 1923 22:13:27 GMT", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 0),
        ({"retry-after": "soon", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "-3", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "0", "x-ratelimit-reset": "5"}, 0),
        ({"retry-after": " 7 "}, 7),
    ],
)
def test_the_wait_is_read_from_the_answer(headers: dict[str, str], seconds: int) -> None:
    assert seconds_until_reset(headers) == seconds


def test_only_202_is_accepted() -> None:
    assert [status for status in range(200, 600) if outcome_of(status, {}).state == "accepted"] == [202]
    assert {outcome_of(status, {}).state for status in range(500, 600)} == {"unknown"}


@pytest.mark.parametrize(
    ("key", "host", "told"),
    [("", "https://api.sendgrid.com", "SENDGRID_API_KEY"), ("SG.x", "http://api.acme.example", "https://")],
)
def test_a_setting_that_cannot_be_meant_is_refused(key: str, host: str, told: str) -> None:
    with pytest.raises(CohortflowError, match=told):
        SendGridTransport(SecretStr(key), host)
