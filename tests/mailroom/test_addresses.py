"""Addresses and names that people really have, and those that attackers write: what comes in, and what goes out."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from cohortflow.mailroom.addresses import is_address, reason_not_to_mail
from cohortflow.mailroom.letters import eml
from cohortflow.mailroom.wording import plain_line
from schemas.errors import DeliveryError
from schemas.phrases import Unclear
from schemas.words import _address, _sender
from tasks.roster_cells import needs_smtputf8, read_address

AT = datetime(2027, 2, 15, 8, tzinfo=UTC)
NAMES = [
    "Ng", "O'Neill; DROP", "Souza, Ada", 'Ada "the first" Souza', "Ada \\ Souza", "Jürgen <x@evil.example>", "久美子",
    "Ζωή Παπαδοπούλου", "محمد", "👩‍🔬 Ada", "=?utf-8?b?QmNj?=", "a@b.example", "Ada: Souza", "x" * 300, "  Ada  Souza  ",
    "Ada (comment) Souza", "Ada.Souza", "-Ada", "undisclosed-recipients:;",
]  # fmt: skip
HIDDEN = ["Ada\r\nBcc: x@evil.example", "Ada\x00", "gpj.\u202eexe", "Ada\u2028Bcc", "Ada\u200f", "Ada\x7f", "Ada\x85"]
SMTPUTF8 = ["jürgen@acme.example", "久美子@acme.example", "δοκιμή@acme.example", "ada🎓@acme.example"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_a_person_has_reaches_the_reader_whole(letter, name):
    mail = message_from_bytes(eml(letter(to_name=plain_line(name)), AT), policy=default)

    (reader,) = mail["To"].addresses
    assert (reader.addr_spec, mail["Bcc"], mail["Cc"]) == ("maya@acme.example", None, None)
    assert reader.display_name == " ".join(name.split())


@pytest.mark.parametrize("name", HIDDEN)
def test_what_hides_in_a_name_is_refused_in_a_header_and_taken_out_of_a_mail(letter, name):
    with pytest.raises(DeliveryError):
        eml(letter(to_name=name), AT)

    assert len(message_from_bytes(eml(letter(to_name=plain_line(name)), AT), policy=default)["To"].addresses) == 1


@pytest.mark.parametrize("address", SMTPUTF8)
def test_letters_before_the_at_are_refused_with_the_reason(letter, address):
    assert read_address(address) is None and needs_smtputf8(address)
    with pytest.raises(DeliveryError, match=r"before the @ .* \(SMTPUTF8\)") as caught:
        eml(letter(to_address=address), AT)
    assert caught.value.permanent and address not in str(caught.value)
    with pytest.raises(Unclear, match="letters before the @"):
        _address(address)


@pytest.mark.parametrize(
    ("written", "mailed"),
    [
        ("ada@größe.example", "ada@xn--gre-6ka8i.example"),
        ("Ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@例え.example", "ada@xn--r8jz45g.example"),
    ],
)
def test_a_domain_is_written_as_the_post_writes_it(written, mailed):
    assert read_address(written) == mailed and is_address(mailed)
    assert _address(written).lower() == mailed
    assert _sender(f"Acme Mentoring <{written}>").lower() == f"acme mentoring <{mailed}>"
    assert reason_not_to_mail(written) == "has a domain that is not written as the post writes it (punycode)"


@pytest.mark.parametrize(
    "address", ["ada@-a.example", "ada@a..b", "ada@xn--a.example\u202e", "ada@ex\u200bample.example"]
)
def test_a_domain_that_cannot_be_is_refused_everywhere(letter, address):
    assert read_address(address) is None or is_address(read_address(address))
    with pytest.raises(DeliveryError):
        eml(letter(to_address=address), AT)
