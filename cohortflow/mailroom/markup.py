"""One Markdown text, two parts: HTML for the eye and plain text with the same words."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False})
    # Indentation inside a template's loop is no program listing, and a picture would be fetched from elsewhere.
    parser.disable(["code", "fence", "html_block", "html_inline", "image", "reference", "autolink"])
    # Where a value will stand there is a sign for private use, which must not be percent-encoded. What may stand
    # in a link is decided when the value is known.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.core.ruler.push("shape_mail", _shape_mail)
    return parser


def _shape_mail(state: StateCore) -> None:
    """A link alone in its paragraph is the action; the page's only h1 is the layout's, so headings start at h2."""
    for opening, content in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "paragraph_open" and _is_sole_link(content.children or []):
            opening.attrSet("class", "action")
            (content.children or [])[0].attrSet("class", "button")
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close") and token.tag == "h1":
            token.tag = "h2"


def _is_sole_link(children: Sequence[Token]) -> bool:
    kinds = [child.type for child in children]
    return len(kinds) > 2 and kinds[0] == "link_open" and kinds.index("link_close") == len(kinds) - 1


_PARSER = _parser()
_HTML = RendererHTML(_PARSER)


def both_parts(markdown: str) -> tuple[str, str]:
    """The HTML and the plain text of one Markdown source."""
    tokens = _PARSER.parse(markdown)
    return _HTML.render(tokens, _PARSER.options, {}), _text(tokens)


def _text(tokens: Sequence[Token]) -> str:
    blocks: list[tuple[str, bool]] = []  # each with whether it belongs tightly to the one before
    markers: list[str] = []
    numbers: list[int | None] = []
    is_tight = was_tight = False
    for token in tokens:
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                was_tight = was_tight and bool(numbers)
                numbers.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)
            case "ordered_list_close" | "bullet_list_close":
                numbers.pop()
            case "list_item_open":
                markers.append(_marker(numbers))
            case "list_item_close":
                markers.pop()
            case "blockquote_open":
                markers.append("> ")
            case "blockquote_close":
                markers.pop()
            case "hr":
                blocks.append(("---", False))
            case "paragraph_open":
                is_tight = token.hidden and was_tight
                was_tight = token.hidden
            case "heading_open":
                is_tight = was_tight = False
            case "inline":
                blocks.append((_indented(_words(token.children or []), markers), is_tight))
                markers = [" " * len(marker) if marker != "> " else marker for marker in markers]
    return "".join(("\n" if tight else "\n\n") + block for block, tight in blocks).strip("\n")


def _marker(numbers: list[int | None]) -> str:
    number = numbers[-1]
    if number is None:
        return "- "
    numbers[-1] = number + 1
    return f"{number}. "


def _indented(words: str, markers: Sequence[str]) -> str:
    first = "".join(markers)
    rest = "".join(marker if marker == "> " else " " * len(marker) for marker in markers)
    return first + words.replace("\n", "\n" + rest)


def _words(children: Sequence[Token]) -> str:
    """The words of a line; the address of a link follows its text, on a line of its own when the link is the action."""
    out: list[str] = []
    link = ""
    for child in children:
        match child.type:
            case "softbreak":
                out.append(" ")
            case "hardbreak":
                out.append("\n")
            case "link_open":
                link, begin = str(child.attrs["href"]), len(out)
                is_action = child.attrs.get("class") == "button"
            case "link_close":
                shown = "".join(out[begin:])
                if is_action:
                    out.append(f":\n{link}")
                elif not _says_itself(shown, link):
                    out.append(f" ({link.removeprefix('mailto:')})")
            case _:
                out.append(child.content)
    return "".join(out)


def _says_itself(shown: str, link: str) -> bool:
    """Whether the text of a link already is the address: the same words, or one value shown and one mailed to."""
    return link.removeprefix("mailto:") == shown or (link.startswith("mailto:") and len(shown) == 1)
