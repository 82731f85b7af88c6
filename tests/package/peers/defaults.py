"""The rules of five libraries with their own defaults, for the table of conventions: ``python -m tests.package.peers.defaults``.

Runs the libraries named in lecture_optim/conventions.py over the gradients of `conventions.py` and stores their trajectories;
tests/book/test_06_relatives.py holds every cell of the table to them. It needs requirements-defaults.txt, in an environment of
its own. scikit-learn is in the lock, so it is not recorded but run by the test.
"""

import os
from importlib import import_module
from pathlib import Path

import numpy as np

from lecture_optim.conventions import CELLS, VERSIONS

from . import conventions

DATA = Path(__file__).with_name("defaults.npz")
STEPS = 400
KEPT = np.unique(np.r_[1:21, 20 : STEPS + 1 : 20])
START = conventions.START


def learning_rates(rule):
    """The learning rates (STEPS,), up and down by a half; Adadelta's around 1, the other rules' around 0.05."""
    return conventions.changing(1.0 if rule == "adadelta" else conventions.LR)[:STEPS]


TORCH = {
    "momentum": lambda optim, w: optim.SGD(w, 1.0, momentum=0.9),
    "nesterov": lambda optim, w: optim.SGD(w, 1.0, momentum=0.9, nesterov=True),
    "adagrad": lambda optim, w: optim.Adagrad(w),
    "rmsprop": lambda optim, w: optim.RMSprop(w),
    "rmsprop_momentum": lambda optim, w: optim.RMSprop(w, momentum=0.9),
    "adadelta": lambda optim, w: optim.Adadelta(w),
    "adam": lambda optim, w: optim.Adam(w),
    "adamax": lambda optim, w: optim.Adamax(w),
    "nadam": lambda optim, w: optim.NAdam(w),
    "adamw": lambda optim, w: optim.AdamW(w),
    "amsgrad": lambda optim, w: optim.Adam(w, amsgrad=True),
}

OPTAX = {
    "momentum": lambda optax, lr: optax.sgd(lr, momentum=0.9),
    "nesterov": lambda optax, lr: optax.sgd(lr, momentum=0.9, nesterov=True),
    "adagrad": lambda optax, lr: optax.adagrad(lr),
    "rmsprop": lambda optax, lr: optax.rmsprop(lr),
    "rmsprop_momentum": lambda optax, lr: optax.rmsprop(lr, momentum=0.9),
    "adadelta": lambda optax, lr: optax.adadelta(lr),
    "adadelta without lr": lambda optax, lr: optax.adadelta(),
    "adam": lambda optax, lr: optax.adam(lr),
    "adamax": lambda optax, lr: optax.adamax(lr),
    "nadam": lambda optax, lr: optax.nadam(lr),
    "adamw": lambda optax, lr: optax.adamw(lr),
    "amsgrad": lambda optax, lr: optax.amsgrad(lr),
}

KERAS = {
    "momentum": lambda keras: keras.SGD(momentum=0.9),
    "nesterov": lambda keras: keras.SGD(momentum=0.9, nesterov=True),
    "adagrad": lambda keras: keras.Adagrad(),
    "rmsprop": lambda keras: keras.RMSprop(),
    "rmsprop_momentum": lambda keras: keras.RMSprop(momentum=0.9),
    "adadelta": lambda keras: keras.Adadelta(),
    "adam": lambda keras: keras.Adam(),
    "adamax": lambda keras: keras.Adamax(),
    "nadam": lambda keras: keras.Nadam(),
    "adamw": lambda keras: keras.AdamW(),
    "amsgrad": lambda keras: keras.Adam(amsgrad=True),
}

RIVER = {
    "momentum": lambda optim, lr: optim.Momentum(lr),
    "nesterov": lambda optim, lr: optim.NesterovMomentum(lr),
    "adagrad": lambda optim, lr: optim.AdaGrad(lr),
    "rmsprop": lambda optim, lr: optim.RMSProp(lr),
    "adadelta": lambda optim, lr: optim.AdaDelta(),
    "adam": lambda optim, lr: optim.Adam(lr),
    "adamax": lambda optim, lr: optim.AdaMax(lr),
    "nadam": lambda optim, lr: optim.Nadam(lr),
    "amsgrad": lambda optim, lr: optim.AMSGrad(lr),
}


