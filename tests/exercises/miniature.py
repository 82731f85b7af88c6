"""A course of one assignment in a folder, for the tests: one question of each form, and an essay."""

COURSE = """
title = "A course"
public_seed = "seed"

[limits]
call_seconds = 1.0
cell_seconds = 2.0
notebook_seconds = 20.0
memory_megabytes = 500

[chapters]
"1-part/02-chapter" = "The chapter"

[places]
"1-part/02-chapter#a-label" = "the section *A place*"

[[assignment]]
id = "small"
title = "Small"
part = "1-part"

[[assignment.question]]
id = "q1"
title = "Twice"
kind = "implement"
form = "function"
answer = "twice"
minutes = 1
section = "1-part/02-chapter#a-label"

[[assignment.question]]
id = "q2"
title = "A number"
kind = "experiment"
form = "value"
answer = "half"
minutes = 2
section = "1-part/02-chapter#a-label"

[[assignment.question]]
id = "q3"
title = "Thoughts"
kind = "essay"
form = "essay"
minutes = 3
points = 4
section = "1-part/02-chapter#a-label"
"""

TESTS = """
import numpy as np

from lecture_optim.check.testing import close, number, test


@test("q1", points=2, title="Twice an array")
def doubled(answer, rng):
    x = rng.standard_normal(3)
    close(answer(x), 2 * x, given={"x": x}, mistakes={"the square is taken": x * x, "half is taken": x / 2})


@test("q1", points=1, title="Twice nothing", visible=False)
def nothing(answer, rng):
    none_at_all_of_it = np.zeros((0, 2))
    close(answer(none_at_all_of_it), none_at_all_of_it)


@test("q2", points=2, title="The number")
def the_number(answer, rng):
    number(answer, 0.5, atol=1e-9, mistakes={"the double is given": 2.0, "a quarter is given": 0.25})
"""

SOURCE = '''---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Small

The introduction.

```{code-cell} ipython3
import numpy as np

data = [1.0]
```

+++ {"question": "q1", "role": "statement"}

Write `twice(x)`.

+++ {"question": "q1", "role": "hint"}

The first hint.

+++ {"question": "q1", "role": "hint"}

The second hint.

+++ {"question": "q1", "role": "solution"}

The explanation that only the solution holds.

```{code-cell} ipython3
:question: q1
:role: answer

def twice(x):
    """Twice x."""
    ### BEGIN SOLUTION
    summed = x + x
    return summed
    ### END SOLUTION
```

+++ {"question": "q2", "role": "statement"}

Give the half.

+++ {"question": "q2", "role": "hint"}

One.

+++ {"question": "q2", "role": "hint"}

Two.

+++ {"question": "q2", "role": "solution"}

A half is a half, as it has always been.

```{code-cell} ipython3
:question: q2
:role: answer

### BEGIN SOLUTION
half = float(twice(np.array(0.25)))
### END SOLUTION
```

+++ {"question": "q3", "role": "essay"}

Write what you think.

+++ {"question": "q3", "role": "marking"}

Two points for a thought of one's own.
'''

ANSWERS = """
from lecture_optim.check.testing import Alternative, Mistaken

ANSWERS = {
    "q1": [
        Alternative("a product", "def twice(x):\\n    return 2 * x"),
        Alternative("printing", "def twice(x):\\n    print(x)\\n    return x * 2.0"),
        Alternative("lambda", "twice = lambda x: x - (-x)"),
        Mistaken("squared", 1, "def twice(x):\\n    return x * x", names="the square is taken"),
        Mistaken("halved", 1, "def twice(x):\\n    return x / 2", names="half is taken"),
        Mistaken("in place", 0, "def twice(x):\\n    x *= 2\\n    return x", names="changes its input"),
        Mistaken("negative", 1, "def twice(x):\\n    return -2 * x", names="the sign is wrong"),
        Mistaken("a sum", 0, "def twice(x):\\n    return x.sum()", names="the shape is wrong"),
        Mistaken("nothing", 0, "def twice(x):\\n    2 * x", names="nothing is returned"),
    ],
    "q2": [
        Alternative("typed", "half = 0.5"),
        Alternative("array", "half = np.array(0.5)"),
        Alternative("by the data", "data[0] /= 2\\nhalf = data[0]"),
        Mistaken("double", 0, "half = 2.0", names="the double"),
        Mistaken("quarter", 0, "half = 0.25", names="a quarter"),
        Mistaken("text", 0, "half = '0.5'", names="not a number"),
        Mistaken("nan", 0, "half = np.nan", names="not finite"),
        Mistaken("list", 0, "half = [0.5]", names="not a number"),
        Mistaken("the next", 0, "half = 1.5"),
    ],
}
"""


def write(folder, course=COURSE, **files):
    """Write the course into a folder; files: other texts of source, tests and answers. Returns the folder."""
    (folder / "small").mkdir(parents=True, exist_ok=True)
    (folder / "course.toml").write_text(course, "utf-8")
    for name, text in {"source.md": SOURCE, "tests.py": TESTS, "answers.py": ANSWERS}.items():
        (folder / "small" / name).write_text(files.get(name.partition(".")[0], text), "utf-8")
    return folder
