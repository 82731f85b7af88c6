"""The optimizers that `optimizer_steps` times, each library in a process of its own: how a case is built, stepped, weighed.

A case is a dict: kind ("dense", "sparse", "scalar", "runs", "box"), rule, d, dtype, way, and what the kind needs. A way is a
name, perhaps with options: "numba threads=2", "fused single" (of float32). `Peer.prepare` builds a case and returns numbers that
must be the same in every library; `Peer.go(n)` takes n steps of it. All run on one core unless the way has threads.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import numpy as np

from lecture_optim.rules import ratio

__all__ = ["LIBRARIES", "gradients", "options", "serve", "sparse_gradient", "stream"]

LR, STEPS_COMPARED = 0.01, 3
# A library, and the ways in which it takes a step.
LIBRARIES = {"lecture_optim": ("numba", "numpy"), "torch": ("fused", "foreach", "for-loop"), "jax": ("jit",)}
# AMSGrad's paper corrects no bias; torch and optax do. At this step the correction has become 1, and the three are one.
LATE = 1e6


@lru_cache(2)
def _drawn(d, dtype):
    w, g = np.random.default_rng(1).standard_normal((2, d))
    return w.astype(dtype), (np.where(g < 0, g - 0.01, g + 0.01)).astype(dtype)


def gradients(case):
    """The start and the gradient of a dense case, of the sizes that training has; no gradient is zero."""
    w, g = _drawn(case["d"], "float32" if "single" in options(case["way"]) else case["dtype"])
    return w.copy(), g


def sparse_gradient(case):
    """The rows that a sparse case touches, in rising order, and their gradient."""
    rng = np.random.default_rng(2)
    rows = np.sort(rng.choice(case["d"], case["nnz"], replace=False))
    return rows, rng.standard_normal(case["nnz"]) + 3.0


def stream(case):
    """The slopes of an online case: 3 once in three steps, else -1, in a random order of its own for each run."""
    rng = np.random.default_rng(3)
    shape = (case["T"],) if case["kind"] == "scalar" else (case["T"], case["runs"])
    return np.where(rng.random(shape) < 0.3, 3.0, -1.0)


def options(way):
    """The options of a way by name; one without a value is True."""
    found = {}
    for option in way.split()[1:]:
        name, _, value = option.partition("=")
        found[name] = int(value) if value else True
    return found


def _sample(w):
    """At most a thousand entries, spread over the vector."""
    flat = np.asarray(w, float).reshape(-1)
    return flat[:: max(flat.size // 1000, 1)].copy()


def _resident(field):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(field))


class Peer:
    """One library in its process. A method named as a kind of case returns (step, look): look() gives the parameters."""

    def prepare(self, case):
        self.case = case
        self.step, look = self.build(case)
        for _ in range(STEPS_COMPARED if case["kind"] in ("dense", "sparse", "box") else 1):
            self.step()
        self.wait()
        return _sample(look())

    def build(self, case):
        return getattr(self, case["kind"])(case)

    def wait(self):
        pass

    def go(self, n):
        """The seconds of n steps: of the processor, as other programs take turns on it; by the clock where threads share them."""
        clock = time.perf_counter if "threads" in options(self.case["way"]) else time.process_time
        start = clock()
        for _ in range(n):
            self.step()
        self.wait()
        return clock() - start

    def memory(self):
        """The bytes that a step needs beyond what stays, as the system sees them; None where it does not tell."""
        try:
            self.wait()
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            before = _resident("VmRSS")
            self.go(2)
            return max(_resident("VmHWM") - before, 0)
        except OSError:
            return None


def adam_dividing(w, g, m, v, t, lr, beta1, beta2, eps):
    """Adam with both corrections as divisions of every coordinate."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * ratio(m / (1 - beta1**t), np.sqrt(v / (1 - beta2**t)) + eps), m, v


def adam_carried(w, g, m, v, p, q, t, lr, beta1, beta2, eps):
    """Adam that carries the powers p = beta1**t and q = beta2**t along."""
    p, q = p * beta1, q * beta2
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * ratio(1 / (1 - p) * m, np.sqrt(1 / (1 - q) * v) + eps), m, v, p, q


