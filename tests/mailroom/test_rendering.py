"""Rendering: values are only ever values, templates say only what they may, faults name their line."""

import pytest

from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.markup import both_parts
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from schemas.errors import DeliveryError, ProgramError

HEAD = "---\nsubject: {subject}\nclass: service\n---\n"


@pytest.fixture
def written(texts):
    """Stationery with one message of our own, "recruit/hello"."""

    def write(body: str, subject: str = "Hello", name: str = "recruit/hello.en.md") -> Stationery:
        layout = {key: texts[key] for key in ("layout.html", "layout.txt", "footer.en.md", "words.en.yaml")}
        return Stationery({**layout, name: HEAD.format(subject=subject) + body})

    return write


PAYLOADS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ reader.__class__ }}",
    "{{ reader['__class__'] }}",
    "{{ reader|attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.items() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__ }}",
    "{{ namespace() }}",
    "{{ range(999999999) }}",
    "{{ url_for.__globals__ }}",
    "{{ request.application }}",
    "{{ reader.name.format(reader) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ reader.name.join(lines) }}",
    "{{ lines.append('x') }}",
    "{{ program.update({}) }}",
    "{{ link|safe }}",
    "{{ lines|map('upper')|list }}",
    "{{ lines|map(attribute='__class__') }}",
    "{{ reader.name|xmlattr }}",
    "{{ 7*7 }}",
    "{{ 'x' * 200000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%s' % reader.name }}",
    "{{ '%0999999999d' % 1 }}",
    "{{ reader.name ~ reader.name }}",
    "{{ reader.name + link }}",
    "{{ -1 }}",
    "{{ [1, 2] }}",
    "{{ {'a': 1} }}",
    "{{ lines[0] }}",
    "{{ reader.name[0:3] }}",
    "{{ reader.name is defined }}",
    "{{ partners }}",
    "{{ program }}",
    "{{ 'Hello'|center(99999999) }}",
    "{% for a in range(10) %}x{% endfor %}",
    "{% for a in reader.name %}x{% endfor %}",
    "{% for a in 'xxxx' %}x{% endfor %}",
    "{% for a in lines recursive %}{{ loop(lines) }}{% endfor %}",
    "{% for a in lines %}{% for b in lines %}{% for c in lines %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for reader in lines %}x{% endfor %}",
    "{% set x = 'a' %}",
    "{% set x %}a{% endset %}",
    "{% macro m() %}x{% endmacro %}",
    "{% call m() %}x{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'layout.html' %}",
    "{% block b %}x{% endblock %}",
    "{% raw %}x",
    "{{ unknown }}",
    "{{ reader.salary }}",
    "{{ loop.index }}",
    "{{ reader.name",
    "{% if %}x{% endif %}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ '" + "x" * 600 + "' }}",
    "private \U000f0000 sign",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_templates_are_refused_unrun(written, context, payload):
    stationery = written(f"Fine so far.\n\n{payload}\n")

    faults = stationery.faults()
    with pytest.raises(ProgramError):
        stationery.render("recruit", "hello", "en", context())

    assert faults and {fault.file for fault in faults} == {"templates/recruit/hello.en.md"}


@pytest.mark.parametrize("payload", ["{{ 7*7 }}", "{{ config }}", "{% include 'x' %}"])
def test_a_subject_is_watched_as_closely(written, payload):
    assert [fault.path for fault in written("Hello", subject=payload).faults()] == ["subject"]


def test_a_fault_names_line_and_nearest_field(written):
    (fault,) = written("Line five.\n\nDear {{ reader.nam }},\n").faults()

    assert (fault.line, fault.path) == (7, "body")
    assert "did you mean 'name'?" in fault.message


