"""Mistakes of a text that keep it from being YAML, and the traps of YAML itself."""

from functools import partial

from programs.broken.cases import Case
from programs.broken.good import APPLY

_PURPOSE = "purpose: Prepare first-time managers; raise internal promotion and retention"
_form = partial(Case, file=APPLY)

TRAPS = [
    Case("at_risk: [", "§on: true\nat_risk: [", "is an unknown key"),
    Case("version: 1", "version: 1\n§version: 1", "is written twice, first on line 2"),
    Case("trial: { until", "trial: { until: 1 week after start, §until", "is written twice"),
    Case("matching:\n", "matching: §&rules\n", "is named for repeating (&rules)"),
    Case(_PURPOSE, "purpose: §*name", "repeats another place (*name)", _PURPOSE),
    Case(_PURPOSE, "purpose: §!!python/object/apply:os.system [ls]", "has a tag", _PURPOSE),
    Case(_PURPOSE, "purpose: §!secret the purpose", "has a tag (!secret)"),
    Case("trial: { until", "trial: { §<<: { style: free }, until", "is an unknown key"),
    Case("measure:\n", "§---\nmeasure:\n", "delete the line of three dashes"),
    Case("measure:\n", "§...\nmeasure:\n", "delete the dots", "measure:\n"),
    Case("measure:\n", "? §[a, b]\n: c\nmeasure:\n", "stands where a key belongs", "measure:\n"),
    Case("version: 1", "§%YAML 9.9\n---\nversion: 1", "delete this line", "version: 1"),
    Case(_PURPOSE, "purpose: Prepare§\x07 managers", "cannot be seen (code 0x7)"),
    Case(_PURPOSE, "purpose: Prepare§\x00 managers", "cannot be seen (code 0x0)"),
    Case(_PURPOSE, "purpose: Prepare§\x85managers", "cannot be seen (code 0x85)"),
    Case(_PURPOSE, "purpose: " + "[" * 20 + "§" + "[" * 10 + "]" * 30, "more than 20 deep", _PURPOSE),
]
SLIPS = [
    Case("  recruit:\n    opens", "  recruit:\n§\topens", "a tab stands where YAML wants spaces", "  recruit:\n    opens"),
    Case("    opens: 8 weeks", "  §\topens: 8 weeks", "replace it with two spaces"),
    Case(_PURPOSE, "purpose: Prepare§: managers", "put the text in quotes"),
    Case(_PURPOSE, "purpose: §@home", "a value cannot begin with '@'; put it in quotes"),
    Case(_PURPOSE, "purpose: §%home", "a value cannot begin with '%'"),
    Case(_PURPOSE, "purpose: §`home`", "a value cannot begin with '`'"),
    Case(_PURPOSE, "purpose: *§ all of us", "a value cannot begin with '*'"),
    Case(_PURPOSE, "purpose: 'Prepare people'§s careers'", "text goes on after the closing quote", 'purpose: "Prepare people\'s careers"'),
    Case(_PURPOSE, 'purpose: "Prepare" §managers', "text goes on after the closing quote", "purpose: Prepare managers"),
    Case(_PURPOSE, "purpose: §'Prepare managers", "is never closed"),
    Case(_PURPOSE, 'purpose: §"Prepare managers', "is never closed"),
    Case(_PURPOSE, 'purpose: "C:§\\people"', "a backslash means a special sign", "purpose: 'C:\\people'"),
    Case("approvers: [dana.reyes@acme.example, jo.lang@acme.example]", "approvers: §[dana.reyes@acme.example, jo.lang@acme.example", "is never closed"),
    Case("approvers: [dana", "approvers: §[[dana", "is never closed", "approvers: [dana"),
    Case("2027-spring: { starts: 2027-03-01, ends: 2027-08-27, seats: 60 }", "2027-spring: §{ starts: 2027-03-01, ends: 2027-08-27, seats: 60", "is never closed"),
    Case("seats: 60 }", "seats: 60 }§}", "a bracket closes here that nothing opened; delete it"),
    Case("starts: 2027-03-01, ends", "starts: 2027-03-01 ends§", "a comma, a colon or a closing bracket is missing here", "starts: 2027-03-01, ends"),
    Case("starts: 2027-03-01, ends", "§starts:, ends", "no value stands after the colon", "starts: 2027-03-01, ends"),
    Case("type: one_on_one", "§type:one_on_one", "no key stands on this line", "type: one_on_one"),
    Case("type: one_on_one", "§type one_on_one", "write key: value, with a space after the colon", "type: one_on_one"),
    Case("type: one_on_one", " §type: one_on_one", "put no space before it, as on line 3", "type: one_on_one"),
    Case("    closes: 3 weeks", "   §closes: 3 weeks", "put 4 spaces before it", "    closes: 3 weeks"),
    Case("    form: apply", "      §form: apply", "put 4 spaces before it", "    form: apply"),
    Case("    every: 4 weeks", "    every: §- 4 weeks", "a list cannot begin on the line of its key", "    every: 4 weeks"),
    Case("    - in_file", "   §- in_file", "put 4 spaces before it", "    - in_file"),
    _form("  about_me:\n", "  §about_me\n", "no key stands on this line", "  about_me:\n"),
    _form('"How sure are you?', '"How sure "§are" you?', "text goes on after the closing quote", '"How sure are you?'),
]  # fmt: skip