class Ours(Peer):
    """The package itself, with either engine.

    Options: looking, for NaN in the gradient; block, NumPy's (0: none); threads, each with its part of the vector; bare, a loop
    that only moves, and for runs one that only takes roots and quotients; free, no projection of an online run; dividing and
    carried, Adam with its corrections written otherwise.
    """

    def __init__(self):
        from lecture_optim import optimizer

        self.blocks, self.pool = optimizer.BLOCK, ThreadPoolExecutor()

    def build(self, case):
        from lecture_optim import optimizer

        chosen = options(case["way"])
        optimizer.BLOCK = chosen.get("block", self.blocks) or 2**62
        kind = next((name for name in ("bare", "dividing", "carried") if name in chosen), case["kind"])
        return getattr(self, kind)(case)

    def _optimizer(self, case, **more):
        from lecture_optim import rules
        from lecture_optim.optimizer import optimizer

        hyper = {"adamw": {"weight_decay": LR * 0.01}, "amsgrad": {"eps": 1e-8}, "adagrad": {"eps": 1e-10}}.get(case["rule"], {})
        # The peers do not look for NaN.
        look = "looking" in options(case["way"])
        return optimizer(getattr(rules, case["rule"]), LR, engine=case["way"].split()[0], check_finite=look, **hyper, **more)

    def _in_parts(self, case, call, *vectors):
        """Calls with parts of the vectors, one a thread; a part number comes first."""
        threads = options(case["way"]).get("threads", 1)
        if threads == 1:
            return partial(call, 0, *vectors)
        parts = [np.array_split(x, threads) for x in vectors]
        return lambda: list(self.pool.map(call, range(threads), *parts))

    def dense(self, case, **more):
        o = self._optimizer(case, **more)
        w, g = gradients(case)
        states = {}

        def step(k, w, g):
            state = states[k] if k in states else o.init(w)._replace(t=LATE if case["rule"] == "amsgrad" else 0.0)
            states[k] = o.step(w, g, state)

        return self._in_parts(case, step, w, g), lambda: w

    def box(self, case):
        from lecture_optim.projections import box

        return self.dense(case, project=box(-0.5, 0.5))

    def sparse(self, case):
        o, W = self._optimizer(case), np.zeros(case["d"])
        rows, G = sparse_gradient(case)
        state = o.init(W)

        def step():
            nonlocal state
            state = o.step_rows(W, rows, G, state)

        return step, lambda: W[rows]

    def scalar(self, case):
        from lecture_optim.online import play
        from lecture_optim.projections import box

        project = None if "free" in options(case["way"]) else box(-1.0, 1.0)
        o, losses = self._optimizer(case, project=project), stream(case)
        start = 0.0 if case["kind"] == "scalar" else np.zeros((case["runs"], 1))
        losses = losses if case["kind"] == "scalar" else losses[:, :, None]
        found = []

        def step():
            run = play(o, losses, start, comparator=-1.0)
            found[:] = [run.w, run.regret]

        return step, lambda: np.concatenate([np.ravel(x) for x in found])

    runs = scalar

    def bare(self, case):
        """A loop that reads and writes as many words as the step of the rule, and adds; for runs, AdaGrad's root and quotient."""
        import numba

        if case["kind"] == "runs":

            @numba.njit(error_model="numpy", nogil=True)
            def divide(losses, s, w):
                for i in range(len(losses)):
                    g = losses[i]
                    for r in range(w.size):
                        s[r] += g[r] * g[r]
                        w[r] -= g[r] / np.sqrt(s[r])

            losses, (s, w) = stream(case), np.zeros((2, case["runs"]))
            return partial(divide, losses, s, w), lambda: np.zeros(1)

        @numba.njit(error_model="numpy", nogil=True)
        def adam(k, w, g, m, v):
            for i in range(w.size):
                m[i] += g[i]
                v[i] += g[i]
                w[i] += g[i]

        @numba.njit(error_model="numpy", nogil=True)
        def adagrad(k, w, g, m, v):
            for i in range(w.size):
                m[i] += g[i]
                w[i] += g[i]

        @numba.njit(error_model="numpy", nogil=True)
        def sgd(k, w, g, m, v):
            for i in range(w.size):
                w[i] += g[i]

        loop = {"adam": adam, "adagrad": adagrad, "sgd": sgd}[case["rule"]]
        w, g = gradients(case)
        m, v = w.copy(), w.copy()
        return self._in_parts(case, loop, w, g, m, v), lambda: np.zeros(1)

    def _own_adam(self, case, rule, n):
        """The engine's loop of the case with another body of Adam, which has n states."""
        from numba.extending import register_jitable

        from lecture_optim.engine import loops
        from lecture_optim.engine.kernels import Kernel
        from lecture_optim.engine.weak import LIKE_NUMPY

        loop = loops.online if case["kind"] == "scalar" else loops.dense
        kernel = Kernel(loop, register_jitable(**LIKE_NUMPY)(rule), loops.free, n, 4, 0)
        return kernel, (LR, 0.9, 0.999, 1e-8)

    def dividing(self, case):
        kernel, hyper = self._own_adam(case, adam_dividing, 2)
        w, g = gradients(case)
        constants = np.array(hyper)
        m, v, t = np.zeros_like(w), np.zeros_like(w), 0.0

        def step():
            nonlocal t
            t += 1.0
            kernel(t, False, w, g, constants, m, v)

        return step, lambda: w

    def carried(self, case):
        kernel, hyper = self._own_adam(case, adam_carried, 4)
        losses, nothing = stream(case), np.empty(0, np.intp)
        found = []

        def step():
            places, trace = np.full(8, -1), np.empty((0, 0))
            w, loss, own, *_ = kernel(0.0, losses, -1.0, 0.0, 0.0, 0.0, nothing, places, trace, 0.0, 0.0, 1.0, 1.0, *hyper)
            found[:] = [w, loss - own]

        return step, lambda: np.array(found)


