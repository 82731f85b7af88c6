"""What the book's Sphinx extensions make of a page: words and order stay as they were written."""

import re

import pytest

from . import checks
from .conftest import build, frame_around

PAGE = r"""---
myst:
  html_meta:
    description: A description that the author of the page wrote.
---

# Page with everything

As in $a$, let $b$, $c$. Then ($d$), "$e$" and $f$-norms; see [$g$]. So $h$. And $i$. End.

\begin{align}
x &= 1
\end{align}

\begin{align}
y &= 2
\end{align}

:::{prf:theorem} First
:label: thm-first

True.
:::

:::{prf:proof}
*Start.* By {prf:ref}`thm-first`. Proof. End.
:::

:::{prf:proof}
:class: dropdown

Folded, with $j$.
:::

:::{note}
:class: dropdown
A folded note.
:::

::::{exercise} Task
:label: exr-task

Do it.
::::

::::{solution} exr-task
:label: sol-task
:class: dropdown

Done, see {cite:t}`two`.
::::

```{bibliography}
:all:
```
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory, open_window):
    html = build(tmp_path_factory.mktemp("frame") / "site", frame_around(PAGE))
    visit = open_window().open(html / "book/index.html")
    assert visit.problems == []
    return visit.page


def words(locator):
    """The text of an element as it is written in the page, white space evened out."""
    return re.sub(r"\s+", " ", locator.evaluate("(element) => element.textContent")).strip()


def source(page, selector):
    """The same with each formula as its letter, whether MathJax has set it or not."""
    return page.evaluate(
        r"""(selector) => {
        const copy = document.querySelector(selector).cloneNode(true);
        for (const math of copy.querySelectorAll('.math')) {
            math.replaceWith(math.querySelector('mjx-assistive-mml').textContent.normalize('NFKC'));
        }
        return copy.textContent.replace(/\s+/g, ' ').trim();
    }""",
        selector,
    )


def test_formulas_keep_their_punctuation_and_the_text_its_order(page):
    assert source(page, "article p") == "As in a, let b, c. Then (d), “e” and f-norms; see [g]. So h. And i. End."
    groups = page.locator("article p").first.locator(".unbroken")
    assert [re.sub(r"\w", "", words(group)) for group in groups.all()] == [",", ",", ".", "(),", "“”", "-", "[].", ".", "."]


def test_numbered_blocks_are_named_in_order(page):
    ids = page.evaluate("() => [...document.querySelectorAll('div.amsmath')].map((block) => block.id)")
    assert ids == ["equation-book-index-align-1", "equation-book-index-align-2"]
    assert [words(number).rstrip("#") for number in page.locator(".eqno").all()] == ["(1)", "(2)"]


def test_a_proof_says_so_once(page):
    assert words(page.locator("div.proof-of-statement")) == "Proof. Start. By Theorem 1. Proof. End."
    folded = page.locator("details.proof-of-statement")
    assert words(folded.locator("summary")) == "Proof"
    assert source(page, "details.proof-of-statement > :not(summary)") == "Folded, with j."


def test_folds_are_closed_until_opened_and_titles_lead_nowhere(page):
    titles = [words(title) for title in page.locator("details.admonition > summary").all()]
    assert titles == ["Proof", "Note", "Solution to Exercise 1 (Task)"]
    assert page.locator("summary a").count() == 0
    text = page.get_by_text("Done, see")
    assert not text.is_visible()
    page.get_by_text("Solution to Exercise 1").click()
    assert text.is_visible()


def test_the_bibliography_is_a_list_of_works_that_are_cited_by_author_and_year(page):
    assert [words(entry) for entry in page.locator("ul.citation-list > li").all()] == [
        "A. Abel. One. 2001.",
        "B. Bohr. Two. 2002.",
    ]
    assert words(page.locator("details.solution section")) == "Done, see Bohr [2002]."


def test_the_author_s_description_stands(page):
    assert page.locator("meta[name=description]").get_attribute("content") == "A description that the author of the page wrote."


def test_no_id_occurs_twice(page):
    assert checks.headings(page) == []


def test_a_formula_may_use_an_extension_that_no_page_of_the_book_uses(tmp_path, tab):
    html = build(tmp_path, frame_around("# Page\n\n$\\cancel{x}$ and $\\require{physics}\\dv{f}{x}$ and $\\boldsymbol{w}$\n"))
    visit = tab.open(html / "book/index.html")
    assert visit.problems == []
    assert checks.formulas(visit.page) == []
