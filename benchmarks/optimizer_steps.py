"""What a step of an optimizer costs, beside PyTorch, optax and the memory of the machine: `python -m benchmarks.optimizer_steps`.

Every library has a process of its own; they take their turns, round by round, and a ratio is the median of the rounds' ratios.
A time counts only after the numbers that its steps have made were compared with the others'. Libraries that are not installed are
left out. Results: results/optimizer_steps.md and .json, which the book's chapter on costs reads.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time

import numpy as np

from benchmarks import optimizer_peers as peers
from benchmarks.report import RESULTS, machine, save, table

SIZES = (10, 1_000, 100_000, 1_000_000, 10_000_000)
RULES = ("sgd", "momentum", "adagrad", "adam", "adamw", "amsgrad")
TOLERANCE = {"float64": 1e-9, "float32": 2e-3}
# Words that a step reads and writes for each coordinate: w and the states both, g once.
WORDS = {"sgd": 3, "momentum": 5, "adagrad": 5, "adam": 7, "adamw": 7, "amsgrad": 9}


class Library:
    """A library in its process; calls are answered in turn."""

    def __init__(self, name):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=peers.serve, args=(name, other), daemon=True)
        self.process.start()
        self.missing = self.connection.recv()

    def __call__(self, *call):
        self.connection.send(call)
        return self.connection.recv()

    def close(self):
        if self.process.is_alive():
            self.connection.send(None)
            self.process.join()


class Bench:
    """The libraries, the rounds, and all that was measured."""

    def __init__(self, libraries, rounds, share):
        self.libraries, self.rounds, self.share = libraries, rounds, share
        self.measured, self.part = [], None

    def compare(self, case, ways, count, scale=1.0):
        """Times a case in several ways ("library way"), in turn; returns {way: seconds of each round for one step}.

        count: a call takes this many steps (or steps this many coordinates), by which times are divided; what is stored is the
        seconds of a call. scale: shortens or lengthens the time of a round.
        """
        reference, ready = None, {}
        for way in ways:
            library, how = way.split(" ", 1)
            if library not in self.libraries:
                continue
            found = self.libraries[library]("prepare", case | {"way": how})
            if reference is None:
                reference = found
            elif "bare" not in peers.options(how):
                tolerance = TOLERANCE["float32" if "single" in peers.options(how) else case["dtype"]]
                np.testing.assert_allclose(found, reference, rtol=tolerance, atol=tolerance, err_msg=f"{way}: {case}")
            # How many steps fill a round.
            n, spent = 1, self.libraries[library]("go", 1)
            while spent < 0.3 * self.share * scale:
                n *= 2 if spent < 0.1 * self.share * scale else 1.5
                n = int(np.ceil(n))
                spent = self.libraries[library]("go", n)
            ready[way] = self._times(library, case | {"way": how}, n, count, one=len(ways) > 1)
        # The ways of one library take turns, too: each is prepared anew in its turn, outside of the time.
        times = {way: [] for way in ready}
        for _ in range(self.rounds):
            for way, measure in ready.items():
                times[way].append(measure())
        calls = {way: [float(f"{second * count:.4g}") for second in seconds] for way, seconds in times.items()}
        self.measured.append({"part": self.part, "case": case, "seconds": calls})
        return times

    def _times(self, library, case, n, count, one):
        def measure():
            if one:
                self.libraries[library]("prepare", case)
            return self.libraries[library]("go", n) / n / count

        return measure


def ratio(times, slow, fast):
    """How many times faster ``fast`` is than ``slow``: the median of the rounds' ratios, and the least and the most."""
    ratios = [a / b for a, b in zip(times[slow], times[fast], strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def number(x):
    return f"{x:.3g}" if x < 1000 else f"{x:,.0f}"


def shown(times, way, unit):
    return number(statistics.median(times[way]) * unit) if way in times else "-"


def times_faster(times, slow, fast):
    if slow not in times or fast not in times:
        return "-"
    middle, low, high = ratio(times, slow, fast)
    return f"{number(middle)} ({number(low)} to {number(high)})"


NUMBA, NUMPY = "lecture_optim numba", "lecture_optim numpy"
FUSED, FOREACH, LOOP, JIT = "torch fused", "torch foreach", "torch for-loop", "jax jit"
BARE = f"{NUMBA} bare"
OTHERS = (FUSED, FOREACH, LOOP, JIT)


def dense(bench, sizes, targets):
    parts = []
    for dtype in ("float64", "float32"):
        rows = []
        for rule in RULES:
            for d in sizes:
                if (dtype == "float32" and d not in (100_000, sizes[-1])) or (
                    rule not in ("adam", "adagrad") and d not in (1_000, 100_000)
                ):
                    continue
                case = {"kind": "dense", "rule": rule, "d": d, "dtype": dtype}
                few = rule not in ("adam", "adagrad") or dtype == "float32"
                ways = (NUMBA, NUMPY, FUSED, JIT) if few else (NUMBA, NUMPY, *OTHERS)
                times = bench.compare(case, ways, 1 if d < 10_000 else d)
                unit = 1e6 if d < 10_000 else 1e9
                cells = [shown(times, way, unit) for way in (NUMBA, NUMPY, *OTHERS)]
                rows.append(
                    [
                        rule,
                        f"{d:,}",
                        "µs" if d < 10_000 else "ns each",
                        *cells,
                        times_faster(times, FUSED, NUMBA),
                        times_faster(times, JIT, NUMBA),
                    ]
                )
                targets.see(case, times)
        heads = [
            "rule",
            "d",
            "unit",
            "numba",
            "NumPy",
            "torch fused",
            "torch foreach",
            "torch for-loop",
            "optax jit",
            "fused / numba",
            "optax / numba",
        ]
        parts += [f"## Dense steps, {dtype}", table(heads, rows, words=(0, 2))]
    return parts


def roofline(bench, d, targets):
    rows = []
    for rule in ("sgd", "adagrad", "adam"):
        times = bench.compare({"kind": "dense", "rule": rule, "d": d, "dtype": "float64"}, (NUMBA, BARE), d)
        bound, step = times[BARE], times[NUMBA]
        reached = 1 / ratio(times, NUMBA, BARE)[0]
        rate = WORDS[rule] * 8 / statistics.median(bound) / 1e9
        rows.append(
            [
                rule,
                WORDS[rule],
                number(rate),
                *(number(statistics.median(x) * 1e9) for x in (bound, step)),
                f"{100 * reached:.0f} %",
            ]
        )
        targets.roofline(rule, reached)
    heads = ["rule", "words moved", "GB/s of the bare loop", "bare loop, ns each", "step, ns each", "of the bound"]
    return [
        f"## The bound of the memory, d = {d:,}",
        "The bare loop reads and writes the same arrays and only adds.",
        table(heads, rows),
    ]


def sparse(bench, sizes, targets):
    rows = []
    cases = [(d, 100) for d in sizes if d >= 10_000] + [(1_000_000, nnz) for nnz in (10, 1_000, 10_000)]
    for d, nnz in cases:
        case = {"kind": "sparse", "rule": "adagrad", "d": d, "nnz": nnz, "dtype": "float64"}
        times = bench.compare(case, (NUMBA, NUMPY, "torch sparse"), 1)
        cells = [shown(times, way, 1e6) for way in (NUMBA, NUMPY, "torch sparse")]
        rows.append(
            [f"{d:,}", f"{nnz:,}", *cells, times_faster(times, "torch sparse", NUMBA), times_faster(times, "torch sparse", NUMPY)]
        )
        targets.see(case, times)
    heads = ["d", "non-zeros", "numba, µs", "NumPy, µs", "torch sparse, µs", "torch / numba", "torch / NumPy"]
    return ["## Sparse AdaGrad", table(heads, rows, words=())]


def online(bench, targets):
    rows = []
    for rule in ("sgd", "adagrad", "adam"):
        case = {"kind": "scalar", "rule": rule, "T": 1_000_000, "dtype": "float64"}
        times = bench.compare(case, (NUMBA, JIT), case["T"], scale=3)
        short = bench.compare(case | {"T": 3_000}, (NUMPY, "torch loop"), 3_000, scale=0.3)
        times |= short
        cells = [shown(times, way, 1e9) for way in (NUMBA, JIT, NUMPY, "torch loop")]
        torch = number(statistics.median(short["torch loop"]) / statistics.median(times[NUMBA])) if "torch loop" in short else "-"
        rows.append([rule, *cells, times_faster(times, NUMBA, JIT), torch])
        targets.see(case, times)
    heads = ["rule", "numba, ns a step", "jax scan", "Python floats", "torch", "numba / jax", "torch / numba"]
    parts = ["## One scalar online run with its regret", table(heads, rows)]
    rows = []
    for rule in ("adagrad", "adam"):
        case = {"kind": "runs", "rule": rule, "T": 1_000, "runs": 1_000, "dtype": "float64"}
        times = bench.compare(case, (NUMBA, NUMPY, JIT), case["T"] * case["runs"], scale=2)
        rows.append([rule, *(shown(times, way, 1e9) for way in (NUMBA, NUMPY, JIT)), times_faster(times, JIT, NUMBA)])
        targets.see(case, times)
    heads = ["rule", "numba, ns a step of a run", "NumPy", "jax scan", "jax / numba"]
    return [*parts, "## A thousand runs at once", table(heads, rows)]


def projections(bench):
    rows = []
    for d in (1_000, 100_000):
        case = {"kind": "box", "rule": "adam", "d": d, "dtype": "float64"}
        times = bench.compare(case, (NUMBA, NUMPY, FUSED, JIT), 1)
        free = bench.compare(case | {"kind": "dense"}, (NUMBA, NUMPY), 1)
        extra = [number(statistics.median(times[way]) / statistics.median(free[way])) for way in (NUMBA, NUMPY) if way in times]
        rows.append(
            [f"{d:,}", *(shown(times, way, 1e6) for way in (NUMBA, NUMPY, FUSED, JIT)), *extra, times_faster(times, FUSED, NUMBA)]
        )
    heads = [
        "d",
        "numba, µs",
        "NumPy",
        "torch fused",
        "optax jit",
        "numba: with / without",
        "NumPy: with / without",
        "fused / numba",
    ]
    return ["## Adam and a projection to a box", table(heads, rows, words=())]


def blocks(bench, d):
    sizes = [2**k for k in (12, 15, 18, 21) if 2**k < d]
    ways = {size: f"{NUMPY} block={size}" for size in (*sizes, 0)}
    case = {"kind": "dense", "rule": "adam", "d": d, "dtype": "float64"}
    times = bench.compare(case, tuple(ways.values()), d, scale=2)
    rows = [
        [f"{size:,}" if size else "none", shown(times, way, 1e9), times_faster(times, ways[0], way)] for size, way in ways.items()
    ]
    heads = ["block, coordinates", "ns each", "no blocks / blocks"]
    return [f"## Adam in NumPy, block by block, d = {d:,}", table(heads, rows, words=())]


def arithmetic(bench):
    dense = {"kind": "dense", "rule": "adam", "d": 100_000, "dtype": "float64"}
    run = {"kind": "scalar", "rule": "adam", "T": 1_000_000, "dtype": "float64"}
    short = run | {"T": 6_000}  # after 6,723 steps the product 0.9**t is a subnormal number, which some processors are slow with
    divided, plain, carried = f"{NUMBA} dividing", f"{NUMBA} free", f"{NUMBA} carried"
    rows = []
    for what, case, slow, fast, count in (
        ("one division a coordinate, not three: dense step", dense, divided, NUMBA, dense["d"]),
        *(
            (f"powers carried from step to step: scalar run of {one['T']:,}", one, plain, carried, one["T"])
            for one in (short, run)
        ),
    ):
        times = bench.compare(case, (fast, slow), count)
        rows.append([what, *(shown(times, way, 1e9) for way in (slow, fast)), times_faster(times, slow, fast)])
    return ["## What divisions and powers of Adam cost", table(["with", "without, ns", "with, ns", "without / with"], rows)]


def divider(bench):
    case = {"kind": "runs", "rule": "adagrad", "T": 1_000, "runs": 1_000, "dtype": "float64"}
    ways = {
        NUMBA: "numba", BARE: "numba, root and quotient alone", JIT: "jax scan of optax, which approximates the reciprocal root",
        f"{JIT} dividing": "jax scan with a root and a quotient",
    }  # fmt: skip
    times = bench.compare(case, tuple(ways), case["T"] * case["runs"], scale=2)
    rows = [[name, shown(times, way, 1e9), times_faster(times, way, NUMBA)] for way, name in ways.items()]
    heads = ["a thousand runs of AdaGrad", "ns a step of a run", "this / numba"]
    return ["## What bounds a thousand runs", table(heads, rows)]


def precision(bench, d):
    rows = []
    for rule in ("adagrad", "adam"):
        case = {"kind": "dense", "rule": rule, "d": d, "dtype": "float64"}
        ways = (NUMBA, NUMPY, FUSED, JIT)
        times = bench.compare(case, [way + option for way in ways for option in ("", " single")], d)
        rows.append([rule, *(times_faster(times, way, f"{way} single") for way in ways)])
    return [f"## Float32 over float64, d = {d:,}", table(["times faster", "numba", "NumPy", "torch fused", "optax jit"], rows)]


def threads(bench, d):
    rows = []
    for name, one in (("bare loop", BARE), ("numba", NUMBA), ("torch fused", FUSED)):
        case = {"kind": "dense", "rule": "adam", "d": d, "dtype": "float64"}
        ways = (f"{one} threads=1", f"{one} threads=2")
        times = bench.compare(case, ways, d, scale=2)
        rows.append([name, *(shown(times, way, 1e9) for way in ways), times_faster(times, *ways)])
    heads = ["Adam", "one thread, ns each", "two threads", "one / two"]
    return [f"## Two threads, d = {d:,}", table(heads, rows)]


def checks(bench, sizes):
    rows = []
    for d in sorted({10, 100_000, sizes[-1]}):
        case = {"kind": "dense", "rule": "adam", "d": d, "dtype": "float64"}
        times = bench.compare(case, (NUMBA, f"{NUMBA} looking"), 1)
        rows.append([f"{d:,}", *(shown(times, way, 1e6) for way in times), times_faster(times, f"{NUMBA} looking", NUMBA)])
    heads = ["d", "check_finite=False, µs", "check_finite=True (the default), µs", "with / without"]
    return ["## What the search for NaN costs", table(heads, rows, words=())]


def memory(bench, d):
    rows = []
    for library, ways in peers.LIBRARIES.items():
        for way in ways if library in bench.libraries else ():
            bench.libraries[library]("prepare", {"kind": "dense", "rule": "adam", "d": d, "dtype": "float64", "way": way})
            beyond = bench.libraries[library]("memory")
            bench.measured.append({"part": "memory", "way": f"{library} {way}", "d": d, "bytes": beyond})
            rows.append([f"{library} {way}", "-" if beyond is None else f"{beyond / (8 * d):.2f}"])
    return [f"## Memory of a step beyond w, g and the states: Adam, d = {d:,}", table(["way", "vectors of length d"], rows)]


class Targets:
    """The ratios that the engine is held to, each with what was found."""

    def __init__(self):
        self.rows = []

    def _row(self, what, wanted, found, met):
        self.rows.append([what, wanted, found, "met" if met else "**missed**"])

    def _at_least(self, what, times, slow, fast, least):
        if slow in times and fast in times:
            found = ratio(times, slow, fast)[0]
            self._row(what, f">= {least}", number(found), found >= least)

    def see(self, case, times):
        kind, rule, d = case["kind"], case["rule"], case.get("d")
        if kind == "dense" and rule == "adam" and case["dtype"] == "float64":
            if d == 10:
                self._at_least("Adam, d = 10: optax / numba", times, JIT, NUMBA, 6)
                self._at_least("Adam, d = 10: torch fused / numba", times, FUSED, NUMBA, 15)
            for size, least in ((100_000, 1.8), (1_000_000, 1.5), (10_000_000, 1.15)):
                if d == size:
                    self._at_least(f"Adam, d = {d:,}: torch fused / numba", times, FUSED, NUMBA, least)
        if kind == "dense" and rule == "adagrad" and case["dtype"] == "float64" and d == 10_000_000:
            self._at_least("AdaGrad, d = 10,000,000: torch fused / numba", times, FUSED, NUMBA, 1.2)
        if kind == "sparse" and d == 1_000_000 and case["nnz"] == 100:
            self._at_least("sparse AdaGrad: torch / numba", times, "torch sparse", NUMBA, 30)
            self._at_least("sparse AdaGrad: torch / NumPy", times, "torch sparse", NUMPY, 9)
        if kind == "scalar" and JIT in times:
            most = 11 if rule == "adam" else 2.5
            found = ratio(times, NUMBA, JIT)[0]
            self._row(f"scalar loop, {rule}: numba / jax scan", f"<= {most}", number(found), found <= most)
        if kind == "scalar" and "torch loop" in times:
            found = statistics.median(times["torch loop"]) / statistics.median(times[NUMBA])
            self._row(f"scalar loop, {rule}: torch / numba", ">= 300", number(found), found >= 300)
        if kind == "runs":
            self._at_least(f"1,000 runs, {rule}: jax / numba", times, JIT, NUMBA, 2)

    def roofline(self, rule, reached):
        if rule == "adam":
            self._row(
                "Adam, d = 10,000,000: of a loop that moves the same bytes", ">= 90 %", f"{100 * reached:.0f} %", reached >= 0.9
            )


PARTS = {
    "dense": dense,
    "roofline": lambda bench, sizes, targets: roofline(bench, sizes[-1], targets),
    "sparse": sparse,
    "online": lambda bench, sizes, targets: online(bench, targets),
    "projections": lambda bench, sizes, targets: projections(bench),
    "blocks": lambda bench, sizes, targets: blocks(bench, sizes[-1]),
    "arithmetic": lambda bench, sizes, targets: arithmetic(bench),
    "divider": lambda bench, sizes, targets: divider(bench),
    "precision": lambda bench, sizes, targets: precision(bench, sizes[-1]),
    "threads": lambda bench, sizes, targets: threads(bench, sizes[-1]),
    "checks": lambda bench, sizes, targets: checks(bench, sizes),
    "memory": lambda bench, sizes, targets: memory(bench, sizes[-1]),
}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer_steps", description=__doc__.partition(":")[0])
    parser.add_argument("--rounds", type=int, default=7, help="rounds in which all take their turn (7)")
    parser.add_argument("--round", type=float, default=0.1, help="seconds that one measurement aims at (0.1)")
    parser.add_argument(
        "--only",
        nargs="*",
        help="parts: dense roofline sparse online projections blocks arithmetic divider precision threads checks memory",
    )
    parser.add_argument("--without", nargs="*", default=[], help="libraries to leave out: torch jax")
    parser.add_argument("--small", action="store_true", help="no vector longer than 100,000")
    parser.add_argument("--dry", action="store_true", help="write no result")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    described = machine("numpy", "numba", "torch", "optax", "jax")
    libraries, missing = {}, []
    for name in peers.LIBRARIES:
        library = None if name in options.without else Library(name)
        if library is not None and library.missing is None:
            libraries[name] = library
        else:
            missing.append(name)
    if "lecture_optim" not in libraries:
        sys.exit("the package itself cannot be loaded: pip install -e '.[fast]'")
    sizes = tuple(d for d in SIZES if d <= 100_000) if options.small else SIZES
    bench, targets = Bench(libraries, options.rounds, options.round), Targets()
    parts = [
        described,
        "One core each where no threads are named, and the time of the processor; the threads' is the clock's. "
        f"Medians of {options.rounds} rounds in which all take their turn; a ratio is the median of the rounds' ratios, "
        "with the least and the most. Every step's numbers were compared with the others' first.",
    ]
    if missing:
        parts.append(f"Left out: {', '.join(missing)}.")
    try:
        for name in options.only or PARTS:
            print(f"{time.perf_counter() - start:5.0f} s  {name}", file=sys.stderr, flush=True)
            bench.part = name
            parts += PARTS[name](bench, sizes, targets)
    finally:
        for library in libraries.values():
            library.close()
    if targets.rows:
        parts += ["## Targets", table(["what", "wanted", "found", ""], targets.rows, words=(0, 3))]
    parts.append(f"Took {(time.perf_counter() - start) / 60:.1f} minutes.")
    if options.dry:
        print("\n\n".join(parts))
        return
    print(save("optimizer_steps", "What a step of an optimizer costs", parts))
    lines = ",\n".join(json.dumps(entry) for entry in bench.measured)
    stored = f'{{"machine": {json.dumps(described)},\n"measured": [\n{lines}\n]}}\n'
    (RESULTS / "optimizer_steps.json").write_text(stored, "utf-8")


if __name__ == "__main__":
    main()
