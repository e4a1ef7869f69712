"""Markdown of an article as HTML that any page may show; called by schema/articles.py.

markdown-it-py reads CommonMark with tables and strikethrough, raw HTML off; nh3 (ammonia) then lets nothing pass but a
short list of elements, so that a fault of the first is no fault of the page. Both are loaded when first used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

_TEXT = {"a", "blockquote", "br", "code", "del", "em", "hr", "img", "p", "pre", "s", "strong"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_LISTS_AND_TABLES = {"li", "ol", "table", "tbody", "td", "th", "thead", "tr", "ul"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}


def safe_html(markdown: str) -> str:
    """HTML without scripts, styles but the alignment of cells, forms, frames or addresses that run something."""
    return _renderer()(markdown)


@cache
def _renderer() -> Callable[[str], str]:
    import nh3  # noqa: PLC0415
    from markdown_it import MarkdownIt  # noqa: PLC0415

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    cleaner = nh3.Cleaner(
        tags=_TEXT | _HEADINGS | _LISTS_AND_TABLES,
        attributes=_ATTRIBUTES,
        filter_style_properties={"text-align"},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return lambda markdown: cleaner.clean(str(reader.render(markdown)))
