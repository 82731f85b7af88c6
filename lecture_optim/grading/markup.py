"""HTML pages that hold words of strangers: without script, without a remote address, readable on a phone and on paper.

Everything that is not ours passes through `text`, the one place that escapes. A page allows its own style and nothing else: no
script, picture, font, form or frame would be loaded even if one got in.
"""

import base64
import hashlib
import html
import re

__all__ = ["bar", "number", "page", "plain", "points", "table", "text"]

# Characters that no page may hold or that nobody sees, and the ones that turn the direction of all that follows.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def plain(value):
    """A text without characters that cannot be seen; line breaks and tabs stay."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", str(value).replace("\r\n", "\n").replace("\r", "\n"))


def text(value):
    """A text as HTML, whatever stands in it."""
    return html.escape(plain(value), quote=True)


def number(value):
    """Points as text: without needless decimals."""
    return f"{value:g}"


def points(earned, possible):
    return f"{number(earned)} of {number(possible)} {'point' if possible == 1 else 'points'}"


def bar(share, kind=""):
    """A bar as a picture for the eye; the number that it shows stands beside it as text. share: from 0 to 1."""
    width = f"{100 * min(max(share, 0), 1):.1f}"
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="ground" width="100" height="10"/><rect class="part" width="{width}" height="10"/></svg>'
    )


def table(caption, heads, rows, numbers=()):
    """A table. heads: words. rows: of cells, HTML already, of which the first is the row's head. numbers: columns of them."""

    def kind(k):
        return ' class="number"' if k in numbers else ""

    lines = [f"<table><caption>{text(caption)}</caption>", "<thead><tr>"]
    lines += [f'<th scope="col"{kind(k)}>{text(head)}</th>' for k, head in enumerate(heads)]
    lines += ["</tr></thead>", "<tbody>"]
    for first, *others in rows:
        cells = "".join(f"<td{kind(k)}>{cell}</td>" for k, cell in enumerate(others, 1))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody></table>"])


def page(title, body):
    """A whole page. title: a text. body: HTML."""
    style = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


# Every pair of ink and ground has a contrast of at least 4.5, in the light and in the dark.
STYLE = """
:root {
  --ground: #ffffff; --ink: #1f2430; --quiet: #4f5866; --line: #d5dae1; --panel: #f6f7f9; --link: #135a9e;
  --good: #1f6b52; --good-ground: #e6f3ee; --bad: #a63a1e; --bad-ground: #fbece7; --open: #7a4f08; --open-ground: #fbf3df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181e; --ink: #d8dde4; --quiet: #a3adba; --line: #39424f; --panel: #1e242c; --link: #8cbdf0;
    --good: #74c4a4; --good-ground: #17281f; --bad: #f0957c; --bad-ground: #2e1e1a; --open: #e0b25a; --open-ground: #2a2416;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere;
}
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0; }
h3 { font-size: 1rem; margin: 1rem 0 .4rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
.quiet { color: var(--quiet); }
.student { font-size: 1.1rem; margin: 0; }
.total { font-size: 1.6rem; font-weight: 650; margin: 1.1rem 0 .3rem; font-variant-numeric: tabular-nums; }
.notice { border-left: .25rem solid var(--open); background: var(--open-ground); padding: .6rem .8rem; }
section { border-top: 1px solid var(--line); margin-top: 1.8rem; padding-top: 1.1rem; }
.head { display: flex; flex-wrap: wrap; gap: .1rem 1rem; justify-content: space-between; align-items: baseline; }
.head .points { font-weight: 600; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tests { list-style: none; margin: .9rem 0 0; padding: 0; }
.tests li { border-left: .25rem solid var(--line); padding: .1rem 0 .1rem .8rem; margin: .7rem 0; }
.tests li.passed { border-color: var(--good); }
.tests li.failed { border-color: var(--bad); }
.tests li.open { border-color: var(--open); }
.tests p { margin: .2rem 0; }
.result { border-radius: .3rem; padding: .05rem .45rem; font-size: .85rem; font-weight: 600; }
.result { white-space: nowrap; margin-right: .3rem; }
.worth { color: var(--quiet); white-space: nowrap; }
.passed .result { color: var(--good); background: var(--good-ground); }
.failed .result { color: var(--bad); background: var(--bad-ground); }
.open .result { color: var(--open); background: var(--open-ground); }
.message, .essay { white-space: pre-wrap; background: var(--panel); border-radius: .35rem; }
.message, .essay { padding: .6rem .8rem; margin: .4rem 0; }
.message { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-size: .85rem; color: var(--quiet); border-bottom-width: 2px; overflow-wrap: normal; }
tbody th { font-weight: 500; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.bar { display: block; width: 100%; height: .5rem; border-radius: .25rem; }
.bar .ground { fill: var(--line); }
.bar .part { fill: var(--good); }
.bar.count .ground { fill: transparent; }
.bar.count .part { fill: var(--link); }
.bar.count { height: 1.1rem; border-radius: .15rem; min-width: 6rem; }
.bars th, .bars td.number { white-space: nowrap; }
.bars th:last-child, .bars td:last-child { width: 65%; padding-left: .5rem; }
.bars th, .bars td { border-bottom: 0; padding-top: .15rem; padding-bottom: .15rem; }
.small { font-size: .85rem; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media print {
  :root {
    --ground: #ffffff; --ink: #000000; --quiet: #3c4350; --line: #b9c0c9; --panel: #f6f7f9; --link: #000000;
    --good: #1f6b52; --good-ground: #ffffff; --bad: #a63a1e; --bad-ground: #ffffff; --open: #7a4f08; --open-ground: #ffffff;
  }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  .head, .tests li, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .bar .ground, .bar .part, .result, .message, .essay { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
