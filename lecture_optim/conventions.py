"""The update rules as five libraries have them: where each departs from the paper, and what of ours gives the same numbers.

`CELLS` is the table; `table` prints the part about one rule, and tests/book/test_06_relatives.py holds every cell to the library.
A few conventions are no setting of a rule of ours but another rule: these are written out here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lecture_optim import rules
from lecture_optim.rules import ratio

__all__ = ["CELLS", "LIBRARIES", "PAPERS", "VERSIONS", "Cell", "overview", "table", "tables"]

# Libraries in the order of the columns; the versions that were run.
LIBRARIES = {"torch": "PyTorch", "optax": "optax", "keras": "Keras", "sklearn": "scikit-learn", "river": "river"}
VERSIONS = {"torch": "2.13.0", "optax": "0.2.8", "keras": "3.15.1", "sklearn": "1.9.1", "river": "0.26.1"}


# --- Conventions that are rules of their own ---------------------------------------------------------------------------------


def nesterov_outside(w, g, b, t, lr, mu=0.9):
    """Nesterov's momentum with the learning rate outside the buffer ``b``."""
    b = mu * b + g
    return w - lr * (g + mu * b), b


def adamax_added(w, g, m, u, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """AdaMax with ``eps`` added to the maximum where it divides."""
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g))
    return w - lr / (1 - beta1**t) * m / (u + eps), m, u


def adamax_inside(w, g, m, u, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """AdaMax with ``eps`` added to the size of the gradient, inside the maximum."""
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g) + eps)
    return w - lr / (1 - beta1**t) * m / u, m, u


def nadam_scheduled(w, g, m, v, product, t, lr, beta1=0.9, beta2=0.999, eps=1e-8, pace=1.0):
    """Nadam with the growing momentum of Dozat's schedule; ``product``, of the momenta so far, starts at 1."""
    mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (step * pace)) for step in (t, t + 1))
    product = product * mu
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_bar = ahead * m / (1 - product * ahead) + (1 - mu) * g / (1 - product)
    return w - lr * ratio(m_bar, np.sqrt(v / (1 - beta2**t)) + eps), m, v, product


