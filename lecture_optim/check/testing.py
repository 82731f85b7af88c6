"""What the tests of an assignment are written with: a test looks at one answer and raises `Wrong` with what it saw.

    @test("q1", points=2, title="Three steps with changing gradients")
    def three_steps(answer, rng):
        g = rng.standard_normal((3, 4))
        close(answer(g, 0.1), reference(g, 0.1), given={"g": g, "lr": 0.1}, mistakes={"the square is forgotten": wrong(g, 0.1)})

An answer is plain data, or a function from plain data to plain data (`lecture_optim.check.codec` says what is plain). A test that
raises anything but `Wrong` is at fault itself, and the question is then ungraded, never a silent 0. What is the same for every
answer and takes a while, such as symbols and wrong proofs, is made by a function that is `prepared`.
"""

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from numbers import Complex

import numpy as np

__all__ = [
    "Alternative", "Mistaken", "Mistakes", "Outcome", "Test", "Wrong", "changed", "choice", "close", "collect", "diagnosis",
    "entry", "interval", "not_a_function", "not_a_value", "not_plain", "number", "numbers", "parts", "prepare", "prepared",
    "raised", "rehearse", "run", "test", "unanswered",
]  # fmt: skip

SHOWN = 12  # entries of an array that a message shows
LONGEST = 80  # characters of a value that a message shows
LONGEST_GIVEN = 400  # the same of an input, which a student may want to try again


class Wrong(Exception):
    """An answer is not right. message: what was seen, for the student. mistake: the name of a known mistake, or None."""

    def __init__(self, message, mistake=None):
        super().__init__(message)
        self.message, self.mistake = message, mistake


@dataclass(frozen=True)
class Test:
    """One test of one question. visible: whether its messages may be shown to a class; alone, all are shown."""

    __test__ = False  # not a test of pytest's

    question: str
    points: int
    title: str
    visible: bool
    function: object

    def __call__(self, answer, rng):
        return self.function(answer, rng)


def test(question, *, points, title, visible=True):
    """Make a function of (answer, rng) a `Test` of this question, worth these points. ValueError: points below 1, or no title."""
    if not isinstance(points, int) or points < 1:
        raise ValueError(f"the test {title!r} of {question} needs a whole number of points, at least 1, not {points!r}")
    if not title:
        raise ValueError(f"a test of {question} has no title: the student's report names it by its title")
    return lambda function: Test(question, points, title, visible, function)


test.__test__ = False


def collect(module):
    """The tests of a module by their questions, in the order in which they stand. ValueError: two of a question share a title."""
    found = {}
    for value in vars(module).values():
        if isinstance(value, Test):
            of = found.setdefault(value.question, [])
            if any(other.title == value.title for other in of):
                raise ValueError(f"two tests of {value.question} have the title {value.title!r}")
            of.append(value)
    return found


class prepared:
    """Make a function without arguments one that computes its value once: when a test asks for it, or for all in `prepare`."""

    def __init__(self, function):
        self.function, self.known = function, []

    def __call__(self):
        if not self.known:
            self.known.append(self.function())
        return self.known[0]


def prepare(tests):
    """Compute all that is `prepared` in the modules of some tests, which a grader then need not do for each submission."""
    modules = [getattr(test.function, "__globals__", {}) for test in tests]
    for names in {id(module): module for module in modules}.values():
        for value in list(names.values()):
            if isinstance(value, prepared):
                with suppress(Exception):  # it is raised again in the test that asks
                    value()


def rehearse(right, wrong):
    """Try tests once, so that what proofs and refusals find is kept: for a `prepared` function of an assignment's proofs.

    right, wrong: pairs (test, answer). Raises `Wrong` where a right answer is refused.
    """
    for each, answer in right:
        each(answer, None)
    for each, answer in wrong:
        with suppress(Wrong):
            each(answer, None)


@dataclass(frozen=True)
class Outcome:
    """What one test said of one answer. fault: why the test itself failed, or None; the question is then ungraded."""

    title: str
    points: int
    passed: bool
    visible: bool
    message: str = ""
    mistake: str | None = None
    fault: str | None = None

    @property
    def earned(self):
        return self.points if self.passed else 0


def run(test, answer, rng):
    """The `Outcome` of a test on an answer; rng: numpy.random.Generator."""
    common = {"title": test.title, "points": test.points, "visible": test.visible}
    try:
        with np.errstate(all="ignore"):
            test(answer, rng)
    except Wrong as wrong:
        return Outcome(**common, passed=False, message=wrong.message, mistake=wrong.mistake)
    except Exception as error:
        return Outcome(**common, passed=False, fault=f"the test raised {type(error).__name__}: {str(error)[:300]}")
    return Outcome(**common, passed=True)


