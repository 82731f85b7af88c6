"""Every rule under the same conditions on real data: the races of the chapter "Adam at work", and a command for longer ones.

    python -m lecture_optim.experiments digits --seeds 20 --epochs 30
    python -m lecture_optim.experiments text --dropout 0.5 --seeds 10
    python -m lecture_optim.experiments --help

Nothing is downloaded: the digits come with scikit-learn, the text is that of `lecture_optim.corpus`.

What makes a race fair here. Each rule has the same number of learning rates, half a decade apart, and its other
hyper-parameters stay at the defaults of `lecture_optim.rules`. A seed fixes the split, the start, the order of the examples and
the dropped units, so that at one seed all rules and rates see the same and results may be compared seed by seed. A rule's rate
is judged on seeds that did not choose it (`Sweep.honest`).
"""

import argparse
import logging
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lecture_optim import checks, corpus, rules
from lecture_optim.networks import Networks, dropout_masks
from lecture_optim.optimizer import ENGINES, optimizer
from lecture_optim.problems import log1p_exp, sigmoid
from lecture_optim.progress import bar
from lecture_optim.schedules import constant, inverse_sqrt

__all__ = ["CENTRES", "Sweep", "Task", "digits", "grid", "paired", "race", "table", "text", "train"]

# The middle of each rule's grid at a constant rate, from one wider search; a best rate at the end of a grid would void the race.
CENTRES = {
    "text": {
        "sgd": 1e1, "momentum": 10**0.5, "nesterov": 10**0.5, "adagrad": 1e0, "rmsprop": 1e-1, "adadelta": 10**1.5,
        "adam": 1e-1, "adamax": 10**-0.5, "nadam": 1e-1, "amsgrad": 10**-1.5,
    },
    "digits": {
        "sgd": 10**-0.5, "momentum": 1e-1, "nesterov": 1e-1, "adagrad": 1e-1, "rmsprop": 1e-2, "adadelta": 10**0.5,
        "adam": 1e-2, "adamax": 10**-1.5, "nadam": 1e-2, "amsgrad": 1e-2,
    },
}  # fmt: skip
# The schedules of the race, and by what they multiply the centres.
SCHEDULES = {"constant": (constant, 1.0), "sqrt": (inverse_sqrt, 10**0.5)}


@dataclass(frozen=True, eq=False)
class Task:
    """Something to learn, with a number of seeds as independent runs; made by `digits` or `text`.

    starts: (seeds, d). steps: the number of steps in an epoch. gradient(w, t): the gradients (..., seeds, d) on the examples of
    step t = 1, 2, ...; loss(w): the mean loss of all training examples without dropout, (..., seeds); error(w): the share of
    wrong answers on held-out examples, (..., seeds).
    """

    name: str
    starts: np.ndarray
    steps: int
    gradient: Callable
    loss: Callable
    error: Callable

    @property
    def seeds(self):
        """The number of seeds."""
        return len(self.starts)


@lru_cache(maxsize=64)
def _order(seed, epoch, n):
    """The order of the examples in an epoch, as it is needed at every step of it."""
    return np.random.default_rng([seed, 0, epoch]).permutation(n)


def _rows(seed, t, n, batch, steps):
    """The examples of step t, where an epoch reads ``steps`` batches of a random order of all n; and a generator for the step."""
    epoch, k = divmod(t - 1, steps)
    return _order(seed, epoch, n)[k * batch : (k + 1) * batch], np.random.default_rng([seed, 1, t])


