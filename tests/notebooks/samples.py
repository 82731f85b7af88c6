"""A chapter without fault, and a repository that holds it, for tests that break them."""

import asyncio
import base64
import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import notebooks
import numpy as np
from nbformat import v4
from notebooks import ROOT, Pair
from PIL import Image

TEXT = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
html_meta:
  description: Two numbers are added
---

(adding)=
# Adding

:::{admonition} Before you start
:class: opening

**Objectives.** After this chapter you can
- add two numbers.

**Prerequisites.** Counting.

**Time.** 5 minutes.
:::

Two numbers.

```{code-cell} ipython3
a, b = 2, 3
```

Their sum.

```{code-cell} ipython3
:tags: [hide-input]

print(f"{a + b:.3f}")
```

## Summary

Two numbers were added, and their sum was printed with three digits.

## Sources

{cite:t}`peano1889`, the axioms.

**Corrections.** None known.
"""


def png(white=4):
    """An image of 8 by 8 pixels as a notebook stores it: the upper rows white, as many as told, the others black."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:white] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def figure_cell(count):
    """An executed code cell that shows a figure, with all that a figure needs."""
    words = {"image": {"alt": "The upper half is white."}, "figure": {"caption": "Two halves", "name": "fig-halves"}}
    output = v4.new_output("display_data", {"image/png": png(), "text/plain": "<Figure>"})
    return v4.new_code_cell("draw()", execution_count=count, outputs=[output], metadata={"mystnb": words})


def repository(root, text=TEXT, name="1-sums/adding"):
    """A repository at `root` with one chapter's text and no notebook yet; returns its pair."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "jupytext.toml", root)
    (root / "requirements.lock").write_text("numpy==2.4.6\n")
    pair = Pair(root, name)
    pair.text.parent.mkdir(parents=True, exist_ok=True)
    pair.text.write_text(text)
    return pair


def files(root):
    """{path: bytes} of every file below `root`/book."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("book/**/*")) if path.is_file()}


def apart(function, *arguments, **options):
    """The function's result from a thread of its own: in a test's, the browser may have an event loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments, **options).result()


def update(pair, **options):
    """`notebooks.update`, to its end."""
    return apart(lambda: asyncio.run(notebooks.update(pair, **options)))


def main(arguments, **options):
    """`notebooks.main`."""
    return apart(notebooks.main, arguments, **options)