# -------------------------------------------------------------------------------------------------------- what tests look with


def raised(name, message):
    """The `Wrong` for a student's function that raised an exception of this class name with this message."""
    if name == "NotImplementedError":
        return Wrong("This is not answered yet: the line `raise NotImplementedError` still stands there.", "not answered yet")
    if name == "ValueError" and "read-only" in message:
        return Wrong(
            "The function changes one of the arrays that it was given. Whoever calls it still needs them: work on new arrays.",
            "changes its input",
        )
    return Wrong(f"The function raised {name}: {message}" if message else f"The function raised {name}.", None)


def changed(place):
    """The `Wrong` for a student's function that changed what it was given. place: of the change, such as "state['t']"."""
    container = place.partition("[")[0]
    return Wrong(
        f"The function changes what it was given: after the call {place} is not what it was before. Whoever calls it still needs "
        f"{container} as it was: make a new one.",
        "changes its input",
    )


def unanswered(name):
    """The `Wrong` for an answer of this name that is None."""
    return Wrong(f"`{name}` is None: it is not answered yet.", "not answered yet")


def not_a_function(name, value):
    """The `Wrong` for a value where a function is asked for."""
    return Wrong(f"`{name}` must be a function, but is a value of type {type(value).__name__}.", "a value instead")


def not_a_value(name):
    """The `Wrong` for a function where a value is asked for."""
    return Wrong(f"`{name}` must be a value, but is a function, a class, or another thing to call.", "a function instead")


def not_plain(name, why):
    """The `Wrong` for an answer that the codec does not carry; name None: for what a function returns. why: the codec's words."""
    said = "The function returns what cannot be checked" if name is None else f"`{name}` is no answer that can be checked"
    return Wrong(f"{said}: {why}.")


class Mistakes:
    """What known mistakes give, by name, made only when an answer is wrong. make: a function of a name."""

    def __init__(self, names, make):
        self.names, self.make = names, make

    def items(self):
        """Pairs of a name and what the mistake gives."""
        return ((name, self.make(name)) for name in self.names)


def close(got, want, *, rtol=1e-8, atol=1e-12, given=None, mistakes=None, what="the result", show=True):
    """That an answer is what it should be: numbers, arrays, or tuples, lists and dicts of them, compared entry by entry.

    got: the answer. want: what is right. given: the inputs by name, which the message shows. mistakes: what known mistakes give,
    by their names. what: the answer in words, in the singular. show: whether the message tells the right numbers (for a question
    whose answer is a number: False).
    Raises `Wrong`.
    """
    trouble = _difference(got, want, rtol, atol, what, show)
    if trouble is None:
        return
    name = next(
        (name for name, value in (mistakes or {}).items() if _difference(got, value, rtol, atol, what, False) is None), None
    )
    if name is None:
        name = _common(got, want, rtol, atol, what)
    raise Wrong(trouble + _inputs(given), name)


def number(got, want, *, rtol=0.0, atol=0.0, mistakes=None, what="the answer", sized=True):
    """That an answer is one real number within a tolerance of the right one, which the message does not tell. Raises `Wrong`.

    |got - want| <= atol + rtol |want|. mistakes: the numbers that known mistakes give, by name, within the same tolerance.
    sized: whether the message says too small or too large; of a number that only names something, as of a line, it says neither.
    """
    got = _real(got, what)

    def near(value):
        return abs(got - value) <= atol + rtol * abs(value)

    if near(want):
        return
    name = next((name for name, value in (mistakes or {}).items() if near(value)), None)
    side = "too small" if got < want else "too large"
    raise Wrong(f"{what} is {got:g}, and that is {side if sized else 'not it'}.", name)


def interval(got, want, *, widest, what="the answer", mistakes=None):
    """That an answer (value, uncertainty) covers the right number, with an uncertainty of at most ``widest``. Raises `Wrong`.

    The uncertainty is meant to be three standard errors, and such an interval misses once in 370 honest measurements. So a miss
    by up to two more standard errors, and a third of ``widest``, is let pass: the honest then fail once in 16,000 at the widest
    and once in 1.7 million where the uncertainty is at most half of that, normal errors taken for granted. What is told from the
    right number must differ from it by more than 4/3 of ``widest``. mistakes: the numbers that known mistakes give, by name.
    """
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Wrong(f"{what} must be a pair (value, uncertainty), not {_shown(got)}.", "no uncertainty")
    value, error = _real(got[0], f"the value of {what}"), _real(got[1], f"the uncertainty of {what}")
    if error <= 0:
        raise Wrong(f"The uncertainty of {what} is {error:g}; a measured number has one above 0.", "no uncertainty")
    if error > widest:
        raise Wrong(f"The uncertainty {error:g} is above {widest:g}: measure longer, or with more seeds.", "too uncertain")
    if abs(value - want) > error + min(2 * error, widest) / 3:
        name = next((name for name, other in (mistakes or {}).items() if abs(value - other) <= error), None)
        raise Wrong(f"The interval {value:g} ± {error:g} does not cover what a long recomputation gives.", name)