class Torch(Peer):
    """PyTorch's optimizers."""

    def __init__(self):
        import torch

        self.torch = torch

    def build(self, case):
        self.torch.set_num_threads(options(case["way"]).get("threads", 1))
        return super().build(case)

    def dense(self, case):
        torch, optim = self.torch, self.torch.optim
        w, g = (torch.from_numpy(x) for x in gradients(case))
        w.requires_grad_()
        w.grad = g
        way = {"fused": {"fused": True}, "foreach": {"foreach": True}, "for-loop": {"foreach": False, "fused": False}}[
            case["way"].split()[0]
        ]
        makers = {
            "sgd": lambda: optim.SGD([w], lr=LR, **way),
            "momentum": lambda: optim.SGD([w], lr=LR, momentum=0.9, **way),
            "adagrad": lambda: optim.Adagrad([w], lr=LR, **way),
            "adam": lambda: optim.Adam([w], lr=LR, **way),
            "adamw": lambda: optim.AdamW([w], lr=LR, weight_decay=0.01, **way),
            "amsgrad": lambda: optim.Adam([w], lr=LR, amsgrad=True, **way),
        }
        o = makers[case["rule"]]()
        if case["rule"] == "amsgrad":
            zeros = {name: torch.zeros_like(w) for name in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")}
            o.state[w] = {"step": torch.tensor(LATE), **zeros}
        return o.step, lambda: w.detach().numpy()

    def box(self, case):
        step, look = self.dense(case)
        w = self.torch.from_numpy(look())  # the same memory

        def step_and_clamp():
            step()
            w.clamp_(-0.5, 0.5)

        return step_and_clamp, look

    def sparse(self, case):
        torch = self.torch
        rows, G = (torch.from_numpy(x) for x in sparse_gradient(case))
        W = torch.zeros(case["d"], dtype=torch.float64, requires_grad=True)
        o = torch.optim.Adagrad([W], lr=LR)
        with torch.sparse.check_sparse_tensor_invariants(False):  # asked for, so that torch does not warn
            W.grad = torch.sparse_coo_tensor(rows[None], G, (case["d"],), is_coalesced=True)
        return o.step, lambda: W.detach().numpy()[rows.numpy()]

    def scalar(self, case):
        """A loop in Python, as a stream is played with it."""
        torch = self.torch
        losses = stream(case).tolist()
        found = []

        def step():
            w = torch.zeros((), dtype=torch.float64, requires_grad=True)
            w.grad = torch.zeros_like(w)
            kinds = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam}
            o = kinds[case["rule"]]([w], lr=LR)
            regret = 0.0
            for g in losses:
                regret += g * (w.item() + 1.0)
                w.grad.fill_(g)
                o.step()
                with torch.no_grad():
                    w.clamp_(-1.0, 1.0)
            found[:] = [w.item(), regret]

        return step, lambda: np.array(found)