def test_headers_that_lack_or_mislead_are_named(texts):
    broken = {
        "recruit/a.en.md": "Hello",
        "recruit/b.en.md": "---\nclass: service\n---\nHello",
        "recruit/c.en.md": "---\nsubject: Hi\nclass: urgent\n---\nHello",
        "recruit/d.en.md": "---\nsubject: Hi\nclass: service\ncolour: red\n---\nHello",
        "recruit/e.en.md": "---\nsubject: Hi\nclass: service\n---\n \n",
        "recruit/F.md": "---\nsubject: Hi\nclass: service\n---\nHello",
        "agendas/month_1.en.md": "- one\n{{ reader.name }}\n",
    }
    found = {
        (fault.file.removeprefix("templates/"), fault.path, fault.line)
        for fault in Stationery({**texts, **broken}).faults()
    }

    assert found == {
        ("recruit/a.en.md", "subject", 1),
        ("recruit/b.en.md", "subject", 1),
        ("recruit/c.en.md", "class", 3),
        ("recruit/d.en.md", "colour", 4),
        ("recruit/e.en.md", "body", 5),
        ("recruit/F.md", "name", 1),
        ("agendas/month_1.en.md", "agenda", 2),
    }


def test_a_missing_text_is_said_to_be_missing(stationery, context):
    with pytest.raises(ProgramError, match=r"templates/recruit/nothing\.en\.md.*is missing"):
        stationery.render("recruit", "nothing", "en", context())
    assert {fault.file for fault in Stationery({}).faults()} == {
        "templates/layout.html",
        "templates/layout.txt",
        "templates/footer.en.md",
        "templates/words.en.yaml",
    }


