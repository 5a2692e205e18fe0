"""HTML from functions: whatever is no markup already is escaped, so that nothing that somebody typed becomes any."""

from __future__ import annotations

from html import escape

_VOID = {"input", "meta", "hr", "br", "link"}


class Html(str):
    """Text that is markup."""

    __slots__ = ()


Node = Html | str | int | None


def tag(name: str, /, *inside: Node, **attributes: str | int | bool | None) -> Html:
    """`tag("a", "see", href="/x")`; `class_` and `for_` are spelled so, `_` in others is `-`; True is a bare attribute, None and False none."""
    said = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False)
    return Html(f"<{name}{said}>" if name in _VOID else f"<{name}{said}>{many(*inside)}</{name}>")


def _attribute(key: str, value: str | int | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def many(*nodes: Node) -> Html:
    """One after the other."""
    return Html("".join(node if isinstance(node, Html) else escape(str(node)) for node in nodes if node is not None))


def table(caption: str, head: list[str], rows: list[list[Node]]) -> Html:
    """A table that a screen reader can say: a caption, and heads with their scope."""
    if not rows:
        return tag("p", f"{caption}: none.", class_="soft")
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", *(tag("th", text, scope="col") for text in head))),
            tag("tbody", *(tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)),
        ),
        class_="wide",
        tabindex=0,
        role="region",
        aria_label=caption,
    )