class Jax(Peer):
    """optax under jit, its buffers donated; the online loops as a scan.

    Options: dividing, AdaGrad of an online run with a root and a quotient, where optax multiplies by a reciprocal root.
    """

    def __init__(self):
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax
        import optax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.optax, self.last = jax, optax, None

    def wait(self):
        if self.last is not None:
            self.jax.block_until_ready(self.last)

    def _rule(self, name):
        optax = self.optax
        return {
            "sgd": lambda: optax.sgd(LR),
            "momentum": lambda: optax.sgd(LR, momentum=0.9),
            "adagrad": lambda: optax.adagrad(LR, initial_accumulator_value=0.0, eps=1e-30),
            "adam": lambda: optax.adam(LR),
            "adamw": lambda: optax.adamw(LR, weight_decay=0.01),
            "amsgrad": lambda: optax.amsgrad(LR),
        }[name]()

    def _adagrad_dividing(self):
        jnp = self.jax.numpy

        def update(g, s, w):
            s = s + g * g
            return -LR * (g / (jnp.sqrt(s) + 1e-10)), s

        return self.optax.GradientTransformation(jnp.zeros_like, update)

    def dense(self, case, project=lambda w: w):
        jax, optax = self.jax, self.optax
        o = self._rule(case["rule"])
        w, g = map(jax.numpy.asarray, gradients(case))
        state = o.init(w)
        if case["rule"] == "amsgrad":
            late = jax.numpy.asarray(int(LATE), jax.numpy.int32)
            state = jax.tree.map(lambda x: late if x.dtype == jax.numpy.int32 else x, state)

        @partial(jax.jit, donate_argnums=(0, 1))
        def one(w, state, g):
            change, state = o.update(g, state, w)
            return project(optax.apply_updates(w, change)), state

        self.last = (w, state)

        def step():
            self.last = one(*self.last, g)

        return step, lambda: self.last[0]

    def box(self, case):
        return self.dense(case, lambda w: self.optax.projections.projection_box(w, -0.5, 0.5))

    def scalar(self, case):
        jax = self.jax
        jnp = jax.numpy
        o = self._adagrad_dividing() if "dividing" in options(case["way"]) else self._rule(case["rule"])
        losses = jnp.asarray(stream(case))

        def one(carry, g):
            w, state, regret = carry
            regret = regret + g * (w + 1.0)
            change, state = o.update(g, state, w)
            return (jnp.clip(w + change, -1.0, 1.0), state, regret), None

        @jax.jit
        def whole(losses):
            w = jnp.zeros(losses.shape[1:])
            return jax.lax.scan(one, (w, o.init(w), w), losses)[0]

        def step():
            self.last = whole(losses)

        return step, lambda: np.concatenate([np.ravel(self.last[0]), np.ravel(self.last[2])])

    runs = scalar


def serve(library, connection):
    """Answers calls (name of a method, arguments) until None comes; an ImportError at the start is sent as an answer."""
    try:
        peer = {"lecture_optim": Ours, "torch": Torch, "jax": Jax}[library]()
        connection.send(None)
    except ImportError as error:
        connection.send(str(error))
        return
    while (call := connection.recv()) is not None:
        name, *arguments = call
        connection.send(getattr(peer, name)(*arguments))