def choice(got, right, *, among, mistakes=None, what="the answer"):
    """That an answer is the right text among some, whatever its case, blanks at its ends and full stop. Raises `Wrong`."""
    if not isinstance(got, str):
        raise Wrong(f"{what} must be a text, one of {', '.join(map(repr, among))}, not {_shown(got)}.")
    plain = {text.casefold(): text for text in among}
    chosen = plain.get(got.strip().rstrip(".").casefold())
    if chosen is None:
        raise Wrong(f"{what} is {_shown(got)}; it must be one of {', '.join(map(repr, among))}.", "not one of the choices")
    if chosen != right:
        raise Wrong(f"{what} {chosen!r} is not it.", (mistakes or {}).get(chosen))


def parts(got, count, what):
    """The values of a tuple of this many. Raises `Wrong` for anything else."""
    if got is None:
        raise Wrong(f"{what} is None: nothing is returned. Is the line with `return` missing?", "nothing is returned")
    if not isinstance(got, (tuple, list)) or len(got) != count:
        raise Wrong(f"{what} must be a tuple of {count} values.", "not a tuple of the right length")
    return tuple(got)


def entry(answer, key, what):
    """The value of a dict at a key. Raises `Wrong` where the answer is no dict, lacks it, or has None there."""
    if answer is None:
        raise Wrong(f"{what} is None: it is not answered yet.", "not answered yet")
    if not isinstance(answer, dict):
        raise Wrong(f"{what} must be a dict.", "not a dict")
    if key not in answer:
        raise Wrong(f"{what} has no key {key!r}.", "a key is missing")
    if answer[key] is None:
        raise Wrong(f"{what}[{key!r}] is None: it is not answered yet.", "not answered yet")
    return answer[key]


def diagnosis(answer, key, keys):
    """What a diagnosis, a dict with these keys, says at one of them. Raises `Wrong` where it is none."""
    if answer is None:
        raise Wrong("The diagnosis is None: it is not answered yet.", "not answered yet")
    if not isinstance(answer, dict) or key not in answer:
        raise Wrong(f"The diagnosis must be a dict with the keys {', '.join(map(repr, keys))}.", "not a diagnosis")
    return answer[key]


def _real(value, what):
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if value is None:
        raise Wrong(f"{what} is None: it is not answered yet, or a function returns nothing.", "not answered yet")
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise Wrong(f"{what} must be one real number, not {_shown(value)}.", "not a number")
    try:
        value = float(value)
    except OverflowError:
        raise Wrong(f"{what} is an integer beyond every float.", "not finite") from None
    if not np.isfinite(value):
        raise Wrong(f"{what} is {value}, which is not finite.", "not finite")
    return value


