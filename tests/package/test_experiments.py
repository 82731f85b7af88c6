"""The races: the tasks against plain arithmetic, what a sweep says against sums by hand, the command."""

import math
import sys

import cloudpickle
import numpy as np
import pytest

from lecture_optim import corpus, experiments, problems, rules
from lecture_optim.experiments import CENTRES, Sweep, digits, grid, paired, race, table, text, train
from lecture_optim.optimizer import optimizer


@pytest.fixture(scope="module")
def little():
    """Every ninth paragraph of the corpus."""
    whole = corpus.load()
    return whole.subset(np.arange(0, len(whole), 9))


# ---------------------------------------------------------------------------------------------------------------- the tasks


def test_text_is_logistic_regression_on_the_chosen_words(little):
    task = text(seeds=2, words=50, batch=16, data=little)
    w = np.random.default_rng(0).normal(size=(3, 2, 50))
    for seed in range(2):
        train_part, test_part = little.split(seed)
        often = sorted(sorted(range(little.d), key=lambda k: (-train_part.counts[k], k))[:50])
        X, X_test = (part.dense(np.arange(len(part)), often) for part in (train_part, test_part))
        plain = problems.logistic(X, train_part.labels)
        np.testing.assert_allclose(task.loss(w)[:, seed], plain.loss(w[:, seed]), rtol=1e-12)
        wrong = np.mean(np.sign(X_test @ w[0, seed]) != test_part.labels)
        if np.all(X_test @ w[0, seed] != 0):
            assert task.error(w)[0, seed] == pytest.approx(wrong)
        steps = min(len(little.split(s)[0]) for s in range(2)) // 16
        assert task.steps == steps
        used = []
        for t in (1, 2, steps):
            order = np.random.default_rng([seed, 0, 0]).permutation(len(train_part))
            rows = order[(t - 1) * 16 : t * 16]
            used += rows.tolist()
            np.testing.assert_allclose(task.gradient(w, t)[:, seed], plain.gradient(w[:, seed], rows), atol=1e-13)
        assert len(set(used)) == len(used)


def test_a_paragraph_without_a_chosen_word_has_margin_zero(little):
    task = text(seeds=1, words=1, batch=8, data=little)
    train_part, test_part = little.split(0)
    word = int(np.argmax(train_part.counts))
    w = np.array([[2.0]])
    y = test_part.labels
    has = np.array([word in test_part.row(i) for i in range(len(test_part))])
    assert task.error(w)[0] == pytest.approx(np.mean(np.where(has, y < 0, 0.5)))
    assert math.isfinite(task.loss(w)[0])


def test_dropped_words(little):
    """One paragraph a step: each entry of the gradient is gone, or twice what it is without dropout."""
    whole, half = (text(seeds=1, words=500, batch=1, dropout=d, data=little) for d in (0.0, 0.5))
    w, kept, all_words = np.zeros((1, 500)), 0, 0
    for t in range(1, 201):
        a, b = whole.gradient(w, t), half.gradient(w, t)
        assert set(np.unique(b[a != 0] / a[a != 0])) <= {0.0, 2.0} and not np.any(b[a == 0])
        kept, all_words = kept + np.count_nonzero(b), all_words + np.count_nonzero(a)
    assert kept / all_words == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(all_words))


def test_a_task_goes_to_another_process_without_what_it_has_drawn(little):
    task, w = text(seeds=2, words=50, batch=16, data=little), np.ones((2, 50))
    fresh = cloudpickle.dumps(task)
    first = task.gradient(w, 1)
    assert len(cloudpickle.dumps(task)) == len(fresh)
    again = cloudpickle.loads(fresh)
    assert np.array_equal(again.gradient(w, 1), first) and np.array_equal(again.error(w), task.error(w))


def test_digits_are_the_network_on_scikit_learns_images():
    data = pytest.importorskip("sklearn.datasets")
    images, classes = data.load_digits(return_X_y=True)
    task, net = digits(seeds=2, hidden=(7, 6), batch=32), problems.Network((64, 7, 6, 10))
    for seed in range(2):
        order = np.random.default_rng([seed, 2]).permutation(1797)
        inside, outside = order[:1438], order[1438:]
        w = task.starts[seed]
        assert np.array_equal(w, net.init(np.random.default_rng([seed, 3])))
        both = np.broadcast_to(w, (2, net.d))
        assert task.loss(both)[seed] == pytest.approx(net.loss_and_gradient(w, images[inside] / 16, classes[inside])[0])
        right = net.forward(w, images[outside] / 16)[0].argmax(axis=1) == classes[outside]
        assert task.error(both)[seed] == pytest.approx(1 - right.mean())
        rows = inside[np.random.default_rng([seed, 0, 1]).permutation(1438)[32:64]]
        g = task.gradient(both, task.steps + 2)[seed]  # the second step of the second epoch
        np.testing.assert_allclose(g, net.loss_and_gradient(w, images[rows] / 16, classes[rows])[1], atol=1e-13)


