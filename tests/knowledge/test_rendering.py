"""Markdown as HTML: what writers mean comes through, nothing that runs does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.rendering import safe_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><desc>x</desc></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<body onload=alert(1)>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<base href=javascript:/a/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<details open ontoggle=alert(1)>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "![x](javascript:alert(1))",
    '![x](https://a.example/"onerror="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<https://a.example/?<script>alert(1)</script>>",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "~~~html onload=alert(1)\n<b>\n~~~",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script>",
    "\\<script>alert(1)\\</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<a/onmouseover=alert(1)>x",
    '[x](https://a.example "title" onclick="alert(1)")',
]
ALLOWED = {
    *("a", "blockquote", "br", "code", "del", "em", "hr", "img", "p", "pre", "s", "strong", "li", "ol", "ul"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"),
}
ATTRIBUTES = {"href", "title", "src", "alt", "start", "style", "rel"}


class Seen(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    seen = Seen()
    seen.feed(html)
    for tag, attributes in seen.elements:
        assert tag in ALLOWED, html
        assert attributes.keys() <= ATTRIBUTES, html
        for name in attributes.keys() & {"href", "src"}:
            address = re.sub(r"[\x00-\x20]", "", attributes[name] or "").lower()
            assert re.match(r"(https?:|mailto:|tel:|[^:]*$|[^:]*[/?#])", address), html
        assert re.fullmatch(r"text-align:(left|right|center);?", attributes.get("style") or "text-align:left"), html


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_comes_through(attack: str) -> None:
    for text in (attack, f"- {attack}", f"> {attack}", f"**{attack}**", f"[a {attack} b](https://a.example)"):
        assert_harmless(safe_html(text))


@given(st.lists(st.sampled_from([*ATTACKS, "[", "](", ")", "<", ">", '"', "`", "|", "\n", "\\", "*"]), max_size=6))
def test_nor_does_any_mix_of_them(parts: list[str]) -> None:
    assert_harmless(safe_html("".join(parts)))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# 冷链", "<h1>冷链</h1>\n"),
        ("a *b* **c** ~~d~~", "<p>a <em>b</em> <strong>c</strong> <s>d</s></p>\n"),
        ("1 < 2 & <b>", "<p>1 &lt; 2 &amp; &lt;b&gt;</p>\n"),
        ("3. c", '<ol start="3">\n<li>c</li>\n</ol>\n'),
        ("[x](tel:+4912)", '<p><a href="tel:+4912" rel="noopener noreferrer nofollow">x</a></p>\n'),
        ("", ""),
    ],
)
def test_what_writers_mean_comes_through(markdown: str, html: str) -> None:
    assert safe_html(markdown) == html


def test_tables_keep_their_alignment() -> None:
    assert '<td style="text-align:right">1</td>' in safe_html("| a |\n|--:|\n| 1 |")
