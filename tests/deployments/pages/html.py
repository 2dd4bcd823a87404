"""Reads a page as far as tests look at it, and fails where it is not well-formed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img"}
SVG_EMPTY = {"rect", "line", "path", "circle"}


@dataclass
class Html(HTMLParser):
    """`fields` are the values of the controls by name; `text` is all that people read."""

    ids: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    scripts: int = 0
    main_heading: str = ""
    text: str = ""
    tags: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _select: str = ""
    _textarea: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert "style" not in given, "the policy forbids inline styles"
        assert not any(name.startswith("on") for name in given), "the policy forbids handlers"
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.labels.append(given.get("for", ""))
        if "aria-label" in given and "id" in given:
            self.labels.append(given["id"])
        self.links += [given[name] for name in ("href", "src", "action") if name in given]
        self.scripts += tag == "script"
        self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag in ("input", "select", "textarea"):
            self.named.append(given["id"])
        if tag == "input" and name and ("checked" in given or given.get("type") != "checkbox"):
            self.fields[name] = given.get("value", "")
        if tag == "textarea":
            self._textarea, self.fields[name] = name, ""
        if tag == "select":
            self._select = name
        if tag == "option" and "selected" in given:
            self.fields[self._select] = given.get("value", "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"
        if tag == "textarea":
            self.fields[self._textarea] = self.fields[self._textarea].removeprefix("\n")
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.fields[self._textarea] += data
            return
        if self._open and self._open[-1] == "h1":
            self.main_heading += data
        self.text += data


def read(html: str) -> Html:
    """The page. Fails for tags that do not match, ids given twice, controls without a label."""
    page = Html()
    page.feed(html)
    page.close()
    assert not page._open, page._open
    assert len(page.ids) == len(set(page.ids)), "an id is given twice"
    assert set(page.named) <= set(page.labels), "a control has no label"
    return page
