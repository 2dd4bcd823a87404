"""HTML to Markdown: what stands in the page's head, its contents, and its JSON-LD.

After Cloudflare's description of its own conversion: scripts and styles are left out, and without a
selector the head, header and footer too; relative links are resolved against the page's `base`.
"""

import json
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from markdownify import markdownify
from soupsieve import SelectorSyntaxError

from fogbank.documents.errors import Unreadable
from fogbank.documents.options import Options

NEVER = ("script", "style", "noscript", "template", "iframe", "object", "svg")
AROUND = ("head", "header", "footer")
NO_LINKS = ("javascript:", "data:", "vbscript:")
META = {
    "title": ("og:title", "title"),
    "description": ("description", "og:description"),
    "image": ("og:image",),
}


def html_to_markdown(data: bytes, name: str, options: Options) -> str:
    """Raises Unreadable for a selector that is none."""
    page = BeautifulSoup(data, "html.parser")
    head, linked = _head(page), _linked_data(page)
    base = _base(page, options.hostname)
    for tag in page(NEVER):
        tag.decompose()
    if options.selector:
        try:
            kept = page.select(options.selector)
        except (SelectorSyntaxError, RuntimeError) as error:
            raise Unreadable(f"html.cssSelector: {str(error).splitlines()[0]}") from None
        body = "".join(str(tag) for tag in kept)
    else:
        for tag in page(AROUND):
            tag.decompose()
        body = str(page)
    text = fragment_to_markdown(body, base)
    parts = [head, text, *(f"```json\n{item}\n```" for item in linked)]
    return "\n\n".join(part for part in parts if part)


def fragment_to_markdown(html: str, base: str = "") -> str:
    """The Markdown of a piece of HTML. Images without an address become their `alt`."""
    page = BeautifulSoup(html, "html.parser")
    for tag in page.find_all(["a", "img"]):
        name = "href" if tag.name == "a" else "src"
        target = str(tag.get(name, "")).strip()
        if target.lower().startswith(NO_LINKS) or (tag.name == "img" and not target):
            tag.replace_with(str(tag.get("alt") or tag.get_text()))
        elif base and target:
            tag[name] = _joined(base, target)
    text: str = markdownify(str(page), heading_style="ATX", bullets="-")
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept)


def _head(page: BeautifulSoup) -> str:
    """Title, description and image of the page as front matter."""
    found = {name: _meta(page, names) for name, names in META.items()}
    if not found["title"] and page.title:
        found["title"] = page.title.get_text()
    lines = [
        f"{name}: {json.dumps(' '.join(text.split()), ensure_ascii=False)}"
        for name, text in found.items()
        if text.strip()
    ]
    return "\n".join(["---", *lines, "---"]) if lines else ""


def _meta(page: BeautifulSoup, names: tuple[str, ...]) -> str:
    for name in names:
        for attribute in ("name", "property"):
            tag = page.find("meta", attrs={attribute: name})
            if isinstance(tag, Tag) and tag.get("content"):
                return str(tag["content"])
    return ""


def _linked_data(page: BeautifulSoup) -> list[str]:
    tags = page.find_all("script", attrs={"type": "application/ld+json"})
    return [text for tag in tags if (text := tag.get_text().strip())]


def _base(page: BeautifulSoup, hostname: str) -> str:
    """The option wins; an address without a scheme is one of https."""
    tag = page.find("base", href=True)
    base = hostname or (str(tag["href"]) if isinstance(tag, Tag) else "")
    if not base or "://" in base:
        return base
    return f"https://{base.lstrip('/')}"


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return target
