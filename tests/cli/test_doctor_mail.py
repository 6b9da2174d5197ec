"""`cohortflow doctor mail`: whether mail can leave, told with what to do."""

import json
import socket

import pytest
from scene_files import COMPANY, write_configuration

from cohortflow.cli.doctor_mail import knock_at, mail_findings
from schemas.settings import Settings


class NoNames:
    def texts(self, name):
        return []

    def takes_mail(self, name):
        return False


def look(home, environment=None, knock=lambda host, port: None, **given):
    settings = Settings(home=home, program_dir=home / "program_configs", **given)
    found = mail_findings(settings, NoNames(), knock, environment or {})
    return {each.name: each for each in found}


@pytest.fixture
def home(tmp_path):
    write_configuration(tmp_path, company=COMPANY.replace("mentoring@acme.example", "mentoring@acme.com"))
    return tmp_path


def test_an_outbox_is_well_and_says_that_nothing_leaves(home):
    found = look(home)

    assert (found["transport"].verdict, "none leaves" in found["transport"].sentence) == ("ok", True)
    assert found["operator"].verdict == "warn" and "COHORTFLOW_OPERATOR" in found["operator"].cure


def test_every_program_s_sender_is_looked_up(home):
    found = look(home, operator="ops@acme.com")

    assert found["SPF of acme.com"].verdict == found["DMARC of acme.com"].verdict == "fail"
    assert found["operator"].verdict == "ok"


def test_a_made_up_domain_is_not_looked_up(tmp_path):
    write_configuration(tmp_path)

    assert "made-up domain" in look(tmp_path)["sender acme.example"].sentence


@pytest.mark.parametrize(
    ("mail", "named", "verdict"),
    [
        ("smtp://user:secret-word@mail.acme.com", "SMTP server", "fail"),
        ("sendgrid", "SendGrid", "fail"),
        ("pigeon:x", "transport", "fail"),
    ],
)
def test_a_server_that_does_not_answer_is_told_without_its_password(home, mail, named, verdict):
    found = look(home, mail=mail, knock=lambda host, port: "Connection refused")

    assert found[named].verdict == verdict and found[named].cure
    assert "secret-word" not in str(found)


@pytest.mark.parametrize(
    ("mail", "host", "named"),
    [
        ("smtp://user:p[w@host:25", "", "SMTP server"),
        ("smtp://host:99999", "", "SMTP server"),
        ("sendgrid", "api.eu.sendgrid.com", "SendGrid"),
        ("sendgrid", "https://a:99999", "SendGrid"),
    ],
)
def test_an_address_that_is_none_is_told(home, mail, host, named):
    found = look(home, {"SENDGRID_HOST": host}, mail=mail)

    assert (found[named].verdict, "names no server" in found[named].sentence) == ("fail", True)
    assert found[named].cure.startswith(("write smtp://", "write https://"))


@pytest.mark.parametrize(
    ("portal", "verdict"),
    [
        ("http://127.0.0.1:8080", "fail"),
        ("http://mentoring.acme.example", "warn"),
        ("https://mentoring.acme.example", "ok"),
    ],
)
def test_links_must_lead_somewhere_as_soon_as_mail_leaves(home, portal, verdict):
    assert look(home, mail="smtp://mail.acme.com", portal_url=portal)["links"].verdict == verdict
    assert "links" not in look(home, portal_url=portal)


def test_a_key_is_looked_for_and_never_shown(home):
    assert look(home, mail="sendgrid")["SendGrid key"].verdict == "warn"
    found = look(home, {"SENDGRID_API_KEY": "SG.zz-canary-key"}, mail="sendgrid")
    assert found["SendGrid key"].verdict == "ok" and "zz-canary" not in str(found)


def test_a_port_is_really_knocked_at():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert knock_at("127.0.0.1", port) is None
    assert knock_at("127.0.0.1", port)


def test_the_command_tells_it_to_people_and_to_programs(run, monkeypatch, tmp_path):
    write_configuration(tmp_path)
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))

    shown, told = run("doctor", "mail"), run("doctor", "mail", "--json")

    assert shown.exit_code == told.exit_code == 0
    assert "ok    transport: mail is written as files" in shown.stdout
    assert {each["name"] for each in json.loads(told.stdout)} == {"transport", "operator", "sender acme.example"}
    assert run("doctor", "teeth").exit_code == 1
