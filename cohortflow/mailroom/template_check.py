"""What a template may say: the fields of the contract, loops over them, conditions, a few filters. Nothing else."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from jinja2 import Environment, TemplateSyntaxError, nodes

from schemas.errors import Fault

FILTERS = frozenset({"names", "length", "first", "last", "lower", "upper", "capitalize"})
MOST_NESTED_LOOPS = 2
LONGEST_CONSTANT = 500
_LOOP = dict.fromkeys(("index", "first", "last", "length"))
_VALUE_NODES = (nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand)
_UNKNOWN = object()

_WHY = {
    nodes.Call: "calls are not allowed in a mail",
    nodes.Sub: "'-' is read as minus; a field is named with a dot: {{ reader.name }}",
    nodes.BinExpr: "arithmetic is not allowed in a mail; use fields, conditions and loops only",
    nodes.Getitem: "brackets are not allowed in a mail; write a loop, {% for partner in partners %}, or `| first`",
    nodes.Include: "a mail cannot include another file",
    nodes.Import: "a mail cannot import another file",
    nodes.FromImport: "a mail cannot import another file",
    nodes.Extends: "a mail cannot extend another file; the layout is added by itself",
}

# What Jinja says of a slip, and what somebody who does not program can do about it.
_SLIPS = {
    r"needs to be closed is '(if|for)'": "has a {% THIS ... %} that is never closed; write {% endTHIS %} where it ends",
    r"expected 'end of print statement'": "has a {{ that is never closed; write }} after the field",
    r"expected 'end of statement block'": "has a {% that is never closed; write %} at its end",
    r"got 'end of \w+ (?:block|statement)'": "has a tag that says too little; write for example {{ reader.name }}",
    r"unknown tag '(end(?:if|for))'": "has an {% THIS %} that closes nothing; remove it, or write what it closes",
    r"unknown tag '(else|elif)'": "has an {% THIS %} outside a condition; write its {% if ... %} before it",
    r"token 'end of print statement'": "has two fields in one tag; write each by itself: {{ reader.name }}",
    r"token 'end of statement block'": "has a tag with a word too many; write for example {% if deadline %}",
    r"token '(in)'": "has a loop without THIS; write {% for partner in partners %}",
    r"unexpected char (.+) at \d+": "has the sign THIS in a tag, where it means nothing; write {{ reader.name }} alone",
    r"unknown tag '(\w+)'": "has a tag that does not exist (got 'THIS'); there are if, elif, else, endif, for, endfor",
}


def template_faults(
    environment: Environment, source: str, fields: Mapping[str, object], *, file: str, path: str, line: int = 1
) -> list[Fault]:
    """Everything in the source that is not allowed, found without running any of it.

    Only the parsed tree is looked at: compiling would already work out `'x' * 200000000`.

    Args:
        line: the line of `file` on which the source begins.
    """
    if any("\ue000" <= sign <= "\uf8ff" or sign >= "\U000f0000" for sign in source):
        return [Fault(file, line, 1, path, "holds characters for private use; remove them")]
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as problem:
        return [Fault(file, line + problem.lineno - 1, 1, path, _in_words(problem.message or ""))]
    except RecursionError:
        return [Fault(file, line, 1, path, "is nested too deeply")]
    reader = _Reader()
    reader.read(tree, dict(fields), depth=0)
    return [Fault(file, line + at - 1, 1, path, message) for at, message in reader.found]


class _Reader:
    """Walks the tree of one template and collects what it may not say; `scope` is what names mean at that place."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def refuse(self, node: nodes.Node, message: str) -> object:
        self.found.append((node.lineno, message))
        return _UNKNOWN

    def read(self, node: nodes.Node, scope: Mapping[str, object], depth: int) -> None:
        """Check a statement and all below it."""
        if isinstance(node, nodes.Template | nodes.Output):
            for child in node.iter_child_nodes():
                self.read(child, scope, depth)
        elif isinstance(node, nodes.If):
            self.shape(node.test, scope)
            for child in [*node.body, *node.elif_, *node.else_]:
                self.read(child, scope, depth)
        elif isinstance(node, nodes.For):
            self.loop(node, scope, depth + 1)
        elif isinstance(node, nodes.TemplateData):
            return
        elif isinstance(node, nodes.Expr):
            self.output(node, scope)
        else:
            self.refuse(node, _reason(node))

    def output(self, node: nodes.Expr, scope: Mapping[str, object]) -> None:
        shape = self.shape(node, scope)
        if isinstance(shape, list):
            self.refuse(node, "is a list; write a loop over it, or `| names`")
        elif isinstance(shape, dict):
            self.refuse(node, f"has several fields; name one of {', '.join(sorted(shape))}")

    def loop(self, node: nodes.For, scope: Mapping[str, object], depth: int) -> None:
        shape = self.shape(node.iter, scope)
        if depth > MOST_NESTED_LOOPS:
            self.refuse(node, f"more than {MOST_NESTED_LOOPS} loops inside each other")
        if node.recursive or not isinstance(node.target, nodes.Name):
            self.refuse(node, "write a plain loop: {% for partner in partners %}")
            return
        if node.target.name in scope or node.target.name.startswith("_"):
            self.refuse(node, f"'{node.target.name}' means something already; give the loop's name another")
        if shape is not _UNKNOWN and not isinstance(shape, list):
            self.refuse(node, "loops go over lists only, such as partners or lines")
        inner = {**scope, node.target.name: shape[0] if isinstance(shape, list) else _UNKNOWN, "loop": _LOOP}
        if node.test is not None:
            self.shape(node.test, inner)
        for child in node.body:
            self.read(child, inner, depth)
        for child in node.else_:
            self.read(child, scope, depth)

    def shape(self, node: nodes.Node, scope: Mapping[str, object]) -> object:
        """What an expression holds, in the terms of `FIELDS`; refuses what the contract does not know."""
        match node:
            case nodes.Const():
                long = isinstance(node.value, str) and len(node.value) > LONGEST_CONSTANT
                return self.refuse(node, "the quoted text is too long") if long else None
            case nodes.Name():
                return scope[node.name] if node.name in scope else self.refuse(node, _unknown(node.name, scope))
            case nodes.Getattr():
                return self.attribute(node, scope)
            case nodes.Filter():
                return self.filtered(node, scope)
            case _ if isinstance(node, _VALUE_NODES):
                for child in _parts(node):
                    self.shape(child, scope)
                return None
        return self.refuse(node, _reason(node))

    def attribute(self, node: nodes.Getattr, scope: Mapping[str, object]) -> object:
        holder = self.shape(node.node, scope)
        if isinstance(holder, dict):
            return holder[node.attr] if node.attr in holder else self.refuse(node, _unknown(node.attr, holder))
        return (
            holder if holder is _UNKNOWN else self.refuse(node, f"'{node.attr}' is asked of something without fields")
        )

    def filtered(self, node: nodes.Filter, scope: Mapping[str, object]) -> object:
        if node.node is None or node.args or node.kwargs or node.name not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            return self.refuse(node, f"'| {node.name}' is not allowed so; the filters are {known}, without arguments")
        shape = self.shape(node.node, scope)
        if node.name in ("first", "last", "names", "length") and shape is not _UNKNOWN and not isinstance(shape, list):
            return self.refuse(node, f"'| {node.name}' is for lists only")
        return shape[0] if node.name in ("first", "last") and isinstance(shape, list) else None


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    return node.iter_child_nodes()


def _reason(node: nodes.Node) -> str:
    special = next((text for kind, text in _WHY.items() if isinstance(node, kind)), None)
    return special or f"{type(node).__name__.lower()} is not allowed in a mail; use fields, conditions and loops only"


def _in_words(slip: str) -> str:
    """What Jinja cannot read, and the cure, without its own terms."""
    for pattern, told in _SLIPS.items():
        if found := re.search(pattern, slip):
            return told.replace("THIS", found[1]) if found.groups() else told
    return f"cannot be read ({slip}); write fields, conditions and loops only, such as {{{{ reader.name }}}}"


def _unknown(name: str, known: Mapping[str, object]) -> str:
    if isinstance(known.get(f"{name}s"), list):
        return (
            f"'{name}' is not known here, for there may be several; write {{{{ {name}s | names }}}}, or a loop: "
            f"{{% for {name} in {name}s %}}{{{{ {name}.name }}}}{{% endfor %}}"
        )
    near = get_close_matches(name, known, 1)
    cure = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(known))}"
    return f"'{name}' is not known here; {cure}"