def _difference(got, want, rtol, atol, what, show):
    """What is wrong with got, in a sentence; None if nothing is."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return f"{what} must be a dict with the keys {', '.join(map(repr, want))}, not {_shown(got)}."
        missing = [key for key in want if key not in got]
        if missing or len(got) != len(want):
            keys = ", ".join(repr(key[:40])[:40] if isinstance(key, str) else repr(key)[:40] for key in islice(got, 9))
            return f"{what} must have the keys {', '.join(map(repr, want))}, not {keys}."
    elif isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            return f"{what} must be {len(want)} values, ({', '.join(['…'] * len(want))}), not {_shown(got)}."
    elif isinstance(want, (str, bool)) or want is None:
        right = type(got) is type(want) and got == want
        return None if right else f"{what} is {_shown(got)}{f', and should be {want!r}' if show else ''}."
    else:
        return _entries(got, want, rtol, atol, what, show)
    pairs = _parts(got, want, what)
    return next((trouble for pair in pairs if (trouble := _difference(*pair[:2], rtol, atol, pair[2], show))), None)


def _parts(got, want, what):
    """Triples of a part of got, what it should be, and its name in words; none where the two are not of the same form."""
    if isinstance(want, dict) and isinstance(got, dict) and got.keys() == want.keys():
        return [(got[key], want[key], f"{what}[{key!r}]") for key in want]
    if isinstance(want, (tuple, list)) and isinstance(got, (tuple, list)) and len(got) == len(want):
        return [(g, w, f"{what}[{k}]") for k, (g, w) in enumerate(zip(got, want, strict=True))]
    return []


def _entries(got, want, rtol, atol, what, show):
    """As `_difference`, for arrays and numbers."""
    if got is None:
        return f"{what} is None: nothing is returned. Is the line with `return` missing?"
    array, want = numbers(got), np.asarray(want)
    if array is None:
        return f"{what} must be {'a number' if want.ndim == 0 else 'an array of numbers'}, not {_shown(got)}."
    if array.shape != want.shape:
        return f"{what} has the shape {array.shape}, and should have {want.shape}."
    same = np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True) if array.size else np.ones(array.shape, bool)
    if same.all():
        return None
    if np.isnan(array[~same]).any():
        return f"{what} holds nan{_place(np.isnan(array) & ~same)}, where a finite number should stand."
    where = tuple(int(k) for k in np.argwhere(~same)[0])
    entry = f"{what}[{', '.join(map(str, where))}]" if where else what
    is_, be = (_digits(a[where]) for a in (array, want))
    others = int((~same).sum()) - 1
    more = f" (and {others} other {'entry' if others == 1 else 'entries'})" if others else ""
    return f"{entry} is {is_}{f', and should be {be}' if show else ', which is not right'}{more}."


def numbers(value):
    """A number or nested list of numbers as an array; None if it is neither."""
    if isinstance(value, (np.ndarray, list, tuple)) or (isinstance(value, Complex) and not isinstance(value, bool)):
        if isinstance(value, (list, tuple)) and any(isinstance(entry, (str, bytes, dict)) for entry in value):
            return None  # and no array of texts, each as wide as the longest
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError, MemoryError):
            return None
        return array if array.dtype.kind in "iufc" else None
    return None


def _place(mask):
    where = tuple(int(k) for k in np.argwhere(mask)[0])
    return f" at [{', '.join(map(str, where))}]" if where else ""


def _common(got, want, rtol, atol, what):
    """The name of a mistake that needs no wrong rule to be seen, or None; of a tuple, list or dict, of its first wrong part."""
    if got is None:
        return "nothing is returned"
    if pairs := _parts(got, want, what):
        wrong = ((one, right) for one, right, _ in pairs if _difference(one, right, rtol, atol, what, False))
        one, right = next(wrong)
        return None if one is None else _common(one, right, rtol, atol, what)
    array = numbers(got)
    if array is None or isinstance(want, (dict, tuple, list, str, bool)) or want is None:
        return None
    want = np.asarray(want)
    if array.shape != want.shape:
        if array.ndim == 2 and array.T.shape == want.shape and np.allclose(array.T, want, rtol, atol):
            return "rows and columns are exchanged"
        return "the shape is wrong"
    if np.isnan(array).any() and not np.isnan(want).any():
        return "a division by zero, or the root of a negative number"
    if array.size and np.allclose(array, -want, rtol, atol):
        return "the sign is wrong"
    return None


def _digits(value):
    return f"{value:.6g}" if np.ndim(value) == 0 else str(value)


def _inputs(given):
    if not given:
        return ""
    return "\nSeen with " + ", ".join(f"{name} = {_shown(value, LONGEST_GIVEN)}" for name, value in given.items())


def _shown(value, longest=LONGEST):
    if isinstance(value, np.ndarray):
        with np.printoptions(precision=4, threshold=SHOWN, edgeitems=3, linewidth=100, suppress=True):
            return f"array of shape {value.shape}" if value.size > 4 * SHOWN else " ".join(repr(value).split())
    if isinstance(value, float):
        return f"{value:g}"
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > longest:
            return f"{text[: longest - 3]}..."
    return text


def _pieces(value):
    """The text of a value, piece by piece, so that nobody makes more of it than is shown."""
    if isinstance(value, (list, tuple, dict)):
        begin, end = {list: "[]", dict: "{}"}.get(type(value), "()")
        yield begin
        for n, entry in enumerate(value):
            if n:
                yield ", "
            if isinstance(value, dict):
                yield from _pieces(entry)
                yield ": "
                entry = value[entry]
            yield from _pieces(entry)
        yield f",{end}" if isinstance(value, tuple) and len(value) == 1 else end
    elif isinstance(value, str):
        yield repr(value[: LONGEST + 1])
    elif isinstance(value, np.ndarray):
        yield _shown(value)
    else:
        yield repr(value)


# ------------------------------------------------------------------------------------------ what answers.py is written with


@dataclass(frozen=True)
class Alternative:
    """Another right answer. code: what stands in the answer cell; it must get full marks."""

    name: str
    code: str


@dataclass(frozen=True)
class Mistaken:
    """A wrong answer. score: the points that it must get, exactly. names: the mistake that feedback must name, or None."""

    name: str
    score: int
    code: str
    names: str | None = None