def test_dropped_units():
    """A dropped unit's bias has no gradient, so that with one image a step at least about half have none."""
    task = digits(seeds=1, hidden=(40, 40), batch=1, dropout=0.5)
    zeros = [np.mean(task.gradient(task.starts, t)[0, 64 * 40 : 65 * 40] == 0) for t in range(1, 101)]
    assert np.mean(zeros) > 0.6  # dropped, or silent
    assert np.array_equal(task.gradient(task.starts, 5), task.gradient(task.starts, 5))
    assert not np.array_equal(task.gradient(task.starts, 5) == 0, task.gradient(task.starts, 6) == 0)


@pytest.mark.parametrize("make", [digits, lambda seeds: text(seeds=seeds, words=300)])
def test_a_seed_is_the_same_among_few_and_many(make):
    few, many = make(seeds=1), make(seeds=2)
    o = optimizer(rules.adam, 0.01)
    if few.steps == many.steps:  # in the text the number follows the shortest split
        np.testing.assert_allclose(train(few, [o], 1)[0][-1, 0, 0], train(many, [o], 1)[0][-1, 0, 0], rtol=1e-9)
    w = np.random.default_rng(0).normal(size=many.starts.shape)
    np.testing.assert_allclose(few.gradient(w[:1], 3)[0], many.gradient(w, 3)[0], atol=1e-12)


def test_training_is_what_it_says():
    """Against a loop without batches of runs; every rule sees the same examples; the same again to the bit."""
    task = digits(seeds=2, hidden=(6, 5), batch=200)
    row = [optimizer(rules.adam, 0.01), optimizer(rules.nesterov, 0.1), optimizer(rules.sgd, 1e200, check_finite=False)]
    losses, errors = train(task, row, 2, every=1)
    assert losses.shape == (3, 3, 2) and errors.shape == (3, 2)
    for k, o in enumerate(row[:2]):
        w = task.starts.copy()
        state = o.init(w)
        for t in range(1, 2 * task.steps + 1):
            w, state = o.update(w, task.gradient(w, t), state)
        np.testing.assert_allclose(losses[2, k], task.loss(w), rtol=1e-9)
        np.testing.assert_allclose(errors[k], task.error(w), atol=1e-12)
    assert np.all(losses[2, 2] > 1e100) and np.all(errors[2] > 0.5)
    again = train(task, row, 2, every=1)
    assert np.array_equal(again[0], losses) and np.array_equal(again[1], errors)
    assert np.array_equal(train(task, row, 2)[0], losses[[0, 2]])


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: digits(seeds=0), ValueError, "seeds must be a whole number >= 1, but is 0"),
        (lambda: digits(dropout=1.0), ValueError, "dropout must be in"),
        (lambda: digits(held_out=0.0), ValueError, "held_out must be > 0"),
        (lambda: digits(batch=5000), ValueError, "batch must be <= 1438"),
        (lambda: digits(hidden=(0,)), ValueError, "sizes must hold at least"),
        (lambda: text(words=10**6), ValueError, "words must be <= "),
        (lambda: text(dropout=-0.1), ValueError, "dropout must be in"),
        (lambda: grid(0.0), ValueError, "centre must be > 0"),
        (lambda: grid(1.0, 0), ValueError, "points must be a whole number >= 1"),
        (lambda: race(digits(1), ["adamw"], 1), ValueError, "names must hold rules among sgd, .*, but holds 'adamw'"),
        (lambda: race(digits(1), ["adam"], 1, schedule="cosine"), ValueError, "schedule must be one of constant, sqrt"),
        (lambda: race(digits(1), ["adam"], 0), ValueError, "epochs must be a whole number >= 1"),
        (lambda: paired([1.0], [2.0]), ValueError, "at least two paired runs"),
        (lambda: paired(np.ones(2), np.ones(3)), ValueError, "b must have the shape of a"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="the digits come with scikit-learn: pip install"):
        digits()


def test_without_thread_control(monkeypatch):
    task, row = digits(seeds=1, hidden=(4,), batch=400), [optimizer(rules.adam, 0.01)]
    usual = train(task, row, 1)[0]
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    np.testing.assert_allclose(train(task, row, 1)[0], usual, rtol=1e-9)


# ------------------------------------------------------------------------------------------------------------ what is measured

LOSSES = np.array([[4.0, 4.0, 1.0], [1.0, 2.0, 8.0], [2.0, 1.0, 8.0]])  # rates by seeds


def sweep(final=LOSSES, rates=(0.1, 1.0, 10.0)):
    return Sweep(np.array(rates), np.array([np.full_like(final, 9.0), final]), final / 10)


