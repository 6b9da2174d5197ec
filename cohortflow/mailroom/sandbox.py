"""Jinja for mails, made narrow: a dot reads a field, a value leaves a token, and nothing can be called."""

import re
from collections.abc import Mapping, MutableSequence
from functools import lru_cache

from babel.lists import format_list
from babel.numbers import format_decimal
from jinja2 import StrictUndefined, TemplateRuntimeError, Undefined, pass_context
from jinja2.environment import Template
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cohortflow.mailroom.locales import locale_of
from cohortflow.mailroom.template_check import FILTERS
from cohortflow.mailroom.wording import plain_line

MOST_VALUES = 5_000
FIRST_TOKEN = 0xF0000
# Names no template can write, under which one mail's values and language travel with its context.
_VALUES, _LANGUAGE = " values", " language"
_TAG_ENDS_TEXT_LINE = re.compile(r"^(?!\s*(?:{%[^%]*%}\s*)+$)(.*[^-+\s])(\s*)%}$", re.MULTILINE)


class MailEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, narrower still: a dot reads a field of the context and nothing else, not even a method."""

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """Keep the end of a line that has words and ends in a tag; only lines made of tags alone leave no line."""
        return _TAG_ENDS_TEXT_LINE.sub(r"\1 +%}", super().preprocess(source, name, filename))

    def getattr(self, obj: object, attribute: str) -> object:
        """The field of that name, or an undefined value that stops the mail."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return getattr(obj, attribute) if _is_loop(obj, attribute) else self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """As a dot; a template cannot compute what it asks for."""
        return self.getattr(obj, argument if isinstance(argument, str) else "")


def _is_loop(obj: object, attribute: str) -> bool:
    return type(obj).__name__ == "LoopContext" and attribute in ("index", "first", "last", "length")


def mail_environment() -> MailEnvironment:
    """An environment whose templates render to skeletons: text in which a token stands for each value."""
    environment = MailEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_as_token, cache_size=0
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS if name in environment.filters}
    environment.filters["names"] = _names
    return environment


def layout_environment(is_html: bool) -> ImmutableSandboxedEnvironment:
    """An environment for a layout, which is run on skeletons only and never sees a value."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=is_html, cache_size=0)
    environment.globals.clear()
    return environment


def compiled(environment: MailEnvironment, source: str, file: str) -> Template:
    """The source as a template that names `file` and its line when something goes wrong."""
    code = environment.compile(source, file, file)
    return Template.from_code(environment, code, environment.make_globals(None))


def with_values(context: Mapping[str, object], values: MutableSequence[str], language: str) -> dict[str, object]:
    """The context, with the list that the mail's values are collected in."""
    return {**context, _VALUES: values, _LANGUAGE: language}


def _keep(values: MutableSequence[str], value: str) -> str:
    """Put a value on the list and return the token that stands for it."""
    if len(values) >= MOST_VALUES:
        raise TemplateRuntimeError(f"the mail names more than {MOST_VALUES} values")
    values.append(plain_line(value))
    return chr(FIRST_TOKEN + len(values) - 1)


# With the context passed in, Jinja cannot run this while compiling, when there is no mail to keep a value for.
@pass_context
def _as_token(context: Context, value: object) -> str:
    if type(value) is str:
        return _keep(context.parent[_VALUES], value)
    if type(value) is int:
        shown = str(value) if -1000 < value < 1000 else _number(value, context.parent[_LANGUAGE])
        return _keep(context.parent[_VALUES], shown)
    if isinstance(value, Undefined):
        str(value)  # raises, naming the field
    raise TemplateRuntimeError(f"a field holds a {type(value).__name__}, not text")


@lru_cache
def _number(value: int, language: str) -> str:
    return format_decimal(value, locale=locale_of(language))


@pass_context
def _names(context: Context, people: list[object]) -> str:
    """The names of people, or plain texts, as a sentence lists them: "Ana, Bo and Cy"."""
    names = [str(each["name"]) if isinstance(each, dict) else str(each) for each in people]
    return format_list(names, locale=locale_of(context.parent[_LANGUAGE])) if len(names) > 1 else "".join(names)