def nadam_present(w, g, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Nadam with both parts corrected for the present step, none for the next."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_bar = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    return w - lr * ratio(m_bar, np.sqrt(v / (1 - beta2**t)) + eps), m, v


def amsgrad_corrected(w, g, m, v, v_max, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """AMSGrad with both averages corrected, and the maximum taken of the corrected one."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    v_max = np.maximum(v_max, v / (1 - beta2**t))
    return w - lr * ratio(m / (1 - beta1**t), np.sqrt(v_max) + eps), m, v, v_max


# --- Settings that depend on the step; each is called with the schedule of the learning rate, and returns a schedule ---------


def rescaled_momentum(lr, mu=0.9):
    """The momentum of a buffer without learning rate, for one that holds it: mu lr_t / lr_{t-1}."""
    return lambda t: mu * lr(t) / lr(t - 1) if t > 1 else mu


def hat(eps, beta2=0.999):
    """Adam's eps for a library's eps on the uncorrected root: eps / sqrt(1 - beta2^t)."""
    return lambda lr: lambda t: eps / np.sqrt(1 - beta2**t)


def unhat(eps, beta2=0.999):
    """The eps on the uncorrected root for a library's eps on the corrected one: eps sqrt(1 - beta2^t)."""
    return lambda lr: lambda t: eps * np.sqrt(1 - beta2**t)


def corrections(lr, beta1=0.9, beta2=0.999):
    """The learning rate with both corrections in it: lr_t sqrt(1 - beta2^t) / (1 - beta1^t)."""
    return lambda t: lr(t) * np.sqrt(1 - beta2**t) / (1 - beta1**t)


def times(weight_decay):
    """A weight decay multiplied by the learning rate: lr_t weight_decay."""
    return lambda lr: lambda t: lr(t) * weight_decay


def _one(lr):
    """The learning rate 1 of a rule that has none."""
    return lambda t: 1.0


# --- The table ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One rule in one library, called with its defaults but for the learning rate and, where there is one, a momentum of 0.9.

    words: what differs from the paper, or nothing. ours: what gives the same numbers, in words for the table. settings: the same
    for `optimizer`; a function is called with the schedule of the learning rate and returns the schedule of its hyper-parameter.
    start: starting values of states. variant: another rule where no setting is enough. paper: the settings that the paper's form
    would have with the library's own constants.
    """

    rule: Callable
    library: str
    words: str = ""
    ours: str = ""
    settings: dict = field(default_factory=dict)
    start: dict = field(default_factory=dict)
    variant: Callable | None = None
    paper: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"{self.rule.__name__}/{self.library}"

    @property
    def same(self):
        """Whether the library has the paper's form."""
        return not self.words


# What stands in the paper, and how the rule of this book is called for it.
PAPERS = {
    "momentum": ("Heavy ball (Polyak 1964)", "the last step is repeated, so the learning rate is inside", "`momentum`"),
    "nesterov": ("Nesterov's momentum (Sutskever et al. 2013)", "the gradient at the look-ahead point", "`nesterov`"),
    "adagrad": ("AdaGrad (Duchi et al. 2011)", "a constant outside the root, the sum from 0", "`adagrad`"),
    "rmsprop": ("RMSProp (Tieleman and Hinton 2012)", "no epsilon, decay rate 0.9", "`rmsprop`"),
    "rmsprop_momentum": ("RMSProp with momentum", "momentum on the rescaled gradient, in words", "`rmsprop_momentum`"),
    "adadelta": ("Adadelta (Zeiler 2012)", "epsilon inside both roots, no learning rate", "`adadelta(lr=1)`"),
    "adam": ("Adam (Kingma and Ba 2015)", "epsilon added to the root of the corrected average", "`adam`"),
    "adamax": ("AdaMax (Kingma and Ba 2015)", "no epsilon", "`adamax`"),
    "nadam": ("Nadam (Dozat 2016)", "a momentum for each step, here constant", "`nadam`"),
    "adamw": ("AdamW (Loshchilov and Hutter 2019)", "the decay is multiplied by the schedule alone", "`adamw`"),
    "amsgrad": ("AMSGrad (Reddi et al. 2018)", "maximum of the raw average; no correction, no epsilon", "`amsgrad`"),
}

_OUTSIDE = "learning rate outside the buffer"
_MU = "`mu` $= 0.9\\,\\eta_t/\\eta_{t-1}$"
_HAT = "epsilon {} on the uncorrected root"
_OURS_HAT = "`eps` $= {}/\\sqrt{{1-\\beta_2^t}}$"
_LR = "`corrections` of `lr`"

CELLS = [
    Cell(rules.momentum, "torch", _OUTSIDE, _MU, {"mu": rescaled_momentum}),
    Cell(rules.momentum, "optax", _OUTSIDE, _MU, {"mu": rescaled_momentum}),
    Cell(rules.momentum, "keras"),
    Cell(rules.momentum, "sklearn"),
    Cell(rules.momentum, "river"),
    Cell(rules.nesterov, "torch", _OUTSIDE, "constant `lr`, or `nesterov_outside`", variant=nesterov_outside),
    Cell(rules.nesterov, "optax", _OUTSIDE, "constant `lr`, or `nesterov_outside`", variant=nesterov_outside),
    Cell(rules.nesterov, "keras"),
    Cell(rules.nesterov, "sklearn"),
    Cell(rules.nesterov, "river"),
    Cell(rules.adagrad, "torch", "", "`eps=1e-10`", {"eps": 1e-10}, paper={"eps": 1e-10}),
    Cell(
        rules.adagrad, "optax", "epsilon 1e-7 inside the root, sum from 0.1", "`s` from `0.1 + 1e-7`",
        start={"s": 0.1 + 1e-7}, paper={"eps": 1e-7},
    ),
    Cell(
        rules.adagrad, "keras", "epsilon 1e-7 inside the root, sum from 0.1", "`s` from `0.1 + 1e-7`",
        start={"s": 0.1 + 1e-7}, paper={"eps": 1e-7},
    ),
    Cell(rules.adagrad, "river", "epsilon 1e-8 inside the root", "`s` from `1e-8`", start={"s": 1e-8}, paper={"eps": 1e-8}),
    Cell(
        rules.rmsprop, "torch", "epsilon 1e-8 outside the root", "`eps=1e-8, beta2=0.99`",
        {"beta2": 0.99, "eps": 1e-8}, paper={"beta2": 0.99},
    ),
    Cell(rules.rmsprop, "optax", "epsilon 1e-8 inside the root", "`eps_root=1e-8`", {"eps_root": 1e-8}),
    Cell(rules.rmsprop, "keras", "epsilon 1e-7 inside the root", "`eps_root=1e-7`", {"eps_root": 1e-7}),
    Cell(rules.rmsprop, "river", "epsilon 1e-8 inside the root", "`eps_root=1e-8`", {"eps_root": 1e-8}),
    Cell(
        rules.rmsprop_momentum, "torch", f"{_OUTSIDE}, epsilon 1e-8 outside the root", f"{_MU}, `eps=1e-8, beta2=0.99`",
        {"mu": rescaled_momentum, "beta2": 0.99, "eps": 1e-8}, paper={"beta2": 0.99},
    ),
    Cell(rules.rmsprop_momentum, "optax", "epsilon 1e-8 inside the root", "`eps_root=1e-8`", {"eps_root": 1e-8}),
    Cell(rules.rmsprop_momentum, "keras", "epsilon 1e-7 inside the root", "`eps_root=1e-7`", {"eps_root": 1e-7}),
    Cell(rules.adadelta, "torch", "", "`rho=0.9`", {"rho": 0.9}, paper={"rho": 0.9}),
    Cell(rules.adadelta, "optax", "", "`rho=0.9`", {"rho": 0.9}, paper={"rho": 0.9}),
    Cell(rules.adadelta, "keras", "", "`eps=1e-7`", {"eps": 1e-7}, paper={"eps": 1e-7}),
    Cell(rules.adadelta, "river", "", "`eps=1e-8, lr=1`", {"eps": 1e-8, "lr": _one}, paper={"eps": 1e-8, "lr": _one}),
    Cell(rules.adam, "torch"),
    Cell(rules.adam, "optax"),
    Cell(rules.adam, "keras", _HAT.format("1e-7"), _OURS_HAT.format("10^{-7}"), {"eps": hat(1e-7)}, paper={"eps": 1e-7}),
    Cell(rules.adam, "sklearn", _HAT.format("1e-8"), _OURS_HAT.format("10^{-8}"), {"eps": hat(1e-8)}),
    Cell(rules.adam, "river", _HAT.format("1e-8"), _OURS_HAT.format("10^{-8}"), {"eps": hat(1e-8)}),
    Cell(rules.adamax, "torch", "epsilon 1e-8 inside the maximum", "`adamax_inside`", variant=adamax_inside),
    Cell(rules.adamax, "optax", "epsilon 1e-8 inside the maximum", "`adamax_inside`", variant=adamax_inside),
    Cell(
        rules.adamax, "keras", "epsilon 1e-7 added to the maximum", "`adamax_added`, `eps=1e-7`",
        {"eps": 1e-7}, variant=adamax_added,
    ),
    Cell(rules.adamax, "river", "epsilon 1e-8 added to the maximum", "`adamax_added`", variant=adamax_added),
    Cell(
        rules.nadam, "torch", "momentum grows with $t$, slowly", "`nadam_scheduled`, `pace=0.004`",
        {"pace": 0.004}, {"product": 1.0}, nadam_scheduled,
    ),
    Cell(rules.nadam, "optax"),
    Cell(
        rules.nadam, "keras", "momentum grows with $t$", "`nadam_scheduled`, `eps=1e-7`",
        {"eps": 1e-7}, {"product": 1.0}, nadam_scheduled, {"eps": 1e-7},
    ),
    Cell(rules.nadam, "river", "no step ahead in the correction", "`nadam_present`", variant=nadam_present),
    Cell(
        rules.adamw, "torch", "decay 0.01 times the learning rate", "`weight_decay` $= 0.01\\,\\eta_t$",
        {"weight_decay": times(0.01)}, paper={"weight_decay": 0.01},
    ),
    Cell(
        rules.adamw, "optax", "decay 1e-4 times the learning rate", "`weight_decay` $= 10^{-4}\\,\\eta_t$",
        {"weight_decay": times(1e-4)}, paper={"weight_decay": 1e-4},
    ),
    Cell(
        rules.adamw, "keras", f"decay 0.004 times the learning rate, {_HAT.format('1e-7')}",
        f"`weight_decay` $= 0.004\\,\\eta_t$, {_OURS_HAT.format('10^{-7}')}",
        {"weight_decay": times(0.004), "eps": hat(1e-7)}, paper={"weight_decay": 0.004, "eps": 1e-7},
    ),
    Cell(
        rules.amsgrad, "torch", "maximum of the raw average, then corrected; epsilon 1e-8",
        f"{_LR}, `eps` $= 10^{{-8}}\\sqrt{{1-\\beta_2^t}}$", {"lr": corrections, "eps": unhat(1e-8)},
    ),
    Cell(
        rules.amsgrad, "optax", "maximum of the corrected average, epsilon 1e-8", "`amsgrad_corrected`",
        variant=amsgrad_corrected,
    ),
    Cell(rules.amsgrad, "keras", f"corrected; {_HAT.format('1e-7')}", f"{_LR}, `eps=1e-7`", {"lr": corrections, "eps": 1e-7}),
    Cell(rules.amsgrad, "river", f"corrected; {_HAT.format('1e-8')}", f"{_LR}, `eps=1e-8`", {"lr": corrections, "eps": 1e-8}),
]  # fmt: skip


def overview():
    """The whole table in signs, as Markdown: "=" the paper's form, "≠" another, "–" the library has no such rule."""
    cells = {cell.name: "=" if cell.same else "≠" for cell in CELLS}
    head = ["rule", *LIBRARIES.values()]
    rows = [[name.replace("_", " "), *(cells.get(f"{name}/{library}", "–") for library in LIBRARIES)] for name in PAPERS]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def table(rule):
    """The part of the table about a rule (given by name), as Markdown: who, what differs, what of ours gives the same numbers."""
    title, paper, call = PAPERS[rule]
    rows = [("who", "form", "the same numbers here"), ("---", "---", "---"), ("the paper", paper, call)]
    for cell in CELLS:
        if cell.rule.__name__ == rule:
            form, ours = cell.words or "the paper's", cell.ours or call
            rows.append((LIBRARIES[cell.library], form, ours))
    return f"**{title}**\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def tables(*names):
    """The parts of the table about several rules, one below the other."""
    return "\n\n".join(map(table, names))
