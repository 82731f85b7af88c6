r"""A display typed by hand states one relation: what chains several is a derivation, to be checked and glued in.

The rule. A display is what stands between double dollars, \[ and \], in a {math} directive, or in an equation or align
environment. It is cut into statements at \quad, \qquad, commas and semicolons outside of brackets, within one row of an aligned
environment. Each statement may hold one relation outside of brackets and of arguments of commands; a sub- or superscript is no
place for a link of a chain, and neither is the condition of a case. A row or a part that begins with a relation goes on with
what stands before it. Several rows with a relation each are a chain, whatever their left sides are, unless they are cases.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = sorted([*(ROOT / "book" / "src").rglob("*.md"), ROOT / "book" / "notation.md"])

WORDS = (
    "le|leq|leqslant|ge|geq|geqslant|lt|gt|ne|neq|approx|approxeq|sim|simeq|cong|equiv|propto|ll|gg|coloneqq|eqqcolon|doteq|asymp"
    "|prec|succ|preceq|succeq|iff|implies|impliedby|Leftrightarrow|Rightarrow|Longrightarrow"
)
TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|:=|=:|[^\s]", re.DOTALL)
RELATIONS = {"=", "<", ">", ":=", "=:", *(f"\\{word}" for word in WORDS.split("|"))}
CUTS = {r"\quad", r"\qquad", ",", ";"}
SPACES = {"&", r"\,", r"\;", r"\:", r"\!", r"\ "}
SIZES = {rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in "lr"} | {r"\left", r"\right"}
ROW = re.compile(r"\\\\(?:\[[^\]]*\])?")
# Commands whose argument is shown as it is, so that a relation in it is a relation of the display.
TRANSPARENT = {r"\boxed", r"\underbrace", r"\overbrace", r"\displaystyle", r"\textstyle", r"\mathstrut", r"\smash"}
ENVIRONMENTS = r"(?:equation|align|gather|multline|eqnarray|alignat|flalign)\*?"
FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,}|:{3,})\{math\}[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
DISPLAYS = (
    re.compile(r"\$\$(?P<body>.+?)\$\$", re.DOTALL),
    re.compile(r"\\\[(?P<body>.+?)\\\]", re.DOTALL),
    re.compile(rf"\\begin\{{(?P<name>{ENVIRONMENTS})\}}(?P<body>.+?)\\end\{{(?P=name)\}}", re.DOTALL),
)


def displays(text):
    """(line, LaTeX) of every display of a page that is typed in its text, in order."""

    def blank(match):  # line numbers stay
        return re.sub(r"[^\n]", " ", match.group())

    options = re.compile(r"^:\w+:.*$", re.MULTILINE)
    found = [(text.count("\n", 0, m.start()) + 1, options.sub("", m["body"])) for m in FENCE.finditer(text)]
    text = FENCE.sub(blank, text)
    text = re.sub(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1\s*$", blank, text, flags=re.MULTILINE | re.DOTALL)  # code, glued displays
    text = re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", blank, text)  # code within a line
    for pattern in DISPLAYS:
        found += [(text.count("\n", 0, m.start()) + 1, m["body"]) for m in pattern.finditer(text)]
        text = pattern.sub(blank, text)
    return sorted(found)


def group(tokens, k):
    """Just behind the group in braces that opens at k, or behind the one token there."""
    if k >= len(tokens) or tokens[k] != "{":
        return k + 1
    depth = 0
    for n in range(k, len(tokens)):
        depth += (tokens[n] == "{") - (tokens[n] == "}")
        if depth == 0:
            return n + 1
    return len(tokens)


def statements(latex):
    """The relations of each statement of a display, as a list of lists."""
    latex = re.sub(r"(?<!\\)%.*", "", latex)
    cases = re.compile(r"\\begin\{(cases|dcases|rcases)\}((?:(?!\\begin\{\1\}).)*?)\\end\{\1\}", re.DOTALL)
    inner = []
    while match := cases.search(latex):  # by cases: the values are statements of their own, the conditions are not looked at
        for row in ROW.split(match[2]):
            values = statements(row.partition("&")[0])
            inner += [value for value in values if value]
        latex = latex[: match.start()] + r"\text{cases}" + latex[match.end() :]
    latex = re.sub(
        rf"\\(?:begin|end)\{{(?:aligned|alignedat|split|gathered|array|{ENVIRONMENTS})\}}(?:\{{[^}}]*\}})?", " ", latex
    )
    rows = ROW.split(latex)
    several = [part for row in rows for part in _parts(TOKEN.findall(row))]
    if sum(any(part[0] for part in _parts(TOKEN.findall(row))) for row in rows) > 1:  # relations in several rows are one chain
        return [*inner, [relation for relations, _ in several for relation in relations]]
    found = []
    for relations, begins in several:
        if begins and found:
            found[-1] += relations
        else:
            found.append(list(relations))
    return [*inner, *found]


def _parts(tokens):
    """(relations, whether it begins with one) of the parts of a row."""
    parts, depth, k, empty = [([], False)], 0, 0, True
    while k < len(tokens):
        token = tokens[k]
        if token in ("_", "^"):
            k = group(tokens, k + 1)
            empty = False
            continue
        if token in SIZES | SPACES:
            k += 1
            continue
        if token in ("(", "[", r"\{", r"\lbrace"):
            depth += 1
        elif token in (")", "]", r"\}", r"\rbrace"):
            depth = max(depth - 1, 0)
        elif depth == 0 and token in RELATIONS:
            if empty:
                parts[-1] = (parts[-1][0], True)
            parts[-1][0].append(token)
        elif depth == 0 and token in CUTS:
            if not empty:
                parts.append(([], False))
            empty, k = True, k + 1
            continue
        elif re.fullmatch(r"\\[a-zA-Z]+\*?", token) and token not in TRANSPARENT:
            k += 1
            while k < len(tokens) and tokens[k] == "{":
                k = group(tokens, k)
            empty = False
            continue
        empty, k = False, k + 1
    return parts


def chains(text):
    """The displays of a page that chain relations, one sentence each."""
    return [
        f"line {line}: {' '.join(found)} in {' '.join(latex.split())}"
        for line, latex in displays(text)
        for found in [max(statements(latex), key=len, default=[])]
        if len(found) > 1
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_typed_display_states_one_relation(path):
    found = chains(path.read_text(encoding="utf-8"))
    assert not found, f"\n{path.relative_to(ROOT)}: derive and glue, or say it in several displays:\n" + "\n".join(found)


# ------------------------------------------------------------------------------------------------- the guard itself is checked

CHAINED = [
    "a = b = c",
    r"0 \le a \le b",
    r"a \le b \\ &= c",
    "\\begin{aligned}\na &= b \\\\\n&\\le c\n\\end{aligned}",
    "\\begin{aligned} a &= b \\\\ b &= c \\end{aligned}",  # a chain in disguise
    r"a := b \approx c",
    r"a < b \iff c < d",
    r"a = b, \quad = c",
    r"a = b \quad \le c",
    r"\sum_{i<j} a_i \le b \le c",
    r"\boxed{a = b} = c",
    r"{a \le b} \le c",
    r"\lVert s\rVert_2 \le \lVert s\rVert_1 \le \sqrt d\,\lVert s\rVert_2",
    r"f(x) = \begin{cases} a = b & x > 0 \\ c & x \le 0 \end{cases}" + " = d",
    r"a = \begin{cases} b = c = d & x > 0 \\ 0 & x \le 0 \end{cases}",
    r"X \sim Y \sim Z",
]
ALONE = [
    "a",
    r"a = b",
    r"\sum_{i: y_i \ne c} a_i = \sum_{i=1}^{n} b_i - \prod_{k<n} c_k",
    r"A_T = \mathbb E\, s(N), \qquad N \sim \operatorname{Bin}(T, p),",
    r"v_t = \beta v_{t-1} + (1-\beta) x_t, \quad v_0 = 0",
    r"P(N = k) = \binom{n}{k} p^k",
    r"f(x) = \begin{cases} a & 0 < x < 1 \\ b & x \ge 1 \end{cases}",
    "\\begin{aligned}\n& \\sum_{t=1}^{T} h_t (A_t - A_{t+1}) \\\\\n& \\quad = h_1 A_1 + \\sum_{t=1}^{T-1} h_t .\n\\end{aligned}",
    "\\begin{aligned}\na &= b \\\\\n&\\quad + c\n\\end{aligned}",
    r"\max_{\lvert u\rvert \le D} R_T(u) = D\;\mathbb E\,\lvert g_1 + \dots + g_T\rvert",
    r"g\,(w - u) \le \frac{s}{2c}\bigl((w - u)^2 - (p - u)^2\bigr) + \frac c2\,g\,r .",
    r"w \in [0, 1) , \quad a < b",
    r"t = 1, 2, \dots",
    r"\left\{ x : x < 1 \right\} \subset A",
    r"\text{where } a = b \text{ as } c",
    "a = b % = c",
]


@pytest.mark.parametrize("latex", CHAINED)
def test_a_chain_is_seen(latex):
    assert chains(f"Words.\n\n$$\n{latex}\n$$ (eq-x)\n\nMore.")


@pytest.mark.parametrize("latex", ALONE)
def test_one_relation_passes(latex):
    assert not chains(f"Words.\n\n$$\n{latex}\n$$ (eq-x)\n\nMore.")


@pytest.mark.parametrize(
    "text",
    [
        "$$a = b = c$$",
        "So $$a = b = c$$ holds.",
        "```{math}\n:label: eq-x\n\na = b = c\n```",
        ":::{math}\na = b = c\n:::",
        "::::{prf:theorem} T\n:label: thm-t\n\n$$\na = b = c\n$$\n::::",
        "\\begin{align*}\na &= b \\\\ &= c\n\\end{align*}",
        "\\begin{equation}\na = b = c\n\\end{equation}",
        "\\[ a = b = c \\]",
        "> $$\n> a = b = c\n> $$",
    ],
)
def test_every_form_of_display_is_seen(text):
    assert len(chains(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "$a = b = c$ within a line",
        "```{code-cell} ipython3\nx = '$$a = b = c$$'\n```",
        "```{glue:math} eq-x\n:label: eq-x\n```",
        "Write `$$a = b = c$$`.",
    ],
)
def test_what_is_no_typed_display_passes(text):
    assert not chains(text)


def test_the_line_is_named():
    assert chains("One.\n\nTwo.\n\n$$\na = b = c\n$$\n")[0].startswith("line 5:")