def test_the_rate_is_chosen_by_the_other_seeds():
    s = sweep()
    # Products over all seeds: 16, 16, 16; without seed 0: 4, 16, 8; without 1: 4, 8, 16; without 2: 16, 2, 2.
    assert s.chosen.tolist() == [0, 0, 1]
    assert s.honest().tolist() == [4.0, 4.0, 8.0]
    assert s.honest(s.errors).tolist() == [0.4, 0.4, 0.8]
    assert sweep(np.array([[3.0, 3.0], [np.inf, 1.0]]), (1.0, 10.0)).best == 0
    with pytest.raises(ValueError, match="seeds must be at least 2"):
        _ = sweep(LOSSES[:, :1]).chosen


def test_widths():
    s = sweep(np.array([[4.0, 1.0, 1.0], [1.0, 1.0, 100.0], [4.0, 1.0, np.inf]]))
    # Seed 0: from 4 to 1 and back, within a factor 2 on half of each decade. Seed 1: all. Seed 2: from 1 to 100 only.
    np.testing.assert_allclose(s.width(2)[:2], [1.0, 2.0])
    assert s.width(2)[2] == pytest.approx(math.log(2) / math.log(100), rel=1e-9)
    assert s.width(1).tolist() == [0.0, 2.0, 0.0]
    with pytest.raises(ValueError, match="factor must be >= 1"):
        s.width(0.5)


def test_grid():
    np.testing.assert_allclose(grid(1.0, 5), 10.0 ** np.array([-1, -0.5, 0, 0.5, 1]))
    assert grid(0.3, 1).tolist() == [0.3] and len(grid(2.0)) == 7


def test_paired():
    mean, error = paired(np.array([1.0, 2.0, 6.0]), np.array([0.0, 2.0, 1.0]))
    assert mean == pytest.approx(2.0) and error == pytest.approx(math.sqrt((1 + 4 + 9) / 2 / 3))


def test_table():
    a = sweep(np.array([[8.0, 8.0], [1.0, 4.0], [8.0, 8.0]]))
    b = sweep(np.array([[8.0, 8.0], [4.0, 4.0], [8.0, 8.0]]))
    rows = table({"adam": a, "sgd": b})
    assert [row[:5] for row in rows[1:]] == [
        ("adam", "1", "2.0 ×÷2.00", "1", "25.0 ± 15.0"),
        ("sgd", "1", "4.0 ×÷1.00", "2.0 ×÷2.00", "40.0 ± 0.0"),
    ]
    assert rows[0][-1] == "decades within × 2" and len({len(row) for row in rows}) == 1


def test_every_rule_has_the_same_budget():
    task = digits(seeds=2, hidden=(3,), batch=700)
    sweeps = race(task, CENTRES["digits"], 1, points=3)
    assert {len(s.rates) for s in sweeps.values()} == {3}
    steps = {tuple(np.round(np.diff(np.log10(s.rates)), 9)) for s in sweeps.values()}
    assert steps == {(0.5, 0.5)}
    assert set(CENTRES["digits"]) == set(CENTRES["text"])
    falling = race(task, ["adam"], 1, points=3, schedule="sqrt")["adam"]
    row = [optimizer(rules.adam, lambda t, lr=lr: lr / np.sqrt(t)) for lr in falling.rates]
    np.testing.assert_allclose(falling.final, train(task, row, 1)[0][-1], rtol=1e-12)


# ----------------------------------------------------------------------------------------------------------------- the command


def test_the_command_prints_the_table(capsys):
    words = ["digits", "--rules", "sgd", "--seeds", "2", "--epochs", "1", "--rates", "9"]
    code = experiments.main([*words, "--quiet"])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "rule" and lines[1].startswith("sgd") and lines[2].startswith("adam") and len(lines) == 3
    assert (code == 1) == ("last of its grid" in err)
    sweeps = race(digits(seeds=2), ["sgd", "adam"], 1, 9)
    expected = [" ".join(row).split() for row in table(sweeps)]
    assert [line.split() for line in lines] == expected
    experiments.main(words)
    out_again, err_again = capsys.readouterr()
    assert out_again == out and "epoch" in err_again and "adam" in err_again  # the bars


def test_the_command_tells_of_a_grid_that_is_too_short(capsys, monkeypatch):
    monkeypatch.setitem(CENTRES["digits"], "adam", 1e-9)
    assert experiments.main(["digits", "--rules", "adam", "--seeds", "2", "--epochs", "1", "--rates", "3", "--quiet"]) == 1
    assert "The best rate of adam is the last of its grid" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["digits", "--seeds", "1"], "seeds must be a whole number >= 2"),
        (["digits", "--rules", "adamw"], "but holds 'adamw'"),
        (["digits", "--dropout", "1"], "dropout must be in"),
        (["digits", "--epochs", "0"], "epochs must be a whole number >= 1"),
        (["letters"], "invalid choice"),
    ],
)
def test_the_command_refuses(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        experiments.main(arguments)
    assert stopped.value.code == 2 and message in capsys.readouterr().err
