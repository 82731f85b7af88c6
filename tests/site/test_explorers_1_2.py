"""The explorers of Parts 1 and 2: what they compute is what the package computes, and what they say is what they compute."""

import re

import numpy as np
import pytest

from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import power_law, quadratic
from lecture_optim.projections import ball, box
from lecture_optim.rules import adagrad, adagrad_norm, adam, rmsprop, sgd
from lecture_optim.schedules import inverse_sqrt
from lecture_optim.sparsity import effective_support

from ..conftest import ON_CI
from . import checks
from . import test_explorers as common
from .test_explorers import CLASHES, SETTINGS, computed, equal, settle, told, walk
from .visit import NARROW

path, shared, opened = common.path, common.shared, common.opened
TRAVELLERS = ("sgd", "adagrad", "rmsprop", "adam")
LOSSES = ("rare", "dense", "quadratic", "turned")


def click(page, name, text):
    """Click a choice or a switch of an explorer and return what the explorer then says."""
    page.locator(f"optim-{name} .bar").get_by_text(text, exact=True).click()
    return told(page, name)


# ---------- Explorer 1: the same numbers as the package ----------


def sightings(run, words, steps):
    """The gradients of a run: 1 where a word is seen, else 0; (steps, words)."""
    gradients = np.zeros((steps, words))
    gradients[run["step"] - 1, run["word"]] = 1.0
    assert gradients.sum() == len(run["step"]), "no word is seen twice in one step"
    return gradients


def test_travel_is_what_the_package_travels(shared):
    rng = np.random.default_rng(11)
    settings = [
        {
            "all": True,
            "rule": TRAVELLERS[k % 4],
            "skew": rng.uniform(0, 2.5),
            "words": int(rng.integers(5, 40)),
            "beta2": rng.choice([0.9, 0.99, 0.9999, rng.uniform(0.9, 0.9999)]),
            "seed": int(rng.integers(10**6)),
            "steps": int(rng.integers(20, 1200)),
        }
        for k in range(SETTINGS)
    ]
    runs = computed(shared, "travel", settings)
    # All settings side by side: words that a run does not have, and steps after its last one, are never seen.
    longest, most = (max(one[name] for one in settings) for name in ("steps", "words"))
    gradients = np.zeros((longest, SETTINGS, most))
    for k, (one, run) in enumerate(zip(settings, runs, strict=True)):
        gradients[: one["steps"], k, : one["words"]] = sightings(run, one["words"], one["steps"])
    beta2 = np.array([[one["beta2"]] for one in settings])
    gone = {}
    for rule in (sgd, adagrad, rmsprop, adam):
        hyper = {"beta2": beta2} if rule in (rmsprop, adam) else {}
        w = play(optimizer(rule, lr=1.0, **hyper), gradients, np.zeros((SETTINGS, most)), record=("w",))
        gone[rule.__name__] = -np.vstack([w["w"], w.w[None]])
    for k, (one, run) in enumerate(zip(settings, runs, strict=True)):
        stops, words = run["stops"], one["words"]
        assert stops[0] == 1
        assert stops[-1] == one["steps"]
        assert np.all(np.diff(stops) > 0)
        np.testing.assert_array_equal(run["count"], np.cumsum(gradients[:, k, :words], axis=0)[stops - 1].T)
        for rule in TRAVELLERS:
            equal(run[rule], gone[rule][stops, k, :words].T)


def test_only_rules_that_are_asked_for_are_computed(shared):
    (run,) = computed(shared, "travel", [{"rule": "adagrad", "steps": 30}])
    assert set(run) & set(TRAVELLERS) == {"adagrad"}


