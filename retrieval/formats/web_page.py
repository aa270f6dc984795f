"""Web pages: what is meant to be read of them."""

import re
from typing import Any

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.plain import read as read_text

_NEVER_READ = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "iframe", "svg")
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)


def read(content: bytes) -> str:
    """The page's text with its headings, lists and tables; without scripts, menus and what is hidden."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - a fifth of a second that few files need
    from markdownify import MarkdownConverter  # noqa: PLC0415

    try:
        return _read(BeautifulSoup(_text(content), "lxml"), MarkdownConverter)
    except BadDocumentError:
        raise
    except Exception as error:  # a page nested by the thousand, say, runs out of stack
        raise BadDocumentError("it is broken or not what its ending says") from error


def _read(page: Any, converter: Any) -> str:
    for tag in page.find_all(_NEVER_READ):
        tag.decompose()
    for tag in page.select("[hidden], [aria-hidden=true], [style*='display:none'], [style*='display: none']"):
        tag.decompose()
    title = page.title.get_text(" ", strip=True) if page.title else ""
    body = page.find("main") or page.find("article") or page.body or page
    text = converter(heading_style="ATX", bullets="-", strip=["a", "img"], escape_misc=False).convert_soup(body)
    has_heading = re.search(r"^# ", text, re.MULTILINE)
    return text if has_heading or not title else f"# {title}\n\n{text}"


def _text(content: bytes) -> str:
    declared = _DECLARED.search(content[:2_000])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            # pages in GB2312 or GBK are really in its superset
            name = declared[1].decode().lower()
            return content.decode("gb18030" if name in ("gb2312", "gbk") else name)
        except (LookupError, UnicodeError):
            pass
    return read_text(content)