def run_torch(rule, gradients):
    torch, lrs = import_module("torch"), learning_rates(rule)
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    o, path = TORCH[rule](torch.optim, [w]), []
    for g, lr in zip(gradients, lrs, strict=True):
        o.param_groups[0]["lr"] = float(lr)
        w.grad = torch.tensor(g, dtype=torch.float64)
        o.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def run_optax(rule, gradients):
    jax, optax = import_module("jax"), import_module("optax")
    table = jax.numpy.asarray(learning_rates(rule))
    o = OPTAX[rule](optax, lambda count: table[count])
    w, path = jax.numpy.asarray(START), []
    state, update = o.init(w), jax.jit(o.update)
    for g in gradients:
        change, state = update(jax.numpy.asarray(g), state, w)
        w = optax.apply_updates(w, change)
        path.append(np.asarray(w))
    return np.array(path)


def run_keras(rule, gradients):
    keras = import_module("keras")
    keras.config.set_floatx("float64")
    o, w = KERAS[rule](keras.optimizers), keras.Variable(START, dtype="float64")
    o.build([w])
    path = []
    for g, lr in zip(gradients, learning_rates(rule), strict=True):
        o.learning_rate = float(lr)
        o.apply([keras.ops.convert_to_tensor(g, dtype="float64")])
        path.append(np.array(w.value))
    return np.array(path)


def run_river(rule, gradients):
    optim, lrs = import_module("river.optim"), learning_rates(rule)

    class Table(optim.base.Scheduler):
        def get(self, t):
            return float(lrs[t])

    o, w, path = RIVER[rule](optim, Table()), dict(enumerate(START.tolist())), []
    ahead = getattr(o, "look_ahead", None) if rule == "nesterov" else None
    for g in gradients:
        w = o.step(ahead(w) if ahead else w, dict(enumerate(g.tolist())))
        # Nesterov's gradient is taken at the look-ahead point, which is our w.
        path.append([w[i] - (o.rho * o.s[i] if ahead else 0.0) for i in range(len(START))])
    return np.array(path)


def run_sklearn(rule, gradients):
    """Live: scikit-learn's own optimizers of its multi-layer perceptron."""
    module, w = import_module("sklearn.neural_network._stochastic_optimizers"), START.copy()
    o = module.AdamOptimizer([w]) if rule == "adam" else module.SGDOptimizer([w], nesterov=rule == "nesterov")
    path = []
    for g, lr in zip(gradients, learning_rates(rule), strict=True):
        o.learning_rate_init = o.learning_rate = float(lr)
        o.update_params([w], [g])
        path.append(w.copy())
    return np.array(path)


RUN = {"torch": run_torch, "optax": run_optax, "keras": run_keras, "river": run_river, "sklearn": run_sklearn}


def record():
    """Write the kept steps of every cell that is not run live, and the versions."""
    os.environ["KERAS_BACKEND"] = "jax"
    import_module("jax").config.update("jax_enable_x64", True)
    gradients = conventions.make_gradients()[:STEPS]
    wanted = [(cell.rule.__name__, cell.library) for cell in CELLS if cell.library != "sklearn"]
    wanted.append(("adadelta without lr", "optax"))
    paths = {}
    for rule, library in wanted:
        path = RUN[library](rule, gradients)
        assert path.dtype == np.float64 and path.shape == gradients.shape
        paths[f"w/{rule}/{library}"] = path[KEPT - 1]
    versions = {f"version/{name}": np.array(import_module(name).__version__) for name in VERSIONS if name != "sklearn"}
    np.savez_compressed(DATA, gradients=gradients, **versions, **paths)
    return len(paths)


if __name__ == "__main__":
    print(f"{record()} trajectories, {DATA.stat().st_size:,} bytes in {DATA.name}")