NAMES = [
    "{{7*7}}",
    "{% raw %}{{ 7*7 }}{% endraw %}",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**bold** _it_ `code` # x",
    "[click](https://evil.example)",
    '" onmouseover="alert(1)',
    "&lt;b&gt; & co",
    "</td></tr></table>",
    "- item",
    "$1 \\1 \\g<0> %s {0}",
    'O\'Neill "Bo"',
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_a_name_in_both_parts(stationery, context, name):
    plain = stationery.render("match", "meet_your_match", "en", context(name="Maya"))
    partner = Partner(name, "ada@acme.example", name, name, name, "mentee", (name,))
    parts = stationery.render("match", "meet_your_match", "en", context(name=name, partners=(partner,)))

    assert f"Hello {name}," in parts.text
    assert name in parts.subject
    assert "<img" not in parts.html and "<script" not in parts.html and 'onmouseover="' not in parts.html
    assert "49" not in parts.text
    assert parts.html.count("<strong") == plain.html.count("<strong")
    assert "https://evil.example" not in [piece.split('"')[0] for piece in parts.html.split('href="')[1:]]


def test_the_page_is_ascii_but_for_its_values(written, context):
    letter = written("# Grüße – für dich · {{ reader.name }} ☕\n", subject="Grüße").render(
        "recruit", "hello", "en", context(name="Zoë")
    )

    shown = "Gr&#252;&#223;e &#8211; f&#252;r dich &#183; Zoë &#9749;"
    assert shown in letter.html and letter.html.replace("Zoë", "").isascii()
    assert "Grüße – für dich · Zoë ☕" in letter.text and letter.subject == "Grüße"


def test_control_and_direction_signs_leave_the_mail(stationery, context):
    name = "Ana\r\nBcc: all@acme.example\x00\u202egpj\u2066.exe\u2028x\U000f0001\ud800"
    parts = stationery.render("match", "meet_your_match", "en", context(name=name, partners=(Partner(name),)))

    assert "Hello Ana Bcc: all@acme.example gpj.exe x," in parts.text
    assert "\r" not in parts.subject and "\n" not in parts.subject
    assert not set("\x00\u202e\u2066\u2028\U000f0001\ud800") & set(parts.text + parts.html + parts.subject)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<b>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "portal/m/1",
        'https://x.example/"onclick="x',
        "https://x.example/a b",
        "mailto:",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_stops_the_mail(stationery, context, link):
    with pytest.raises(DeliveryError, match="link") as caught:
        stationery.render("recruit", "invite", "en", context(link=link))

    assert caught.value.permanent
    assert "evil" not in str(caught.value) and "alert" not in str(caught.value)


def test_links_of_the_three_schemes_pass(stationery, context):
    for link in ("http://localhost:8080/m/1", "https://x.example/a?b=1&c=2", "mailto:owner@acme.example?subject=x"):
        parts = stationery.render("recruit", "invite", "en", context(link=link))
        assert f'href="{link.replace("&", "&amp;")}"' in parts.html
        assert link in parts.text


def test_a_value_inside_a_link_cannot_leave_it(written, context):
    stationery = written("[Write]({{ link }}?to={{ reader.name }})")
    parts = stationery.render("recruit", "hello", "en", context(name='a&b=c"d'))

    assert "/abc123?to=a%26b%3Dc%22d" in parts.html


def test_a_script_written_as_a_link_is_no_link(written, context):
    assert (
        'href="java'
        not in written("[x](javascript:{{ reader.name }})").render("recruit", "hello", "en", context()).html
    )


def test_html_written_in_a_template_is_shown_as_text(written, context):
    html = (
        written("<b onclick=x>Hi</b>\n\n![p](https://x.example/p.png)").render("recruit", "hello", "en", context()).html
    )

    assert "<b " not in html and "<img" not in html


def test_a_mail_that_grows_too_large_is_refused(stationery, context):
    for given in ({"lines": ("x" * 1000,) * 200}, {"lines": ("x",) * 6000}):
        with pytest.raises(DeliveryError) as caught:
            stationery.render("program", "cohort_held", "en", context(**given))
        assert caught.value.permanent
        assert "xxxx" not in str(caught.value)


def test_a_value_of_the_wrong_kind_names_the_line(stationery, context):
    given = {**context(), "deadline": object()}
    with pytest.raises(DeliveryError, match=r"templates/recruit/invite\.en\.md:\d+: a field holds a object"):
        stationery.render("recruit", "invite", "en", given)
    del given["deadline"]
    with pytest.raises(DeliveryError, match=r"templates/recruit/invite\.en\.md:\d+: 'deadline' is undefined"):
        stationery.render("recruit", "invite", "en", given)


def test_the_language_falls_back_to_english(texts, context):
    german = HEAD.format(subject="Hallo {{ reader.name }}") + "Bis {{ deadline }}: {{ counts.applied }}"
    stationery = Stationery({**texts, "recruit/hello.de.md": german})

    assert stationery.render("recruit", "invite", "fr", context()).language == "en"
    assert stationery.language_of("recruit", "hello", "fr") == "de"
    parts = stationery.render("recruit", "hello", "de-AT", context(language="de"))
    assert '<html lang="de"' in parts.html
    assert "Bis Freitag, 5. März 2027: 1.204" in parts.text


def test_lists_read_as_sentences_do(written, context):
    stationery = written(
        "Meet {{ partners | names }}. {% for p in partners %}{{ loop.index }} {{ p.name | upper }} {% endfor %}"
    )
    three = tuple(Partner(name) for name in ("Ana", "Bo", "Cy"))

    assert (
        "Meet Ana, Bo and Cy. 1 ANA 2 BO 3 CY"
        in stationery.render("recruit", "hello", "en", context(partners=three)).text
    )


def test_a_line_that_ends_in_a_tag_keeps_its_end(written, context):
    stationery = written("{% if deadline %}\nBy {{ deadline }}{% if n %}.{% endif %}\n{% endif %}\n\nNext.\n")

    assert "By Friday, 5 March 2027.\n\nNext." in stationery.render("recruit", "hello", "en", context()).text


def test_plain_text_keeps_the_shape_of_lists():
    _, text = both_parts(
        "# Title\n\n- one\n- two\n  - inner\n\n1. first\n2. second\n\n> said\n\n[Go](https://x.example) now\n\n---\n\nEnd"
    )

    assert text == (
        "Title\n\n- one\n- two\n  - inner\n\n1. first\n2. second\n\n> said\n\nGo (https://x.example) now\n\n---\n\nEnd"
    )


def test_files_that_are_no_texts_are_refused(tmp_path):
    folder = tmp_path / "templates"
    (folder / "recruit").mkdir(parents=True)
    (folder / "recruit" / "notes.docx").write_bytes(b"x")
    (folder / "recruit" / "fine.en.md").write_text("Hello\n")
    assert read_texts(folder) == {"recruit/fine.en.md": "Hello\n"}

    (folder / "recruit" / "link.en.md").symlink_to("/etc/passwd")
    (folder / "recruit" / "old.en.md").write_bytes("Grüße".encode("cp1252"))
    (folder / "recruit" / "big.en.md").write_text("x" * 40_000)
    with pytest.raises(ProgramError) as caught:
        read_texts(folder)
    assert [fault.file for fault in caught.value.faults] == [
        f"templates/recruit/{n}.en.md" for n in ("big", "link", "old")
    ]
