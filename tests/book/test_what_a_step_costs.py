"""The chapter "What an optimizer step costs": its counts, what it reads from the stored times, and what its words say of them."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest

from lecture_optim import rules
from lecture_optim.plots import costs as plots
from lecture_optim.traffic import least_words

STORED = json.loads((Path(__file__).parents[2] / "benchmarks/results/optimizer_steps.json").read_text("utf-8"))
NUMBA, NUMPY = "lecture_optim numba", "lecture_optim numpy"
NAMES = {
    NUMBA: "numba", NUMPY: "NumPy", "torch fused": "torch fused", "jax jit": "optax jit", "torch foreach": "torch foreach",
    "torch for-loop": "torch for-loop", "torch sparse": "torch sparse",
}  # fmt: skip


def measured(part, way, **wanted):
    """The median seconds of the one entry, found a second time."""
    entries = [e for e in STORED["measured"] if e["part"] == part and way in e.get("seconds", {})]
    (entry,) = [e for e in entries if all(e["case"].get(k) == v for k, v in wanted.items())]
    return statistics.median(entry["seconds"][way])


def test_the_file_names_its_machine():
    for name in ("cores", "load", "Python", "numpy", "numba", "torch", "optax", "jax"):
        assert name in STORED["machine"]
    parts = {entry["part"] for entry in STORED["measured"]}
    assert {"dense", "roofline", "sparse", "online", "blocks", "arithmetic", "threads", "memory"} <= parts


def test_words_of_the_text():
    assert [least_words(getattr(rules, name)) for name in ("sgd", "adagrad", "adam", "amsgrad")] == [3, 5, 7, 9]


def test_more_than_five_times(page):
    adam = page["traffic"]["adam"]
    assert adam.words > 5 * adam.least


def test_curves_are_the_stored_times(page):
    assert set(page["drawn"]) == set(NAMES.values()) - {"torch sparse"}
    for way, name in NAMES.items():
        if name in page["drawn"]:
            lengths, times = page["drawn"][name]
            for d, ns in zip(lengths, times, strict=True):
                assert ns == pytest.approx(1e9 * measured("dense", way, rule="adam", d=int(d), dtype="float64") / d)
    for way in (NUMBA, NUMPY, "torch sparse"):
        numbers, times = page["sparse_data"][NAMES[way]]
        for n, us in zip(numbers, times, strict=True):
            assert us == pytest.approx(1e6 * measured("sparse", way, d=1_000_000, nnz=int(n)))
    data = page["block_data"]
    assert data["none"] == pytest.approx(100 * measured("blocks", f"{NUMPY} block=0"))
    for size, ns in zip(data["sizes"], data["times"], strict=True):
        assert ns == pytest.approx(100 * measured("blocks", f"{NUMPY} block={size}"))


def test_the_bound_is_the_bare_loops_time(page):
    for rule, ns in page["bound"].items():
        assert ns == pytest.approx(100 * measured("roofline", f"{NUMBA} bare", rule=rule))


def test_what_the_words_say_of_the_times(page):
    """Another machine's file may say otherwise; then the text has to."""
    drawn, bound = page["drawn"], page["bound"]["adam"]
    # Figure by length: steep on the left, level on the right, two groups.
    for lengths, times in drawn.values():
        assert times[0] > 20 * times[2] and lengths[0] == 10
    assert all(drawn[name][1][-1] < 3.5 * bound for name in ("numba", "torch fused", "optax jit"))
    assert all(drawn[name][1][-1] > 3 * bound for name in ("NumPy", "torch foreach", "torch for-loop"))
    # Blocks of some ten thousand coordinates are best, at less than half of none, and still far above the memory.
    data = page["block_data"]
    best = int(np.argmin(data["times"]))
    assert 2**12 <= data["sizes"][best] <= 2**18 and data["times"][best] < data["none"] / 2
    assert data["times"][best] > 2 * data["bound"]
    # Divisions and powers.
    assert page["ratio"] > 1.2 and page["power"] > 2 * page["carried"]
    # Sparse: the compiled rule lowest, PyTorch highest, nearly level at first; flat in d.
    ours, numpy_, torch = (page["sparse_data"][name][1] for name in ("numba", "NumPy", "torch sparse"))
    assert (ours < numpy_).all() and (numpy_ < torch).all()
    assert all(times[1] < 3 * times[0] and times[3] > 3 * times[1] for times in (ours, numpy_, torch))
    for way in (NUMBA, NUMPY):
        long, short = (measured("sparse", way, d=d, nnz=100) for d in (10_000_000, 100_000))
        assert long < 3 * short
    assert all(time > 100 * page["sparse"][way][1] for way, time in page["dense"].items())


def test_all_losses_are_shown(page):
    """Every case of the four parts in which the fastest way is not one of the package's has a row."""
    lost = 0
    for entry in STORED["measured"]:
        if entry["part"] in ("dense", "sparse", "online", "projections") and NUMBA in entry["seconds"]:
            times = {way: statistics.median(x) for way, x in entry["seconds"].items()}
            lost += not min(times, key=times.get).startswith("lecture_optim")
    headed = [row for row in page["rows"] if len(row) == 3]
    assert len(headed) == lost


def test_solutions(page):
    """The large model's step in gigabytes, and the divisions of AdaMax with the correction late."""
    assert 7 * 4 * 7 == 196 and (3 * 4 + 4 * 2) * 7 == 140
    old, w, g = page["late"], np.array([1.0, -2.0]), np.array([0.5, 3.0])
    np.testing.assert_allclose(old(w, g, w, g * g, 3.0, 0.1)[0], rules.adamax(w, g, w, g * g, 3.0, 0.1)[0], rtol=1e-15)


def test_figures_draw_what_they_return():
    curve = (np.array([10, 100]), np.array([5.0, 1.0]))
    data, axes = plots.by_length({"numba": curve, "optax jit": curve}, bound=0.5)
    assert [line.get_label() for line in axes.get_lines()][:2] == ["numba", "optax jit"]
    np.testing.assert_array_equal(axes.get_lines()[0].get_xydata().T, data["numba"])
    data, axes = plots.blocks([16, 64], [3.0, 2.0], none=4.0, bound=1.0)
    np.testing.assert_array_equal(axes.get_lines()[0].get_xydata().T, (data["sizes"], data["times"]))
    assert [line.get_ydata()[0] for line in axes.get_lines()[1:]] == [4.0, 1.0]
    data, axes = plots.by_nonzeros({"torch sparse": curve}, 1_000)
    np.testing.assert_array_equal(axes.get_lines()[0].get_xydata().T, data["torch sparse"])
    assert "1,000" in axes.get_xlabel()
