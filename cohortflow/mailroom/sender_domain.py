"""What the world reads about a sender's domain: SPF, DKIM and DMARC, without which much of its mail lands in spam."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from schemas.health import Finding

SECONDS = 5.0
# What the large providers call their keys; a company may use any other name.
USUAL_SELECTORS = ("s1", "s2", "selector1", "selector2", "google", "default", "mail", "dkim", "k1")
MOST_LOOKUPS = 10
_LOOKS_UP = re.compile(r"(?<!\S)[+~?-]?(include:|redirect=|exists:|(a|mx|ptr)(?=[:/\s]|$))", re.IGNORECASE)


class Resolver(Protocol):
    """Asks the names of the world; another one can stand in for it."""

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name; none when there are none.

        Raises:
            Unanswered: nobody could be asked.
        """
        ...

    def takes_mail(self, name: str) -> bool:
        """Whether the domain says where its mail goes.

        Raises:
            Unanswered: nobody could be asked.
        """
        ...


class Unanswered(Exception):
    """The names of the world could not be asked."""


class WorldResolver:
    """The resolver of this machine."""

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each put together from its pieces."""
        return [b"".join(each.strings).decode("utf-8", "replace") for each in self._ask(name, "TXT")]

    def takes_mail(self, name: str) -> bool:
        """Whether the domain has an MX record that names a server."""
        return any(str(each.exchange) != "." for each in self._ask(name, "MX"))

    def _ask(self, name: str, kind: str) -> list[Any]:
        # Loaded when it is asked: no other command needs it.
        import dns.exception
        import dns.resolver

        try:
            return list(dns.resolver.resolve(name, kind, lifetime=SECONDS))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(type(error).__name__) from None


def domain_findings(domain: str, resolver: Resolver, selectors: Sequence[str] = ()) -> list[Finding]:
    """How the world may know that a domain's mail is its own, with what to do where it may not."""
    looks = (_spf, lambda d, r: _dkim(d, r, selectors), _dmarc, _answers)
    found: list[Finding] = []
    try:
        for look in looks:
            found += look(domain, resolver)
    except Unanswered as error:
        cure = "run this where names can be resolved, or ask whoever keeps the network"
        found.append(Finding(f"names of {domain}", "warn", f"could not be looked up ({error})", cure))
    return found


def _spf(domain: str, resolver: Resolver) -> Iterator[Finding]:
    name = f"SPF of {domain}"
    records = [each for each in resolver.texts(domain) if re.match(r"v=spf1(\s|$)", each, re.IGNORECASE)]
    if not records:
        cure = f"publish a TXT record at {domain}, such as: v=spf1 include:<what your provider names> -all"
        yield Finding(name, "fail", "there is none, so nobody knows which servers may send in its name", cure)
    elif len(records) > 1:
        yield Finding(name, "fail", f"there are {len(records)}, and then none counts", "merge them into one record")
    elif re.search(r"\s\+?all\b", records[0], re.IGNORECASE):
        yield Finding(name, "fail", "lets the whole world send in its name", "end the record with ~all or -all")
    elif len(_LOOKS_UP.findall(records[0])) > MOST_LOOKUPS:
        cure = "take out includes that are no longer used"
        yield Finding(name, "fail", f"asks for more than {MOST_LOOKUPS} look-ups, and then it does not count", cure)
    elif not re.search(r"\s[~-]all\b|redirect=", records[0], re.IGNORECASE):
        yield Finding(name, "warn", "says nothing of all other servers", "end the record with ~all or -all")
    else:
        yield Finding(name, "ok", "says which servers may send in its name")


def _dkim(domain: str, resolver: Resolver, selectors: Sequence[str]) -> Iterator[Finding]:
    name, asked = f"DKIM of {domain}", tuple(selectors) or USUAL_SELECTORS
    keys = {each: key for each in asked if (key := _key(resolver.texts(f"{each}._domainkey.{domain}"))) is not None}
    sound = sorted(each for each, key in keys.items() if key)
    if sound:
        yield Finding(name, "ok", f"has a key under {', '.join(sound)}")
    elif keys:
        cure = "publish the new key your provider shows you"
        yield Finding(name, "fail", f"the key under {', '.join(sorted(keys))} is withdrawn", cure)
    else:
        where = "COHORTFLOW_DKIM_SELECTORS" if not selectors else "your provider's page"
        cure = f"publish the key your provider shows you; if it lies under another name, see {where}"
        verdict = "fail" if selectors else "warn"
        yield Finding(name, verdict, f"no key found under {', '.join(asked)}", cure)  # type: ignore[arg-type]


def _key(records: list[str]) -> str | None:
    """The public key of a record; empty when it was withdrawn, None when there is none."""
    found = (re.search(r"(?:^|;)\s*p\s*=\s*([^;]*)", each) for each in records)
    return next((match[1].strip() for match in found if match), None)


def _dmarc(domain: str, resolver: Resolver) -> Iterator[Finding]:
    name = f"DMARC of {domain}"
    for place in _upwards(domain):
        records = [each for each in resolver.texts(f"_dmarc.{place}") if re.match(r"v=DMARC1\b", each)]
        if len(records) > 1:
            yield Finding(name, "fail", f"there are {len(records)}, and then none counts", "keep one record")
            return
        if records:
            # What a domain above says of its own mail need not hold for those below it (RFC 7489, 6.3).
            own, below = (re.search(rf"(?:^|;)\s*{tag}\s*=\s*(\w+)", records[0]) for tag in ("p", "sp"))
            policy = below if below and place != domain else own
            yield _policy(name, policy[1].lower() if policy else "", place)
            return
    cure = f"publish a TXT record at _dmarc.{domain}, to begin with: v=DMARC1; p=none; rua=mailto:<who reads it>"
    yield Finding(name, "fail", "there is none; large mailbox providers refuse much mail without it", cure)


def _policy(name: str, policy: str, place: str) -> Finding:
    if policy in ("quarantine", "reject"):
        return Finding(name, "ok", f"{place} asks the world to {policy} what is forged")
    if policy == "none":
        cure = "when its reports show nothing of your own failing, write p=quarantine"
        return Finding(name, "warn", f"{place} only watches (p=none)", cure)
    return Finding(name, "fail", f"the record of {place} has no policy", "write p=none, p=quarantine or p=reject")


def _upwards(domain: str) -> Iterator[str]:
    """The domain, then what it belongs to, down to two names."""
    parts = domain.split(".")
    yield from (".".join(parts[at:]) for at in range(max(1, len(parts) - 1)))


def _answers(domain: str, resolver: Resolver) -> Iterator[Finding]:
    name = f"mail to {domain}"
    if resolver.takes_mail(domain):
        yield Finding(name, "ok", "has a server that takes answers and bounces")
    else:
        cure = "send from a domain with an MX record, or set reply_to in the programs to one"
        yield Finding(name, "warn", "no server takes it, so answers and bounces are lost", cure)
