"""What the world reads about a sender's domain, from a resolver that stands in for the world."""

import pytest

from cohortflow.mailroom.sender_domain import Unanswered, domain_findings

SOUND = {
    "acme.com": ["google-site-verification=x", "v=spf1 include:sendgrid.net -all"],
    "s1._domainkey.acme.com": ["k=rsa; t=s; p=MIGfMA0"],
    "_dmarc.acme.com": ["v=DMARC1; p=reject; rua=mailto:x@acme.com"],
}


class Names:
    """Names with their TXT records, by heart."""

    def __init__(self, texts, mail=True):
        self.known, self.mail = texts, mail

    def texts(self, name):
        return self.known.get(name, [])

    def takes_mail(self, name):
        return self.mail


def verdicts(changed, domain="acme.com", mail=True, selectors=()):
    found = domain_findings(domain, Names({**SOUND, **changed}, mail), selectors)
    return {each.name.split()[0]: each for each in found}


def test_a_sound_domain_has_nothing_to_mend():
    assert {each.verdict for each in verdicts({}).values()} == {"ok"}


@pytest.mark.parametrize(
    ("records", "verdict", "told"),
    [
        ([], "fail", "there is none"),
        (["v=spf1 -all", "v=spf1 a ~all"], "fail", "there are 2"),
        (["v=spf1 include:x +all"], "fail", "lets the whole world"),
        (["v=spf1 all"], "fail", "lets the whole world"),
        (["v=spf1 include:x"], "warn", "says nothing of all other servers"),
        (["v=spf1 include:x ?all"], "warn", "says nothing of all other servers"),
        (["v=spf1 " + "include:x " * 11 + "-all"], "fail", "more than 10 look-ups"),
        (["v=spf1 redirect=_spf.acme.com"], "ok", "says which"),
        (["v=spf1 " + "include:spf.acme.com ip4:10.0.0.1 " * 6 + "a mx:x a/24 -all"], "ok", "says which"),
        (["v=spf10 -all"], "fail", "there is none"),
    ],
)
def test_spf_is_read_as_receivers_read_it(records, verdict, told):
    found = verdicts({"acme.com": records})["SPF"]

    assert found.verdict == verdict and told in found.sentence
    assert bool(found.cure) is (verdict != "ok")


def test_a_key_is_found_under_any_selector_that_was_named():
    keys = {"s1._domainkey.acme.com": [], "mentoring._domainkey.acme.com": ["v=DKIM1; p=MIGf"]}

    assert verdicts(keys)["DKIM"].verdict == "warn"
    assert verdicts(keys, selectors=("mentoring",))["DKIM"].sentence == "has a key under mentoring"
    assert verdicts({}, selectors=("other",))["DKIM"].verdict == "fail"
    assert "withdrawn" in verdicts({"s1._domainkey.acme.com": ["v=DKIM1; p="]})["DKIM"].sentence


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([], "fail"),
        (["v=DMARC1; p=none"], "warn"),
        (["v=DMARC1; rua=mailto:x"], "fail"),
        (["v=DMARC1; p=Reject"], "ok"),
    ],
)
def test_dmarc_is_read_as_receivers_read_it(records, verdict):
    assert verdicts({"_dmarc.acme.com": records})["DMARC"].verdict == verdict


def test_a_subdomain_is_covered_by_the_policy_above_it():
    found = verdicts({"mail.acme.com": ["v=spf1 a -all"]}, domain="mail.acme.com")

    assert (found["DMARC"].verdict, found["DMARC"].sentence) == (
        "ok",
        "acme.com asks the world to reject what is forged",
    )


def test_what_a_domain_above_says_of_those_below_it_counts_for_them():
    found = domain_findings("mail.acme.com", Names({"_dmarc.acme.com": ["v=DMARC1; p=reject; sp=none"]}))

    assert [each.sentence for each in found if each.name.startswith("DMARC")] == ["acme.com only watches (p=none)"]


def test_a_domain_without_a_server_loses_answers():
    assert verdicts({}, mail=False)["mail"].verdict == "warn"


def test_a_network_without_names_is_told_and_stops_nothing():
    class Silence:
        def texts(self, name):
            raise Unanswered("LifetimeTimeout")

        takes_mail = texts

    (found,) = domain_findings("acme.com", Silence())

    assert (found.verdict, "LifetimeTimeout" in found.sentence) == ("warn", True)