def test_words_are_seen_as_often_as_the_page_says(shared):
    """Word i in each step with probability i^-skew, whatever happened before: single sightings and pairs of them."""
    steps, seeds, words = 1500, 20, 12
    i = np.arange(1.0, words + 1)
    for skew in (0.5, 1.0, 2.0):
        settings = [{"rule": "sgd", "skew": skew, "words": words, "seed": seed, "steps": steps} for seed in range(seeds)]
        seen = np.array([sightings(run, words, steps) for run in computed(shared, "travel", settings)])
        for found, p, n in (
            (seen.sum(axis=(0, 1)), i**-skew, steps * seeds),
            ((seen[:, ::2] * seen[:, 1::2]).sum(axis=(0, 1)), i ** (-2 * skew), steps * seeds // 2),
        ):
            assert np.all(np.abs(found - n * p) <= 4.5 * np.sqrt(n * p * (1 - p)))
        together = np.corrcoef(seen.reshape(-1, words)[:, 1:].T) - np.eye(words - 1)
        assert np.abs(together).max() < 5 / np.sqrt(steps * seeds)


def known_words(page):
    """Rarity k of the words with three sightings or more, and the settings' shares of travel, by rule."""
    (run,) = computed(page, "travel", [{"all": True}])
    n, T = run["count"][:, -1], run["stops"][-1]
    enough = n >= 3
    return T / n[enough], {rule: run[rule][enough, -1] / run[rule][0, -1] for rule in TRAVELLERS}


def slope(k, share):
    return np.polyfit(np.log(k), np.log(share), 1)[0]


def test_travel_shows_the_imbalance_and_one_click_halves_the_slope(opened):
    page = opened("travel")
    k, shares = known_words(page)
    said = told(page, "travel")
    assert slope(k, shares["sgd"]) == pytest.approx(-1, abs=1e-12)
    assert said.startswith("SGD: A word seen once in 6,670 steps has 1/6,670 of the travel")
    assert said.endswith("The slope is −1.00.")
    said = click(page, "travel", "AdaGrad")
    halved = slope(k, shares["adagrad"])
    assert -0.56 < halved < -0.5
    assert said.endswith(f"The slope is −{-halved:.2f}.")
    told_share = 1 / float(re.search(r"has 1/([\d,]+) of the travel", said).group(1))
    assert told_share == pytest.approx(shares["adagrad"][k.argmax()], rel=0.01)
    assert 0.5 < told_share * np.sqrt(k.max()) < 1, "the root, but for the beginning of the sum"


def test_averages_bend_where_their_memory_ends(opened):
    page = opened("travel")
    k, shares = known_words(page)
    for rule, name in (("rmsprop", "RMSProp"), ("adam", "Adam")):
        said = click(page, "travel", name)
        often, rarely = (slope(k[part], shares[rule][part]) for part in (k <= 100, k > 100))
        assert -0.6 < often < -0.5
        assert rarely < -0.9
        assert f"The slope is −{-often:.2f} for words that come back within 100 steps, and −{-rarely:.2f} for rarer ones." in said
    page.locator("optim-travel").get_by_role("slider", name="decay β2").press("End")
    said = told(page, "travel")
    assert "rarer" not in said
    assert -0.6 < float(re.search(r"The slope is −([\d.]+)", said).group(1)) * -1 < -0.5


def test_a_rare_sighting_is_worth_what_the_chapter_proves(shared):
    """RMSProp's step at a sighting that comes every k steps, against that of a word always seen (prop-rare-average)."""
    (run,) = computed(shared, "travel", [{"rule": "rmsprop", "beta2": 0.99}])
    n, T = run["count"][:, -1], run["stops"][-1]
    rare = (T / n > 1000) & (n >= 3)
    step = run["rmsprop"][rare, -1] / n[rare] / (run["rmsprop"][0, -1] / T)
    assert rare.sum() > 10
    np.testing.assert_allclose(step, 10, rtol=0.1)


def test_words_that_are_all_seen_alike_are_moved_alike(opened):
    page = opened("travel")
    slider = page.locator("optim-travel").get_by_role("slider", name="skew")
    slider.press("Home")
    assert told(page, "travel") == "All words are seen alike, and every rule moves them alike."
    slider.press("ArrowRight")
    assert told(page, "travel").startswith("SGD: A word seen once in 1."), "a little rarer is not alike"


def test_at_the_start_of_a_run_no_word_is_called_alike(opened):
    page = opened("travel")
    element = page.locator("optim-travel")
    (run,) = computed(page, "travel", [{}])
    rare = (run["count"] >= 3) & (run["count"] < run["stops"])
    first = int(rare.any(axis=0).argmax())
    assert run["stops"][first] > 10
    for place, steps in ((0, "1 step"), (first - 1, f"{run['stops'][first - 1]} steps")):
        element.get_by_role("slider", name="step t").fill(str(place))
        assert told(page, "travel") == f"After {steps} no rare word has been seen 3 times yet."
    element.get_by_role("slider", name="step t").fill(str(first))
    k = run["stops"][first] / run["count"][rare[:, first], first].max()
    assert told(page, "travel").startswith(f"SGD: A word seen once in {k:.3g} steps has")


def test_a_word_is_read_by_slider_and_by_pointer_without_a_new_run(opened):
    page = opened("travel")
    element = page.locator("optim-travel")
    element.evaluate("(element) => (window.run = element.result)")
    element.get_by_role("slider", name="word i").fill("10")
    settle(page)
    (run,) = computed(page, "travel", [{}])
    readout = re.sub(r"\s+", " ", element.locator(".readout").inner_text())
    assert f"word 10 seen {run['count'][9, -1]} times SGD 1/" in readout
    plot = element.locator(".plot svg[role=img]").first
    plot.scroll_into_view_if_needed()
    area = plot.bounding_box()
    page.mouse.move(area["x"] + 46, area["y"] + 40)
    settle(page)
    assert element.get_by_role("slider", name="word i").input_value() == "1"
    assert "word 1 seen 20,000 times SGD 1" in re.sub(r"\s+", " ", element.locator(".readout").inner_text())
    assert element.evaluate("(element) => window.run === element.result")


def test_where_there_are_fewer_words_the_last_one_is_read_and_the_chosen_one_remembered(opened):
    page = opened("travel")
    element = page.locator("optim-travel")
    word, words = (element.get_by_role("slider", name=name) for name in ("word i", "words d"))

    def shown():
        settle(page)
        assert word.input_value() == word.get_attribute("aria-valuetext")
        assert f"word {word.input_value()} " in re.sub(r"\s+", " ", element.locator(".readout").inner_text())
        return int(word.input_value()), int(word.get_attribute("max"))

    assert shown() == (40, 60)
    words.press("Home")
    assert shown() == (5, 5)
    words.press("End")
    assert shown() == (40, 100)
    words.press("Home")
    assert shown() == (5, 5)  # nobody presses two keys within one frame
    word.press("ArrowLeft")
    assert shown() == (4, 5)
    words.press("End")
    assert shown() == (4, 100)
    element.get_by_role("button", name="Reset").click()
    assert shown() == (40, 60)


def test_the_cursor_of_steps_shows_words_that_have_been_seen(opened):
    page = opened("travel")
    element = page.locator("optim-travel")
    dots = "(element) => element.shadowRoot.querySelectorAll('.plot')[0].querySelectorAll('circle').length"
    everything = element.evaluate(dots)
    element.get_by_role("slider", name="step t").fill("0")
    settle(page)
    assert 1 <= element.evaluate(dots) < everything / 4
    assert re.sub(r"\s+", " ", element.locator(".readout").inner_text()) == "word 40 not yet seen"
    assert "Word 40 is not yet seen." in element.get_by_role("slider", name="step t").get_attribute("aria-valuetext")
    (run,) = computed(page, "travel", [{}])
    element.get_by_role("slider", name="step t").fill(str((run["count"][39] > 0).argmax()))
    settle(page)
    assert "word 40 seen once SGD 1/" in re.sub(r"\s+", " ", element.locator(".readout").inner_text())
    assert "Word 40, seen once, has 1/" in element.get_by_role("slider", name="step t").get_attribute("aria-valuetext")


# ---------- Explorer 2: the same numbers as the package ----------


def losses_of(one, run):
    """The game of a run as the package plays it: (losses, largest length of a gradient that SGD is told)."""
    u, d, i = run["u"], one["d"], np.arange(1.0, one["d"] + 1)
    if one["losses"] == "rare":
        targets = u[run["coordinate"]] + run["noise"]

        def one_word(t, w):
            k, g = run["coordinate"][t - 1], np.zeros(w.shape)
            g[..., k] = np.sign(w[..., k] - targets[t - 1])
            return abs(w[..., k] - targets[t - 1]), g

        return one_word, 1.0
    if one["losses"] == "dense":
        targets = u + run["noise"].reshape(one["steps"], d)
        return lambda t, w: (np.abs(w - targets[t - 1]).sum(axis=-1), np.sign(w - targets[t - 1])), np.sqrt(d)
    weights = i ** -one["skew"]
    across = 2 * one["room"] * np.abs(u).max() * np.sqrt(d)
    turn = turned if one["losses"] == "turned" else lambda x, way: x

    def valley(t, w):
        own = turn(w - u, -1)
        return np.sum(own * (weights * own), axis=-1) / 2, turn(weights * own, 1)

    return valley, across  # the largest weight is 1


def turned(x, way):
    """x, turned by 30 degrees in the planes of the first and the last coordinate, the second and the last but one, ..."""
    half = x.shape[-1] // 2
    first, last, out = x[..., :half], x[..., ::-1][..., :half], x.copy()
    out[..., :half] = np.sqrt(3) / 2 * first - way * 0.5 * last
    out[..., ::-1][..., :half] = way * 0.5 * first + np.sqrt(3) / 2 * last
    return out


def reference(one, run, nudge):
    """By rule the package's regret, its bound (W^2 / 2c + c) ||s||, and s, the roots of the sums of squares, at each step.

    Of two runs side by side, one behind the other in the second axis: with the constant of the setting, and a little larger.
    """
    u, (losses, largest) = run["u"], losses_of(one, run)
    half, radius = one["room"] * np.abs(u).max(), one["room"] * np.linalg.norm(u)
    across = 2 * half * np.sqrt(one["d"])
    widths = {"adagrad": 2 * half, "adagrad_norm": 2 * radius, "sgd": across}
    constants = one["constant"] * np.array([[1.0], [1 + nudge]])
    c = {name: constants * W / np.sqrt(2) for name, W in widths.items()}
    players = {
        "adagrad": optimizer(adagrad, lr=c["adagrad"], project=box(-half, half)),
        "adagrad_norm": optimizer(adagrad_norm, lr=c["adagrad_norm"], project=ball(radius)),
        "sgd": optimizer(sgd, lr=inverse_sqrt(c["sgd"] / largest), project=box(-half, half)),
    }
    runs = {}
    for name, o in players.items():
        ran = play(o, losses, np.zeros((2, one["d"])), one["steps"], comparator=u, record=("regret", "g"))
        S = np.cumsum(ran["g"] ** 2, axis=0)
        size = {
            "adagrad": np.sqrt(S).sum(axis=-1),
            "adagrad_norm": np.sqrt(S.sum(axis=-1)),
            "sgd": largest * np.sqrt(ran.t)[:, None],
        }[name]
        factor = widths[name] ** 2 / (2 * c[name]) + c[name]
        runs[name] = (ran["regret"], factor[:, 0] * size, np.sqrt(S))
    return runs


@pytest.fixture(scope="module")
def games(shared):
    """A hundred random settings, and the element's runs of them."""
    rng = np.random.default_rng(13)
    settings = [
        {
            "losses": LOSSES[k % 4],
            "best": ("equal", "falling", "single")[k // 4 % 3],
            "skew": rng.uniform(0, 3),
            "d": int(rng.integers(2, 30)),
            "constant": rng.choice([1.0, 10 ** rng.uniform(-2, 1)]),
            "room": rng.choice([1.0, rng.uniform(1, 4)]),
            "seed": int(rng.integers(10**6)),
            "steps": int(rng.integers(30, 300)),
        }
        for k in range(SETTINGS)
    ]
    return list(zip(settings, computed(shared, "regret", settings), strict=True))


def test_regret_bound_and_spread_are_those_of_the_package(games):
    """As far as the package agrees with itself.

    Where rates are too large for a quadratic, errors of rounding grow from step to step; a second run of the package with a
    constant that is larger by a few such errors shows from which step on.
    """
    whole = 0
    for one, run in games:
        for name, both in reference(one, run, nudge=1e-15).items():
            regret, bound, roots = (part[:, 0] for part in both)
            apart = np.abs(both[0][:, 1] - regret) > 1e-11 * np.maximum(1, np.abs(regret))
            n = int(apart.argmax()) if apart.any() else one["steps"]
            whole += n == one["steps"]
            assert n > 5
            equal(run[name][:n], regret[:n])
            equal(run[f"bound_{name}"][:n], bound[:n])
            if name == "adagrad":
                equal(run["spread"][:n], effective_support(roots[:n]))
    assert whole >= 3 * SETTINGS - 6


def test_the_turned_quadratic_is_a_quadratic_of_the_package():
    """What the runs above are held to, against one with the matrix R diag(weights) R^T."""
    rng = np.random.default_rng(17)
    for d in (2, 5, 8):
        u, R = rng.normal(size=d), np.array([turned(row, 1) for row in np.eye(d)]).T
        np.testing.assert_allclose(R @ R.T, np.eye(d), atol=1e-15)
        A = R @ np.diag(np.arange(1.0, d + 1) ** -1.5) @ R.T
        problem = quadratic((A + A.T) / 2, A @ u)
        one = {"losses": "turned", "d": d, "skew": 1.5, "room": 1.0}
        f, largest = losses_of(one, {"u": u})
        for w in rng.normal(size=(5, d)):
            loss, gradient = f(1, w)
            assert loss == pytest.approx(problem.loss(w) - problem.loss(u))
            np.testing.assert_allclose(gradient, problem.gradient(w), atol=1e-12)
        assert largest / (2 * np.abs(u).max() * np.sqrt(d)) == pytest.approx(problem.smoothness)


def test_no_regret_passes_its_bound(games):
    for one, run in games:
        for name in ("adagrad", "adagrad_norm", "sgd"):
            assert np.all(run[name] <= run[f"bound_{name}"] * (1 + 1e-9)), (one, name)


def test_best_points_and_draws_are_as_the_page_says(shared):
    settings = [
        {"losses": losses, "best": best, "skew": 2.0, "d": 20, "steps": 2000, "seed": seed}
        for losses in ("rare", "dense")
        for best in ("equal", "falling", "single")
        for seed in range(4)
    ]
    runs = computed(shared, "regret", settings)
    i = np.arange(1.0, 21)
    sizes = {"equal": np.ones(20), "falling": 1 / i, "single": (i == 1) * 1.0}
    for one, run in zip(settings, runs, strict=True):
        equal(np.abs(run["u"]), sizes[one["best"]])
        assert len(run["noise"]) == (2000 if one["losses"] == "rare" else 40_000)
        noise = np.sort(run["noise"])
        ideal = np.linspace(-1, 1, len(noise))
        assert np.abs(noise - ideal).max() < 4 / np.sqrt(len(noise)), "uniform from -1 to 1"
    signs = [np.sign(run["u"]) for one, run in zip(settings, runs, strict=True) if one["best"] == "equal"]
    assert abs(np.mean(signs)) < 0.5
    rare = [run["coordinate"] for one, run in zip(settings, runs, strict=True) if one["losses"] == "rare"]
    found, p = np.bincount(np.concatenate(rare[:4]), minlength=20), power_law(20)  # one for each seed
    assert np.all(np.abs(found - 8000 * p) <= 4.5 * np.sqrt(8000 * p * (1 - p)))


# ---------- Explorer 2: the question, and its answer ----------


def ratio(said):
    """AdaGrad's regret over the norm version's, and the same of the bounds, as the explorer tells them."""
    regret = r"AdaGrad’s regret is (?:([\d.]+) times|as large as) the norm version’s"
    bound = r"(?:their bounds are equal|its bound is (?:([\d.]+) times|as large as) the norm version’s bound)\."
    words = re.search(f"{regret}, and {bound}", said)
    assert words, said
    return [float(word or 1) for word in words.groups()]


def test_regret_shows_the_gap_one_click_closes_it_and_another_turns_it_round(opened):
    page = opened("regret")
    paid, promised = ratio(told(page, "regret"))
    assert paid < 0.4
    assert promised < 0.5
    (run,) = computed(page, "regret", [{}])
    assert paid == pytest.approx(run["adagrad"][-1] / run["adagrad_norm"][-1], rel=0.02)
    assert promised == pytest.approx(run["bound_adagrad"][-1] / run["bound_adagrad_norm"][-1], rel=0.02)
    paid, promised = ratio(click(page, "regret", "all words"))
    assert 0.8 < paid < 1.1
    assert promised == 1
    click(page, "regret", "rare words")
    for best in ("falling", "one entry"):
        paid, promised = ratio(click(page, "regret", best))
        assert paid > 1.5
        assert promised > 2


def test_turning_the_quadratic_changes_little(opened):
    page = opened("regret")
    for losses in ("quadratic", "turned quadratic"):
        paid, promised = ratio(click(page, "regret", losses))
        assert paid < 0.1
        assert promised < 0.1


def test_a_tenth_of_the_constant_closes_the_race_and_leaves_the_bounds_apart(opened):
    page = opened("regret")
    before = ratio(told(page, "regret"))
    slider = page.locator("optim-regret").get_by_role("slider", name="c / (√2 D)")
    for _ in range(10):
        slider.press("ArrowLeft")
    settle(page)
    assert slider.get_attribute("aria-valuetext") == "0.1"
    paid, promised = ratio(told(page, "regret"))
    assert 0.85 < paid < 1.15
    assert promised == pytest.approx(before[1], abs=0.02)


def test_room_1_flatters_adagrad_as_the_chapter_says(shared):
    """Under "The room" the chapter says in words what room 4 does to the regrets."""

    def regrets(losses):
        near, far = computed(shared, "regret", [{"losses": losses, "room": room} for room in (1, 4)])
        return {rule: (near[rule][-1], far[rule][-1]) for rule in ("adagrad", "adagrad_norm", "sgd")}

    words, quadratic = regrets("rare"), regrets("quadratic")
    grows = [regret["adagrad"][1] / regret["adagrad"][0] for regret in (words, quadratic)]
    assert grows == [pytest.approx(5.5, rel=0.02), pytest.approx(17, rel=0.02)]
    for regret, by in zip((words, quadratic), grows, strict=True):
        assert 0.5 < regret["adagrad_norm"][1] / regret["adagrad_norm"][0] / by < 2, "about as much"
    sgd, ada = quadratic["sgd"], quadratic["adagrad"]
    assert sgd[0] == pytest.approx(sgd[1], rel=1e-9)
    assert [sgd[0] / ada[0], sgd[1] / ada[1]] == [pytest.approx(100, rel=0.1), pytest.approx(6, rel=0.1)]


def test_the_dot_of_the_map_takes_the_colour_of_the_smaller_bound(opened):
    page = opened("regret")
    dot = page.locator("optim-regret .plot").last.locator("circle")
    assert "--line-adagrad)" in dot.get_attribute("style")
    click(page, "regret", "falling")
    assert "--line-adagrad-norm)" in dot.get_attribute("style")
    assert "the best point over 1.6" in page.locator("optim-regret .plot").last.locator("svg[role=img]").get_attribute(
        "aria-label"
    )


def test_the_cursor_reads_regret_and_bound_of_each_rule(opened):
    page = opened("regret")
    element = page.locator("optim-regret")
    element.get_by_role("slider", name="step t").fill("0")
    settle(page)
    (run,) = computed(page, "regret", [{}])
    readout = re.sub(r"\s+", " ", element.locator(".readout").inner_text())
    assert readout.startswith(f"AdaGrad {run['adagrad'][0]:.3g}, at most {run['bound_adagrad'][0]:.3g} norm version ")
    assert "AdaGrad 1, norm version 1, SGD 1" in element.get_by_role("slider", name="step t").get_attribute("aria-valuetext")
    assert told(page, "regret").startswith("After 1 step AdaGrad’s regret is as large as the norm version’s")
    assert "The gradients are spread over 1 coordinate," in told(page, "regret")


def test_a_line_that_leaves_the_plot_keeps_its_name_and_says_where_it_went(opened):
    page = opened("regret")
    names = page.locator("optim-regret .plot").first.locator("text.name")
    assert {"SGD bound", "norm bound", "AdaGrad bound"} <= set(names.all_text_contents())
    click(page, "regret", "quadratic")
    assert {"↑ SGD bound", "norm bound", "AdaGrad bound"} <= set(names.all_text_contents())


def test_the_skew_has_no_say_where_all_words_come_in_every_step(opened):
    page = opened("regret")
    slider = page.locator("optim-regret").get_by_role("slider", name="skew")
    assert slider.is_enabled()
    click(page, "regret", "all words")
    assert slider.is_disabled()


def test_the_decay_rate_has_no_say_where_no_rule_forgets(opened):
    page = opened("travel")
    slider = page.locator("optim-travel").get_by_role("slider", name="decay")
    assert slider.is_disabled()
    for rule, forgets in (("Adam", True), ("AdaGrad", False), ("RMSProp", True), ("SGD", False)):
        click(page, "travel", rule)
        assert slider.is_enabled() == forgets
    click(page, "travel", "all rules")
    assert slider.is_enabled()


# ---------- Both, by every means and on every screen ----------


def test_travel_by_keyboard_alone(opened):
    page = opened("travel")
    # SGD has no decay rate, and a control that has no say is passed over.
    assert [kind for kind, _ in walk(page, "travel")] == ["radio", "switch", *["range"] * 3, *["button"] * 2, "range", "button"]
    page.locator("optim-travel").get_by_role("radio", name="SGD", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert told(page, "travel").startswith("AdaGrad:")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    settle(page)
    names = page.locator("optim-travel .readout dt").all_inner_texts()
    assert names == ["word 40", "AdaGrad", "SGD", "RMSProp", "Adam"]


def test_regret_by_keyboard_alone(opened):
    page = opened("regret")
    kinds = [kind for kind, _ in walk(page, "regret")]
    assert kinds == ["radio", "radio", *["range"] * 4, *["button"] * 2, "range", "button"]
    page.locator("optim-regret").get_by_role("radio", name="equal sizes").focus()
    page.keyboard.press("ArrowRight")
    assert ratio(told(page, "regret"))[0] > 1.5


@pytest.mark.parametrize("width", [320, 390, 1200] if ON_CI else [320])
def test_every_state_fits_every_screen(opened, width):
    page = opened(viewport={"width": width, "height": 900})
    states = {
        "travel": (["AdaGrad"], ["all rules"], ["Adam"], ["RMSProp", "all rules"]),
        "regret": (["falling"], ["all words"], ["one entry", "quadratic"], ["equal sizes", "turned quadratic"]),
    }
    ends = {"travel": ("skew", "words d"), "regret": ("dimension", "√2", "room")}
    for name, rounds in states.items():
        element = page.locator(f"optim-{name}")
        for clicks in rounds:
            for text in clicks:
                click(page, name, text)
            assert element.evaluate(CLASHES) == [], (name, width, clicks)
            assert checks.sideways(page) == []
        for key in ends[name]:
            for end in ("Home", "End"):
                element.get_by_role("slider", name=key).press(end)
                settle(page)
                assert element.evaluate(CLASHES) == [], (name, width, key, end)


@pytest.mark.parametrize("scheme", ["light", "dark"] if ON_CI else ["light"])
def test_axe_finds_nothing_in_their_other_states(opened, scheme):
    page = opened(viewport=NARROW, scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector(f"html[data-theme={scheme}]")
    click(page, "travel", "Adam")
    click(page, "travel", "all rules")
    click(page, "regret", "all words")
    click(page, "regret", "falling")
    assert checks.accessibility(page) == []