def digits(seeds=5, hidden=(32, 32), batch=64, dropout=0.0, held_out=0.2):
    """Handwritten digits (scikit-learn's, 1,797 images of 8 by 8) with a ReLU network, one for each seed, started after He.

    dropout: the share of each hidden layer's units dropped. held_out: the share of images left for the test, drawn afresh for
    each seed. Returns a `Task`. Raises ImportError where scikit-learn is missing, ValueError for a bad share, size or batch.
    """
    checks.count(1, seeds=seeds, batch=batch)
    checks.below_one(dropout=dropout, held_out=held_out)
    checks.positive(held_out=held_out)
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError('the digits come with scikit-learn: pip install "lecture_optim[book]"') from None
    images, classes = load_digits(return_X_y=True)
    net = Networks((images.shape[1], *hidden, 10))
    orders = np.array([np.random.default_rng([seed, 2]).permutation(len(images)) for seed in range(seeds)])
    n = len(images) - round(held_out * len(images))
    checks.at_most(n, batch=batch)
    X, y = images[orders] / 16, classes[orders]
    X, y, X_test, y_test = X[:, :n], y[:, :n], X[:, n:], y[:, n:]

    def gradient(w, t):
        draws = [_rows(seed, t, n, batch, n // batch) for seed in range(seeds)]
        here, place = np.arange(seeds)[:, None], np.array([rows for rows, _ in draws])
        masks = []
        if dropout:
            drawn = [dropout_masks((batch, sum(hidden)), dropout, rng) for _, rng in draws]
            masks = np.split(np.array(drawn), np.cumsum(hidden)[:-1], axis=-1)
        return net.loss_and_gradient(w, X[here, place], y[here, place], masks)[1]

    return Task(
        name="digits",
        starts=np.array([net.init(np.random.default_rng([seed, 3])) for seed in range(seeds)]),
        steps=n // batch,
        gradient=gradient,
        loss=lambda w: net.loss(w, X, y),
        error=lambda w: net.error(w, X_test, y_test),
    )


def text(seeds=5, words=3000, batch=128, dropout=0.0, data=None):
    """Who wrote this paragraph? Logistic regression on bags of words, from w = 0, one for each seed.

    A seed splits the files as `Corpus.split` does. words: how many of the most frequent words of the training files are features.
    dropout: the share of each paragraph's words that a step leaves out; the others count 1 / (1 - dropout). data: a `Corpus`, the
    installed one unless given. Returns a `Task`. Raises ValueError for a bad share, size or batch.
    """
    checks.count(1, seeds=seeds, words=words, batch=batch)
    checks.below_one(dropout=dropout)
    data = corpus.load() if data is None else data
    checks.at_most(data.d, words=words)
    parts = [tuple(_bag(part, keep) for part in pair) for pair, keep in _splits(data, seeds, words)]
    least = min(len(train.labels) for train, _ in parts)
    checks.at_most(least, batch=batch)
    steps = least // batch  # an epoch has as many at each seed

    batches = _Batches([train for train, _ in parts], batch, steps, dropout)

    def gradient(w, t):
        G = np.zeros(w.shape)
        for seed in range(seeds):
            y, bounds, column, value, order, seen, first = batches.of(seed, t)
            slope = -y * sigmoid(-y * _sums(w[..., seed, column] * value, bounds)) / batch
            terms = (np.repeat(slope, np.diff(bounds), axis=-1) * value)[..., order]
            G[..., seed, seen] = np.add.reduceat(terms, first, axis=-1)
        return G

    def each(w, side, measure):
        """The mean over the paragraphs of one side of every split of a measure of their margins, (..., seeds)."""
        found = [np.mean(measure(pair[side].margins(w[..., seed, :])), axis=-1) for seed, pair in enumerate(parts)]
        return np.stack(found, axis=-1)

    return Task(
        name="text",
        starts=np.zeros((seeds, words)),
        steps=steps,
        gradient=gradient,
        loss=lambda w: each(w, 0, lambda m: log1p_exp(-m)),
        error=lambda w: each(w, 1, lambda m: (m < 0) + 0.5 * (m == 0) + np.isnan(m)),
    )


def _splits(data, seeds, words):
    """For each seed (train, test) and the most frequent words of train, ties broken by the alphabet."""
    for seed in range(seeds):
        pair = data.split(seed)
        yield pair, np.sort(np.argsort(-pair[0].counts, kind="stable")[:words])


class _Batches:
    """The batches of a text task, kept as every rule of a race asks for them; a pickle, for another process, keeps none."""

    def __init__(self, bags, batch, steps, dropout):
        self._made_of = bags, batch, steps, dropout
        self.of = lru_cache(maxsize=1000)(self._draw)

    def __reduce__(self):
        return _Batches, self._made_of

    def _draw(self, seed, t):
        """The batch of step t: labels, then bounds, columns and values of its words, then an order that brings equal columns
        together, these columns, and where each begins.
        """
        bags, batch, steps, dropout = self._made_of
        bag = bags[seed]
        rows, rng = _rows(seed, t, len(bag.labels), batch, steps)
        bounds, column = bag.of(rows)
        order = np.argsort(column, kind="stable")
        seen, first = np.unique(column[order], return_index=True)
        return bag.labels[rows], bounds, column, dropout_masks(len(column), dropout, rng), order, seen, first


@dataclass(frozen=True)
class _Bag:
    """Paragraphs by the places of their words among the chosen ones."""

    indptr: np.ndarray
    columns: np.ndarray
    labels: np.ndarray

    def of(self, rows):
        """The columns of the words of these rows, end to end, and where each row begins: (bounds (rows + 1,), columns)."""
        length = np.diff(self.indptr)[rows]
        bounds = np.concatenate([[0], np.cumsum(length)])
        return bounds, self.columns[np.arange(bounds[-1]) + np.repeat(self.indptr[rows] - bounds[:-1], length)]

    def margins(self, w):
        """y <w, x> of every paragraph, (..., n) for w (..., words)."""
        return self.labels * _sums(w[..., self.columns], self.indptr)


def _sums(values, bounds):
    """The sums of values[..., a:b] between neighbouring bounds a <= b; an empty piece has the sum 0."""
    total = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    return total[..., bounds[1:]] - total[..., bounds[:-1]]


def _bag(part, keep):
    """The paragraphs of a corpus over the words ``keep``, an ascending index array."""
    place = np.full(part.d, -1)
    place[keep] = np.arange(len(keep))
    columns = place[part.indices]
    kept = np.concatenate([[0], np.cumsum(columns >= 0)])
    return _Bag(kept[part.indptr], columns[columns >= 0], part.labels)


def grid(centre, points=7, per_decade=2):
    """Learning rates around the centre, evenly spaced in the logarithm, ``per_decade`` to a factor of ten; shape (points,)."""
    checks.positive(centre=centre, per_decade=per_decade)
    checks.count(1, points=points)
    return centre * 10.0 ** ((np.arange(points) - (points - 1) / 2) / per_decade)


def _one_thread():
    """Many small matrix products are more than twice as fast without threads, which would wait for each other at each of them."""
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError:
        return nullcontext()
    return threadpool_limits(1)


def train(task, optimizers, epochs, progress=False, every=None):
    """Train every optimizer of a list on every seed of the task.

    Returns (losses, errors): losses (records, optimizers, seeds), the training loss at the start, after each ``every``-th epoch
    where told, and at the end; errors (optimizers, seeds), held out, at the end. A run that diverges has the loss infinity.
    progress: True, or a text to stand before it, shows a bar.
    """
    every = epochs if every is None else every
    checks.count(1, epochs=epochs, every=every)
    w = np.repeat(task.starts[None], len(optimizers), axis=0)
    states = [o.init(w[k]) for k, o in enumerate(optimizers)]
    losses = []
    # Rates that are too large overflow, which is their result.
    with _one_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        losses.append(task.loss(w))
        for epoch in bar(range(epochs), progress, progress if isinstance(progress, str) else task.name, "epoch"):
            for k in range(task.steps):
                g = task.gradient(w, epoch * task.steps + k + 1)
                for i, o in enumerate(optimizers):
                    states[i] = o.step(w[i], g[i], states[i])
            if (epoch + 1) % every == 0 or epoch == epochs - 1:
                losses.append(task.loss(w))
        errors = task.error(w)
    losses = np.array(losses)
    return np.where(np.isfinite(losses), losses, np.inf), errors


@dataclass(frozen=True)
class Sweep:
    """One rule at every rate of its grid.

    rates: (rates,). losses: (records, rates, seeds), the training loss along the run. errors: (rates, seeds), held out, at the
    end.
    """

    rates: np.ndarray
    losses: np.ndarray
    errors: np.ndarray

    @property
    def final(self):
        """The training losses at the end, (rates, seeds)."""
        return self.losses[-1]

    @property
    def best(self):
        """The place in the grid with the least geometric mean of the final losses, in which one bad seed does not decide."""
        return int(np.argmin(_logs(self.final).mean(axis=1)))

    @property
    def chosen(self):
        """For each seed the place that the *other* seeds would choose in the same way, (seeds,); needs two seeds."""
        seeds = self.final.shape[1]
        if seeds < 2:
            raise ValueError("seeds must be at least 2, so that a rate can be judged on a seed that did not choose it")
        return np.array([np.argmin(np.delete(_logs(self.final), seed, axis=1).mean(axis=1)) for seed in range(seeds)])

    def honest(self, values=None):
        """The final loss (or ``values``, (rates, seeds)) of each seed at the rate that the other seeds chose, (seeds,)."""
        values = self.final if values is None else values
        return values[self.chosen, np.arange(values.shape[1])]

    def width(self, factor):
        """For each seed, how many decades of learning rate end within ``factor`` times the seed's least final loss, (seeds,).

        Between the points of the grid the loss is taken to be straight in double logarithms; what lies outside does not count.
        """
        checks.at_least(1, factor=factor)
        return np.array([_decades(np.log10(self.rates), y, np.log(factor)) for y in _logs(self.final).T])


def _logs(losses):
    """Logarithms that stay finite where a run diverged or fitted its examples perfectly."""
    return np.log(np.clip(losses, 1e-300, 1e300))


def _decades(x, y, tolerance):
    """The length of the set where the polygon through the points (x, y) is at most min(y) + tolerance."""
    level, total = y.min() + tolerance, 0.0
    for a, b, left, right in zip(y[:-1], y[1:], x[:-1], x[1:], strict=True):
        low, high = min(a, b), max(a, b)
        total += (right - left) * (1.0 if high <= level else 0.0 if low > level else (level - low) / (high - low))
    return total


def race(task, names, epochs, points=7, schedule="constant", progress=False, engine="fastest"):
    """Every rule of ``names`` over its grid on the task: a `Sweep` by name.

    points: the number of rates, half a decade apart. schedule: "constant", or "sqrt" for lr / sqrt(t). engine:
    as in `optimizer`; all have the same numbers. Raises ValueError for another schedule and for a rule without a centre.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, but is {schedule!r}")
    scheduled, shift = SCHEDULES[schedule]
    centres, sweeps = CENTRES[task.name], {}
    for name in names:
        if name not in centres:
            raise ValueError(f"names must hold rules among {', '.join(centres)}, but holds {name!r}")
        rates = grid(shift * centres[name], points)
        # Rates that diverge bring NaN, which is then the result and no mistake.
        row = [optimizer(getattr(rules, name), scheduled(lr), engine=engine, check_finite=False) for lr in rates]
        sweeps[name] = Sweep(rates, *train(task, row, epochs, name if progress else False))
    return sweeps


def paired(a, b):
    """The mean of a - b over paired runs and its standard error: (mean, error), each a float; needs two pairs."""
    checks.same_shape(a=a, b=b)
    difference = np.asarray(a) - np.asarray(b)
    if difference.ndim != 1 or len(difference) < 2:
        raise ValueError(f"a and b must hold at least two paired runs, but have shape {np.shape(a)}")
    return float(difference.mean()), float(_error(difference))


def table(sweeps, reference="adam", factor=2.0):
    """The race as rows of text, the heading first, each rule at the rate that the other seeds chose.

    The rule; its best rate of all; its training loss, a geometric mean over the seeds; that over the reference's, by seeds; the
    held-out error; how many decades of rate end within ``factor`` of the least loss. After ×÷ and ± stand standard errors.
    """
    rows = [("rule", "best rate", "training loss", f"over {reference}'s", "held-out error, %", f"decades within × {factor:g}")]
    for name, sweep in sweeps.items():
        log, log_reference = _logs(sweep.honest()), _logs(sweeps[reference].honest())
        wrong, width = 100 * sweep.honest(sweep.errors), sweep.width(factor)
        rows.append((
            name,
            f"{float(f'{sweep.rates[sweep.best]:.2g}'):g}",
            _factor(*paired(log, np.zeros(len(log)))),
            "1" if name == reference else _factor(*paired(log, log_reference)),
            f"{wrong.mean():.1f} ± {_error(wrong):.1f}",
            f"{width.mean():.1f} ± {_error(width):.1f}",
        ))  # fmt: skip
    return rows


def _factor(log, error):
    return f"{np.exp(log):#.2g} ×÷{np.exp(error):.2f}"


def _error(values):
    """The standard error of the mean."""
    return np.std(values, ddof=1) / np.sqrt(len(values))


def main(arguments=None):
    """The command; returns its exit code: 0 done, 1 a best rate at the end of its grid, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="python -m lecture_optim.experiments", description=__doc__.partition("\n")[0])
    parser.add_argument("task", choices=sorted(CENTRES), help="what to learn")
    parser.add_argument("--rules", nargs="+", default=list(CENTRES["digits"]), metavar="RULE", help="default: all")
    parser.add_argument("--seeds", type=int, default=10, help="independent runs of everything (default: 10)")
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training examples (default: 20)")
    parser.add_argument("--rates", type=int, default=9, help="learning rates of each rule, half a decade apart (default: 9)")
    parser.add_argument("--dropout", type=float, default=0.0, help="share of units (digits) or words (text) dropped (default: 0)")
    parser.add_argument("--schedule", choices=SCHEDULES, default="constant", help="of the rate: constant, or lr / sqrt(t)")
    parser.add_argument("--engine", choices=ENGINES, default="fastest", help="that takes the steps; the numbers are the same")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    options = parser.parse_args(arguments)
    if not options.quiet:
        logging.basicConfig(level=logging.INFO, format="%(message)s")  # the engine says when it compiles
    try:
        checks.count(2, seeds=options.seeds)
        checks.count(3, rates=options.rates)
        names = list(dict.fromkeys([*options.rules, "adam"]))  # adam is what the others are compared with
        task = {"digits": digits, "text": text}[options.task](seeds=options.seeds, dropout=options.dropout)
        sweeps = race(task, names, options.epochs, options.rates, options.schedule, not options.quiet, options.engine)
    except (ValueError, ImportError) as error:
        parser.error(str(error))
    rows = table(sweeps)
    for row in rows:
        print("  ".join(cell.ljust(max(len(r[k]) for r in rows)) for k, cell in enumerate(row)).rstrip())
    edge = [name for name, sweep in sweeps.items() if sweep.best in (0, len(sweep.rates) - 1)]
    if edge:
        print(f"The best rate of {', '.join(edge)} is the last of its grid: take more --rates", file=sys.stderr)
    return 1 if edge else 0


if __name__ == "__main__":
    sys.exit(main())
