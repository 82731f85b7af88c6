"""Words that a step moves: against counts by hand, against what the rules really depend on, and against the memory allocated."""

import tracemalloc

import numpy as np
import pytest

from lecture_optim import rules
from lecture_optim.optimizer import optimizer
from lecture_optim.traffic import least_words, numpy_traffic

RULES = [getattr(rules, name) for name in rules.__all__]
every_rule = pytest.mark.parametrize("rule", RULES, ids=rules.__all__)


@pytest.mark.parametrize(("rule", "passes", "read", "written"), [
    (rules.sgd, ["multiply", "subtract"], 1 + 2, 1 + 1),  # lr g; w - that
    (rules.momentum, ["multiply", "multiply", "subtract", "add"], 1 + 1 + 2 + 2, 4),
    # g g; s +; root; + eps; != (a byte of eight); g times that; ==; root + that; quotient; lr times; w -
    (
        rules.adagrad,
        ["multiply", "add", "sqrt", "add", "not_equal", "multiply", "equal", "add", "divide", "multiply", "subtract"],
        2 + 2 + 1 + 1 + 1 + (1 + 1 / 8) + 1 + (1 + 1 / 8) + 2 + 1 + 2,
        9 + 2 / 8,
    ),
])  # fmt: skip
def test_passes_of_numpy_by_hand(rule, passes, read, written):
    found = numpy_traffic(rule)
    assert list(found.passes) == passes
    assert (found.read, found.written, found.words) == (read, written, read + written)
    assert found.count("divide") == passes.count("divide")


@pytest.mark.parametrize(("rule", "words"), [
    (rules.sgd, 3), (rules.adagrad_norm, 3), (rules.momentum, 5), (rules.adagrad, 5), (rules.rmsprop, 5), (rules.adam, 7),
    (rules.adadelta, 7), (rules.amsgrad, 9),
])  # fmt: skip
def test_a_step_must_read_all_and_write_all(rule, words):
    assert least_words(rule) == words


@every_rule
def test_no_rule_can_do_without_a_number_that_it_reads(rule):
    """Changing any one of w, g and the states changes what is written, and every vector is written anew."""
    o = optimizer(rule, 0.1)
    w, g = np.array([0.3, 0.4]), np.array([1.5, -2.0])
    state = o.init(w)
    for _ in range(3):
        w, state = o.update(w, g, state)
    g = -2 * g  # also a maximum moves

    def written(w, g, state):
        new, new_state = o.update(w, g, state)
        return [new, *new_state[1:]]

    new = written(w, g, state)
    vectors = [name for name, s in zip(state._fields[1:], state[1:], strict=True) if s.shape == w.shape]
    assert all(not np.array_equal(a, b) for a, b in zip((w, *state[1:]), new, strict=True))
    # Sign descent reads of g the sign; a change by the factor -1.5 is one that all rules see.
    changed = [written(-1.5 * w, g, state), written(w, -1.5 * g, state)]
    changed += [written(w, g, state._replace(**{name: 100 * getattr(state, name)})) for name in vectors]
    read = sum(any(not np.array_equal(a, b) for a, b in zip(new, other, strict=True)) for other in changed)
    assert read == len(changed) and least_words(rule) == read + 1 + len(vectors)


@every_rule
def test_every_pass_writes_memory_of_its_own(rule):
    """NumPy really allocates what is counted as written: the peak of a step with every result kept."""
    d = 100_000
    o, kept = optimizer(rule, 0.1), []

    class Keeping(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            options.pop("out", None)
            plain = [x.view(np.ndarray) if isinstance(x, Keeping) else x for x in inputs]
            kept.append(getattr(ufunc, method)(*plain, **options))
            return np.asarray(kept[-1]).view(Keeping)

    w = np.linspace(1, 2, d)
    vectors = [np.array(x).view(Keeping) for x in (w, w, *o.init(w)[1:])]
    hyper = o.hyper_at(1.0)
    tracemalloc.start()
    try:
        rule(*vectors, 1.0, **hyper)
        allocated = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert allocated / (8 * d) == pytest.approx(numpy_traffic(rule).written, abs=0.05)


def test_single_precision_halves_the_words():
    """A truth value is a quarter of a float32 and an eighth of a float64; all else is the same in words."""
    single, double = numpy_traffic(rules.sgd, np.float32), numpy_traffic(rules.sgd)
    assert (single.words, single.least) == (double.words, double.least)
    assert numpy_traffic(rules.adagrad, np.float32).words == numpy_traffic(rules.adagrad).words + 4 / 8


def test_a_factor_for_all_coordinates_is_divided_once():
    """The corrections of the averages are numbers: the quotient of the step is the only division of vectors."""
    for rule in (rules.adam, rules.adamax, rules.nadam, rules.adamw):
        assert numpy_traffic(rule).count("divide") == 1


def test_what_is_no_rule_is_named():
    with pytest.raises(TypeError, match="a rule has the signature"):
        least_words(lambda w: w)
    with pytest.raises(TypeError, match="has no hyper-parameter 'beta'"):
        numpy_traffic(rules.adam, beta=0.9)
