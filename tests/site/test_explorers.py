"""The explorers: what they compute is what the package computes, and everybody can play with them."""

import json
import re

import numpy as np
import pytest

from lecture_optim.online import play
from lecture_optim.optimizer import optimizer
from lecture_optim.plots.style import COLORS, linestyle, readable
from lecture_optim.problems import reddi_periodic
from lecture_optim.projections import box
from lecture_optim.rules import adagrad, adam, amsgrad, ratio, rmsprop, sgd
from lecture_optim.schedules import inverse_sqrt

from ..conftest import ON_CI
from . import checks
from .conftest import ROOT, build, frame_around
from .visit import NARROW, WIDE, pages

NAMES = ("travel", "regret", "adam", "reddi")
SCRIPTS = ROOT / "book/_static/explorers"
KILOBYTE = 1000
LINES = 3.0  # the contrast of lines with the page
SETTINGS = 100  # random ones for each explorer
TITLE = "# Page\n\nOn the way to the *first* explorer, [a link](https://example.org/).\n\n"
SECTIONS = {
    name: f"""## Explorer {name}

:::{{explorer}} {name}
:still: fig-{name}

Which click makes *x* small?
:::

:::{{figure}} _static/favicon.svg
:name: fig-{name}
:width: 300px
:alt: A picture that stands for the explorer {name}.

What there is to play
:::
"""
    for name in NAMES
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page with all explorers and nothing else; beside it, one for each: three are drawn for nothing where one is tested."""
    alone = {name: f"{TITLE}{section}".replace(f"fig-{name}", f"fig-{name}-alone") for name, section in SECTIONS.items()}
    around = frame_around(TITLE + "\n".join(SECTIONS.values()), **alone)
    return build(tmp_path_factory.mktemp("explorers") / "site", around) / "book/index.html"


@pytest.fixture(scope="module")
def shared(path, open_window):
    """This page, open in one window; for tests that change nothing."""
    visit = open_window().open(path)
    assert visit.problems == []
    return visit.page


@pytest.fixture
def opened(path, tab):
    """Opens a page anew, of one explorer or of all: opened(name, viewport, scheme, reduced_motion=...) -> page."""

    def new(name="index", *arguments, **options):
        visit = tab.open(path.with_name(f"{name}.html"), *arguments, **options)
        assert visit.problems == []
        return visit.page

    return new


def settle(page):
    """Wait until what was changed is drawn, and until what is to be spoken is there."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function("() => ![...document.querySelectorAll('.explorer *')].some((element) => element.speaking)")


def told(page, name):
    """The explorer's state in words."""
    settle(page)
    return page.locator(f"optim-{name} [role=status]").inner_text()


def computed(page, name, settings):
    """The element's own trajectories for a list of settings, as arrays by name."""
    found = page.locator(f"optim-{name}").evaluate(  # as one text, which is the same numbers and takes a fraction of the time
        "(element, settings) => JSON.stringify(JSON.parse(settings).map((one) => element.trajectory(one)))", json.dumps(settings)
    )
    return [{key: np.array(value) for key, value in one.items()} for one in json.loads(found)]


def equal(actual, expected):
    """Within 1e-9, relative where numbers are large."""
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9 * min(1.0, np.max(np.abs(expected), initial=1e-30)))


# ---------- The same numbers as the package ----------


def uncorrected(w, g, m, v, t, lr, beta1, beta2, eps):
    """Adam without its two divisions."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * ratio(m, np.sqrt(v) + eps), m, v


def test_adam_computes_what_the_package_computes(shared):
    rng = np.random.default_rng(3)
    drawn = [
        rng.normal(0, 1, 200),
        np.repeat([0.0, *rng.normal(size=7)], 25),
        1.1 ** np.arange(-199.0, 1.0),
        rng.choice([-1.0, 0.0, 1.0], 200),
    ]
    settings = [
        {
            "gradients": (drawn[k % 4] * rng.uniform(0.1, 2)).tolist(),
            "beta1": rng.choice([0.0, 0.5, 0.9, rng.uniform(0, 0.99)]),
            "beta2": rng.choice([0.0, 0.9, 0.999, 0.9999, rng.uniform(0, 0.9999)]),
            "lr": 10 ** rng.uniform(-4, 0),
            "eps": rng.choice([0.0, 10 ** rng.uniform(-10, 0)]),
            "corrected": bool(k // 4 % 2),
        }
        for k in range(SETTINGS)
    ]
    for one, run in zip(settings, computed(shared, "adam", settings), strict=True):
        hyper = {name: one[name] for name in ("beta1", "beta2", "eps")}
        o = optimizer(adam if one["corrected"] else uncorrected, lr=one["lr"], **hyper)
        expected = play(o, np.array(one["gradients"]), 0.0, record=("w", "m", "v"))
        w = np.append(expected["w"], expected.w)
        equal(run["w"], w[1:])
        equal(run["step"], np.diff(w))
        t = np.arange(1, 201)
        for name, beta in (("m", one["beta1"]), ("v", one["beta2"])):
            equal(run[name], expected[name])
            equal(run[f"{name}_hat"], expected[name] / (1 - beta**t))


def test_the_cap_is_the_largest_step_and_is_reached(shared):
    t, rng, settings = np.arange(1, 201), np.random.default_rng(5), []
    for corrected in (False, True):
        for _ in range(10):
            beta1, beta2 = rng.uniform(0.3, 0.95), rng.uniform(0.5, 0.9999)
            growing = (beta2 / beta1) ** (t - 200.0)
            for g in (growing, rng.normal(size=200)):
                one = {"gradients": g.tolist(), "beta1": beta1, "beta2": beta2, "eps": 0.0, "lr": 0.01, "corrected": corrected}
                settings.append(one)
    for k, run in enumerate(computed(shared, "adam", settings)):
        assert np.all(np.abs(run["step"]) <= run["cap"] * (1 + 1e-9))
        if k % 2 == 0:
            np.testing.assert_allclose(np.abs(run["step"]), run["cap"], rtol=1e-9)
        assert run["printed"] == pytest.approx(0.01 * max(1, (1 - settings[k]["beta1"]) / np.sqrt(1 - settings[k]["beta2"])))


def reference(rule, C, beta2, alpha, start, steps):
    """The same run by the package."""
    falling, memory = inverse_sqrt(alpha), {"beta2": beta2}
    rules = {
        "adam": (rmsprop, falling, memory),
        "amsgrad": (amsgrad, falling, {**memory, "beta1": 0.0}),
        "adagrad": (adagrad, alpha, {}),
        "sgd": (sgd, falling, {}),
    }
    law, lr, hyper = rules[rule]
    o = optimizer(law, lr=lr, project=box(-1, 1), **hyper)
    return play(o, reddi_periodic(steps, C), start, comparator=-1.0, record=("w", "regret"))


def test_reddi_computes_what_the_package_computes(shared):
    rng, rules = np.random.default_rng(7), ("adam", "amsgrad", "adagrad", "sgd")
    settings = [
        {
            "rule": rules[k % 4],
            "C": rng.uniform(2, 5),
            "beta2": rng.choice([0.0, 0.1, 0.999, rng.uniform(0, 1)]),
            "alpha": 10 ** rng.uniform(-1.3, 0.3),
            "start": rng.uniform(-1, 1),
            "steps": 900,
        }
        for k in range(SETTINGS)
    ]
    for one, run in zip(settings, computed(shared, "reddi", settings), strict=True):
        expected = reference(**one)
        equal(run["x"], expected["w"])
        equal(run["regret"], expected["regret"])
        equal(run["last"], expected.w)


def cycles(C, beta2, steps, record=()):
    """Runs of Adam on the example side by side, one for each pair of a slope and a decay rate, from 0."""
    high, low = C[:, None], -np.ones((C.size, 1))
    o = optimizer(rmsprop, lr=inverse_sqrt(0.5), beta2=beta2[:, None], project=box(-1, 1))

    def losses(t, x):
        g = high if t % 3 == 1 else low
        return g * x, g

    return play(o, losses, np.zeros((C.size, 1)), steps, record=record)


MAP = """(element, [C, beta2]) => {
    const { drift, threshold } = element.constructor;
    return [C.map((c, k) => drift(c, beta2[k])), beta2.map((b) => Math.min(threshold(b), 1e6))];
}"""


def test_the_drift_is_that_of_the_packages_averages(shared):
    rng = np.random.default_rng(11)
    C, beta2 = rng.uniform(2, 5, SETTINGS), rng.uniform(0, 0.98, SETTINGS)
    drifts, borders = shared.locator("optim-reddi").evaluate(MAP, [C.tolist(), beta2.tolist()])
    v = cycles(C, beta2, 3000, record=("v",))["v"][-3:, :, 0]
    scale = (1 - beta2**3) / (1 - beta2)
    equal(drifts, -C / np.sqrt(scale * v[0]) + np.sum(1 / np.sqrt(scale * v[1:]), axis=0))
    vanishing, _ = shared.locator("optim-reddi").evaluate(MAP, [borders, beta2.tolist()])
    assert np.max(np.abs(vanishing)) < 1e-12


def test_the_map_says_where_the_package_ends(shared):
    C, beta2 = (part.ravel() for part in np.meshgrid(np.linspace(2.05, 4.95, 12), np.linspace(0.0, 0.98, 12)))
    ends = cycles(C, beta2, 9000).w[:, 0]
    drifts, borders = map(np.array, shared.locator("optim-reddi").evaluate(MAP, [C.tolist(), beta2.tolist()]))
    decided = np.abs(ends) > 0.9
    assert decided.sum() > 120
    np.testing.assert_array_equal(np.sign(ends[decided]), np.sign(drifts[decided]))
    np.testing.assert_array_equal(borders > C, drifts > 0)


# ---------- The question, and its answer ----------


def test_adam_shows_long_first_steps_and_one_click_makes_them_equal(opened):
    page = opened("adam")
    assert told(page, "adam") == "Without bias correction the longest of 200 steps is 6.57 times the learning rate, at step 12."
    run = computed(page, "adam", [{}])[0]
    assert np.abs(run["step"]).max() == pytest.approx(0.00657, rel=1e-3)
    page.get_by_role("switch", name="Bias correction").click()
    assert told(page, "adam") == "With bias correction every step is as long as the learning rate."
    page.get_by_role("switch", name="Bias correction").click()
    assert "6.57" in told(page, "adam")


def test_adam_can_be_made_to_pass_the_bound_of_the_paper(opened):
    page = opened("adam")
    page.get_by_role("switch", name="Bias correction").click()
    page.get_by_text("growing", exact=True).click()
    assert "paper" not in told(page, "adam")
    slider = page.locator("optim-adam").get_by_role("slider", name="decay β2")
    for _ in range(20):
        slider.press("ArrowLeft")
    settle(page)
    assert slider.get_attribute("aria-valuetext") == "0.99"
    assert "more than the paper’s bound, 1 times" in told(page, "adam")


def test_reddi_shows_adam_failing_and_one_click_turns_it_round(opened):
    page = opened("reddi")
    assert "at step 30,000 Adam is at 1.00, the worst point" in told(page, "reddi")
    for rule in ("AMSGrad", "AdaGrad", "SGD"):
        page.locator("optim-reddi").get_by_text(rule, exact=True).click()
        said = told(page, "reddi")
        assert f"{rule} is at −" in said
        assert "worst" not in said
    page.locator("optim-reddi").get_by_text("AMSGrad", exact=True).click()
    assert "the best point" in told(page, "reddi")


def test_reddi_speaks_of_the_step_that_is_shown_and_draws_no_point_beyond_its_axes(opened):
    page = opened("reddi")
    element = page.locator("optim-reddi")
    points, prices = element.locator(".plot").nth(1), element.locator(".plot").nth(2)
    assert points.locator("circle").count() == prices.locator("circle").count() == 1
    (run,) = computed(page, "reddi", [{}])
    assert f"the worst point. On average a step has cost {run['regret'][-1] / 30_000:.3f} more than at" in told(page, "reddi")
    element.get_by_role("slider", name="step t").fill("0")
    said = "at step 1 Adam is at 0.00, still on its way. On average a step has cost 3.000 more than at the best point."
    assert said in told(page, "reddi")
    assert run["regret"][0] == 3
    assert (points.locator("circle").count(), prices.locator("circle").count()) == (1, 0)  # the first price is above the axis


def test_reddis_words_dot_and_readout_are_at_one_point(opened):
    page = opened("reddi")
    element, costs = page.locator("optim-reddi"), set()
    for settings in ({"rule": "sgd", "alpha": 2.0}, {"rule": "amsgrad", "start": -1.0, "alpha": 2.0}):
        run = element.evaluate("(element, settings) => (element.set(settings), element.trajectory())", settings)
        for place in (0, 1, 2, 3, 8):
            element.get_by_role("slider", name="step t").fill(str(place))
            t, dot = element.evaluate(
                "(element) => { element.now(); return element.points.picture.marks.find((mark) => mark.dot).dot; }"
            )
            said = told(page, "reddi").replace("−", "-")
            where = "the worst point" if dot > 0.9 else "the best point" if dot < -0.9 else "still on its way"
            assert dot == run["x"][t - 1]
            assert f"at step {t} {'SGD' if settings['rule'] == 'sgd' else 'AMSGrad'} is at {dot + 0:.2f}, {where}." in said
            assert f"xt {dot + 0:.4f}" in re.sub(r"\s+", " ", element.locator(".readout").inner_text()).replace("−", "-")
            price = run["regret"][t - 1] / t
            cost = f"{abs(price):.3f} {'more' if price > 0 else 'less'} than" if round(price, 3) else "as much as"
            assert f"On average a step has cost {cost} at the best point." in said
            costs.add(cost.split()[1])
    assert costs >= {"more", "less"}


def test_reddi_can_be_moved_over_the_border_of_the_map(opened):
    page = opened("reddi")
    plot = page.locator("optim-reddi .plot").first.locator(":scope > svg")
    area = plot.bounding_box()
    page.mouse.move(area["x"] + 0.3 * area["width"], area["y"] + 0.6 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.8 * area["width"], area["y"] + 0.3 * area["height"], steps=4)
    page.mouse.up()
    assert "the best point" in told(page, "reddi")


def test_an_explorer_has_its_room_before_its_script_comes(path, visitor):
    """So that what stands below stays where it is: the rooms in explorers.css are within three lines of what is needed."""
    page = visitor().context.new_page()

    def heights(width, defined):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri(), wait_until="load")
        assert page.locator(".explorer figure > :not(:defined)").count() == (0 if defined else 4)
        elements = page.locator(".explorer figure > *").all()
        return {name: e.bounding_box()["height"] for e in elements if "-" in (name := e.evaluate("(e) => e.localName"))}

    widths = (360, 412, 600, 700, 1200, 1400)
    page.route(re.compile(r"/explorers/\w+\.js"), lambda route: route.abort())  # addresses of scripts end with a version
    before = {width: heights(width, False) for width in widths}
    page.unroute_all()
    after = {width: heights(width, True) for width in widths}
    pairs = {(width, name): (before[width][name], high) for width in widths for name, high in after[width].items()}
    assert len(pairs) == 4 * len(widths)
    assert {where: (low, high) for where, (low, high) in pairs.items() if abs(low - high) > 72} == {}


# ---------- By every means ----------


def test_gradients_are_drawn_with_the_mouse(opened):
    page = opened("adam")
    plot = page.locator("optim-adam svg.drawn")
    plot.scroll_into_view_if_needed()
    area = plot.bounding_box()
    start, end = area["x"] + 0.5 * area["width"], area["x"] + 0.8 * area["width"]
    page.mouse.move(start, area["y"] + 0.3 * area["height"])
    page.mouse.down()
    page.mouse.move(end, area["y"] + 0.8 * area["height"], steps=3)
    page.mouse.up()
    settle(page)
    assert plot.bounding_box() == area, "what is drawn on does not move"
    gradients = np.array(page.locator("optim-adam").evaluate("(element) => element.settings.gradients"))
    changed = np.flatnonzero(gradients != 1)
    assert len(changed) > 40
    assert np.all(np.diff(changed) == 1), "a stroke leaves no gap"
    assert np.all(np.diff(gradients[changed]) <= 0)
    assert page.get_by_role("radio", name="your own").is_checked()


@pytest.mark.parametrize("width", [320, 390, 1200] if ON_CI else [390])
@pytest.mark.parametrize("colours", ["none", "active"])
def test_what_is_drawn_on_stays_where_it_is(opened, width, colours):
    """Whatever was chosen before, the first touch, which chooses "your own", moves nothing under the pointer."""
    page = opened("adam", {"width": width, "height": 900}, forced_colors=colours)
    plot = page.locator("optim-adam svg.drawn")
    for preset in ("constant", "alternating", "one spike", "noise", "growing"):
        page.locator("optim-adam").get_by_text(preset, exact=True).click()
        settle(page)
        plot.scroll_into_view_if_needed()
        before = plot.bounding_box()
        page.mouse.move(before["x"] + 0.5 * before["width"], before["y"] + 0.3 * before["height"])
        page.mouse.down()
        page.mouse.up()
        settle(page)
        assert page.get_by_role("radio", name="your own").is_checked()
        assert plot.bounding_box() == before, preset


def test_gradients_are_drawn_with_a_finger(path, visitor):
    page = visitor(NARROW, has_touch=True).open(path).page
    plot = page.locator("optim-adam svg.drawn")
    plot.scroll_into_view_if_needed()
    area = plot.bounding_box()
    page.touchscreen.tap(area["x"] + 0.5 * area["width"], area["y"] + 0.9 * area["height"])
    settle(page)
    gradients = np.array(page.locator("optim-adam").evaluate("(element) => element.settings.gradients"))
    assert np.sum(gradients != 1) == 1
    assert gradients.min() < -1


def walk(page, name):
    """Every stop of the tabulator inside of an explorer, from its first to its last: (role, name)."""
    page.locator("article a[href='https://example.org/']").focus()
    stops = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
            const host = document.activeElement, inside = host.shadowRoot?.activeElement;
            if (!inside) return [host.localName, '', ''];
            const label = inside.labels?.[0]?.textContent ?? inside.getAttribute('aria-label') ?? inside.textContent;
            return [host.localName, inside.getAttribute('role') ?? inside.type ?? inside.localName, label.trim()];
        }"""
        )
        if stop[0] == f"optim-{name}":
            stops.append(tuple(stop[1:]))
        elif stops:
            break
    return stops


def test_adam_by_keyboard_alone(opened):
    page = opened("adam")
    kinds = [kind for kind, _ in walk(page, "adam")]
    assert kinds == ["switch", *["range"] * 4, *["button"] * 3, "range", "button", "radio", "slider"]
    page.locator("article a[href='https://example.org/']").focus()
    page.keyboard.press("Tab")
    while not page.evaluate("() => document.activeElement.localName === 'optim-adam'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert "every step is as long" in told(page, "adam")
    for _ in kinds[1 : kinds.index("radio") + 1]:
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="alternating").is_checked()
    page.keyboard.press("Tab")
    plot = page.get_by_role("slider", name="Gradients")
    settle(page)
    assert plot.get_attribute("aria-valuetext") == "step 12, gradient −1"
    for key in ("Home", "PageUp", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert plot.get_attribute("aria-valuetext") == "step 10, gradient −0.9"
    page.keyboard.press("Shift+ArrowDown")
    gradients = page.locator("optim-adam").evaluate("(element) => element.settings.gradients")
    assert gradients[:9] == [1, -1] * 4 + [1]
    assert gradients[9:] == [-1] * 191


def test_reddi_by_keyboard_alone(opened):
    page = opened("reddi")
    kinds = [kind for kind, _ in walk(page, "reddi")]
    assert kinds == ["radio", *["range"] * 4, *["button"] * 2, "range", "button"]
    page.locator("optim-reddi").get_by_role("radio", name="Adam", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert "AMSGrad" in told(page, "reddi")
    page.keyboard.press("ArrowLeft")
    page.locator("optim-reddi").get_by_role("slider", name="decay β2").focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    assert "the best point" in told(page, "reddi")


@pytest.mark.parametrize("name", NAMES)
def test_every_control_says_what_it_is(shared, name):
    stops = walk(shared, name)
    assert len(stops) > 6
    assert all(label for _, label in stops), stops


def test_the_cursor_reads_values(opened):
    page = opened("adam")
    slider = page.locator("optim-adam").get_by_role("slider", name="step t")
    slider.fill("0")
    settle(page)
    assert "step 0.00316 = 3.16 α" in re.sub(r"\s+", " ", page.locator("optim-adam .readout").inner_text())
    plot = page.locator("optim-adam .plot").first.locator(":scope > svg")
    plot.scroll_into_view_if_needed()
    area = plot.bounding_box()
    page.mouse.move(area["x"] + 0.5 * area["width"], area["y"] + 50)
    settle(page)
    assert 80 < int(slider.input_value()) < 120


def test_playing_draws_step_by_step_and_stops(opened):
    page = opened("adam")
    element = page.locator("optim-adam")
    line = """(element) => {
        const [steps] = element.shadowRoot.querySelectorAll('.plot');
        return steps.querySelectorAll('.tinted')[3].getAttribute('d').split('L').length;
    }"""
    assert element.evaluate(line) == 200
    element.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('optim-adam').at > 5")
    element.get_by_role("button", name="Pause").click()
    settle(page)
    at = element.evaluate("(element) => element.at")
    assert element.evaluate(line) == at + 1 < 200
    element.get_by_role("button", name="Step").click()
    settle(page)
    assert element.evaluate(line) == at + 2
    element.get_by_role("button", name="Back").click()
    settle(page)
    assert element.evaluate("(element) => element.at") == at
    element.get_by_role("button", name="Reset").click()
    settle(page)
    assert element.evaluate(line) == 200


@pytest.mark.parametrize("name", NAMES)
def test_without_motion_playing_shows_all_at_once(opened, name):
    page = opened(name, reduced_motion="reduce")
    element = page.locator(f"optim-{name}")
    element.get_by_role("slider", name="step t").fill("3")
    settle(page)
    element.get_by_role("button", name="Show all").click()
    settle(page)
    assert element.evaluate("(element) => [element.at, element.seen, Boolean(element.playing)]") == [
        element.evaluate("(element) => element.count - 1"),
        element.evaluate("(element) => element.count - 1"),
        False,
    ]


def test_large_numbers_are_all_written_with_a_comma(opened):
    page, found = opened(), ""
    states = (
        ("travel", [{"all": True}, {"word": 1}, {"beta2": 0.9999}]),
        ("regret", [{}, {"losses": "quadratic", "d": 100, "room": 4}]),
        ("reddi", [{}]),
    )
    for name, changes in states:
        element = page.locator(f"optim-{name}")
        for change in changes:
            element.evaluate("(element, change) => { element.set(change); element.now(); }", change)
            settle(page)
            found += element.evaluate(
                """(element) => [...element.shadowRoot.querySelectorAll('.live > div *, .live > p, .live > dl *')]
                .flatMap((part) => [part.getAttribute('aria-valuetext'), part.children.length ? '' : part.textContent])
                .join(' ; ')"""
            )
    assert re.findall(r"(?<![\d.,])\d{4,}", found) == []
    assert {"1,000", "20,000", "30,000", "2,000"} <= set(re.findall(r"\d+,\d+", found))


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("travel", "words d", "skew"), ("regret", "skew", "dimension"), ("adam", "α", "β2"), ("reddi", "α", "β2")],
)
def test_a_change_is_announced_once_it_has_come_to_rest(opened, name, first, second):
    page = opened(name)
    element = page.locator(f"optim-{name}")
    element.evaluate("""(element) => {
        const status = element.shadowRoot.querySelector('[role=status]');
        window.spoken = [];
        new MutationObserver(() => window.spoken.push(status.textContent)).observe(status, {childList: true});
    }""")
    slider = element.get_by_role("slider", name=first)
    for _ in range(6):
        slider.press("ArrowRight")
    element.get_by_role("slider", name=second).press("Home")
    said = told(page, name)
    spoken = page.evaluate("() => window.spoken")
    assert spoken[-1] == said
    assert len(spoken) <= 3


@pytest.mark.parametrize("name", NAMES)
def test_words_move_with_the_picture_and_are_spoken_once_at_rest(opened, name):
    """While playing, what is read is of the step that is shown; a screen reader hears of the last one, and only once."""
    page = opened(name, NARROW)
    element = page.locator(f"optim-{name}")
    first = told(page, name)
    seen = element.evaluate("""async (element) => {
        const root = element.shadowRoot, status = root.querySelector('[role=status]'), words = root.querySelector('.told');
        window.spoken = [];
        new MutationObserver(() => window.spoken.push(status.textContent)).observe(status, {childList: true});
        const seen = [], say = element.say;
        element.say = (text) => {
            say.call(element, text);
            seen.push([text, words.textContent, status.textContent, words.offsetHeight, Boolean(element.playing)]);
        };
        element.seconds = 1.5;
        [...root.querySelectorAll('button')].find((button) => button.textContent === 'Play').click();
        await new Promise((done) => setTimeout(done, 700));
        element.stop();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        return seen;
    }""")
    assert len(seen) > 3
    assert all(words == text for text, words, *_ in seen)
    assert {heard for _, _, heard, *_ in seen} == {first}
    heights = [high for *_, high, playing in seen if playing]
    assert heights == sorted(heights), "what stands below does not jump to and fro"
    assert told(page, name) == seen[-1][0]
    assert page.evaluate("() => window.spoken") == [seen[-1][0]] * (seen[-1][0] != first)
    # Seen and heard, each once.
    assert element.locator(".told").get_attribute("aria-hidden") == "true"
    assert element.locator(".told").is_visible()
    box = element.locator("[role=status]").bounding_box()
    assert max(box["width"], box["height"]) <= 1
    assert element.aria_snapshot().count(seen[-1][0]) == 1


def test_reset_brings_the_beginning_back(opened):
    page = opened("reddi")
    before = told(page, "reddi")
    page.locator("optim-reddi").get_by_text("SGD", exact=True).click()
    page.locator("optim-reddi").get_by_role("slider", name="start").press("Home")
    assert told(page, "reddi") != before
    page.locator("optim-reddi").get_by_role("button", name="Reset").click()
    assert told(page, "reddi") == before


# ---------- On every screen ----------


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "dark"), (WIDE, "light"), (NARROW, "light")][: None if ON_CI else 1])
def test_axe_finds_nothing(opened, viewport, scheme):
    page = opened(viewport=viewport, scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector(f"html[data-theme={scheme}]")
    page.wait_for_timeout(400)
    assert checks.accessibility(page) == []
    page.get_by_role("switch", name="Bias correction").click()
    page.get_by_text("AMSGrad", exact=True).click()
    settle(page)
    assert checks.accessibility(page) == []


# Words of a plot that stand on each other or outside of its drawing.
CLASHES = """(element) => {
    const found = [];
    for (const plot of element.shadowRoot.querySelectorAll('.plot')) {
        const frame = plot.querySelector('svg').getBoundingClientRect();
        const texts = [...plot.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
        texts.forEach(([said, a], k) => {
            if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 3 || a.top < frame.top - 8) {
                found.push(`${said} outside`);
            }
            for (const [other, b] of texts.slice(k + 1)) {
                const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (wide > 1 && high > 4) found.push(`${said} on ${other}`);
            }
        });
    }
    return found;
}"""


@pytest.mark.parametrize("width", [320, 390, 600, 768, 1200, 2560] if ON_CI else [320, 1200])
def test_it_fits_every_screen(opened, width):
    page = opened(viewport={"width": width, "height": 900})
    for clicks in ([], ["Bias correction", "AMSGrad"], ["noise", "AdaGrad"], ["one spike", "SGD"]):
        for click in clicks:
            page.locator("optim-adam, optim-reddi").get_by_text(click, exact=True).click()
        settle(page)
        assert checks.sideways(page) == []
        for name in NAMES:
            element = page.locator(f"optim-{name}")
            assert element.evaluate(CLASHES) == [], (name, width, clicks)
            inside = "(element) => [...element.shadowRoot.querySelectorAll('.live *')].filter((part) => "
            inside += "!part.closest('svg') && part.getBoundingClientRect().right > element.getBoundingClientRect().right + 1)"
            assert element.evaluate(inside + ".map((part) => part.outerHTML.slice(0, 80))") == []


# Of each plot the names beside its lines, [left, baseline, where the line ends, its last height in pixels], by the words.
ENDS = """(element) => Object.values(element).filter((plot) => plot?.picture).map((plot) => {
    const { x, y } = plot.frame, found = {};
    const texts = [...plot.svg.querySelectorAll(':scope > text.name')];
    for (const { label, line } of plot.picture.marks) {
        if (!label || !line) continue;
        const said = label.replaceAll('*', '');
        const text = texts.find((text) => text.textContent.replace('↑ ', '') === said);
        const k = line[1].findLastIndex((value) => Number.isFinite(value));
        if (text) found[said] = [text.x.baseVal[0].value, text.y.baseVal[0].value, x(line[0][k]), y(line[1][k])];
    }
    return found;
})"""


@pytest.mark.parametrize("width", [390, 1200])
def test_a_name_stands_beside_the_end_of_its_line_while_the_line_is_on_its_way(opened, width):
    page = opened(viewport={"width": width, "height": 900})
    page.locator("optim-travel").evaluate("(element) => element.set({all: true})")
    for name, some in (("travel", {"SGD", "Adam", "1/k"}), ("regret", {"SGD bound", "AdaGrad"}), ("adam", {"step", "m raw"})):
        element = page.locator(f"optim-{name}")
        for part in (0.3, 0.6, 1.0):
            element.evaluate("(element, part) => { element.at = element.seen = Math.round(part * (element.count - 1)); }", part)
            element.evaluate("(element) => element.now()")
            ends = element.evaluate(ENDS)
            assert some <= {said for plot in ends for said in plot}
            for said, (left, _, end, _) in ((said, where) for plot in ends for said, where in plot.items()):
                assert left == pytest.approx(end + 6, abs=1), (name, part, said)
            assert element.evaluate(CLASHES) == [], (name, part)
    # Only what stands on another name is moved up or down.
    page.locator("optim-regret").evaluate("(element) => { element.at = element.seen = 40; element.now(); }")
    (curves,) = (plot for plot in page.locator("optim-regret").evaluate(ENDS) if plot)
    _, baseline, _, height = curves["AdaGrad"]
    assert baseline == pytest.approx(height + 4, abs=0.2)


# From linear red, green and blue to X, Y, Z, in units of white's (sRGB, D65); the middle row is the luminance.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) / [[0.9505], [1], [1.089]]


def xyz(colour):
    """X, Y and Z of a colour #rrggbb or rgb(...), white being 1, 1, 1."""
    hexadecimal = colour.startswith("#")
    written = re.findall(r"[\da-f]{2}" if hexadecimal else r"[\d.]+", colour)[:3]
    parts = np.array([int(part, 16) if hexadecimal else float(part) for part in written]) / 255
    return TO_XYZ @ np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast of two colours, by WCAG 2.1."""
    dark, light = sorted((xyz(one)[1], xyz(other)[1]))
    return (light + 0.05) / (dark + 0.05)


def test_light_and_dark_change_under_the_readers_hand(opened):
    """Every line and word of the plots can be told from the ground in both, in the optimizers' own colours."""
    page, grounds = opened(), []
    for theme in ("light", "dark"):
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        settle(page)
        page.wait_for_function("() => !document.getAnimations().some((motion) => motion.playState === 'running')")
        ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        grounds.append(ground)
        for rule in COLORS:
            ink = page.locator("optim-adam").evaluate(
                "(element, name) => getComputedStyle(element).getPropertyValue(name).trim()", f"--rule-{rule.replace('_', '-')}"
            )
            assert ink == readable(rule, theme)
            line = page.locator("optim-adam").evaluate(
                "(element, name) => getComputedStyle(element).getPropertyValue(name).trim()", f"--line-{rule.replace('_', '-')}"
            )
            assert line == readable(rule, theme, LINES)
        for name in NAMES:
            words = page.locator(f"optim-{name} .plot text")
            inks = words.evaluate_all("(texts) => texts.map((text) => getComputedStyle(text).fill)")
            assert len(inks) > 10
            for ink in set(inks):
                assert contrast(ink, ground) >= 4.5, (name, theme, ink)
                rule = next((rule for rule in SHOWN if np.array_equal(xyz(readable(rule, theme)), xyz(ink))), None)
                assert rule is None or nearest(ink, SHOWN) == rule, f"{name}: words of {rule} look like another rule's in {theme}"
            lines = page.locator(f"optim-{name} .tinted:not([style*='--book-line'])")
            for line in set(lines.evaluate_all("(lines) => lines.map((line) => getComputedStyle(line).stroke)")):
                assert contrast(line, ground) >= LINES, (name, theme, line)
    assert contrast(*grounds) > 10


def nearest(colour, rules=COLORS):
    """The rule whose colour in the figures comes nearest to the eye: in CIELAB."""

    def lab(colour):
        x, y, z = np.where((part := xyz(colour)) > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116)
        return np.array([116 * y, 500 * (x - y), 200 * (y - z)])

    return min(rules, key=lambda rule: np.linalg.norm(lab(COLORS[rule]) - lab(colour)))


SHOWN = ("sgd", "momentum", "adagrad", "adagrad_norm", "rmsprop", "adam", "amsgrad")  # what explorers draw


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_optimizers_colours_are_those_of_the_figures(theme):
    """Whoever knows the figures knows a line of an explorer: of all colours of the figures, its own comes nearest."""
    assert {rule: nearest(readable(rule, theme, LINES)) for rule in COLORS} == {rule: rule for rule in COLORS}
    with pytest.raises(ValueError, match="theme"):
        readable("adam", "sepia")


OUTCOMES = """(element) => {
    const names = element.shadowRoot.querySelector('.plot').querySelectorAll('.name');
    return [...names].map((name) => [name.textContent, getComputedStyle(name).fill]);
}"""


def test_outcomes_have_no_optimizers_colour(opened):
    """On the map of Part 4 colour names the rule, and the ground says how it ends: hatched where it fails."""
    page = opened("reddi")
    plot = page.locator("optim-reddi .plot").first
    for rule in ("adam", "amsgrad", "adagrad", "sgd"):
        page.locator(f"optim-reddi input[value={rule}] + label").click()
        settle(page)
        assert f"--line-{rule})" in plot.locator("circle").get_attribute("style")
        assert plot.locator(".area").count() == 0
        assert plot.locator("[fill='url(#hatch)']").count() == (rule == "adam")
        ink = page.locator("optim-reddi").evaluate("(element) => getComputedStyle(element).color")
        said = {"fails", "finds the best point"} if rule == "adam" else {"finds the best point"}
        assert dict(page.locator("optim-reddi").evaluate(OUTCOMES)) == dict.fromkeys(said, ink)
        assert "large slope C" in plot.locator("text").all_text_contents()
        decay = page.locator("optim-reddi").get_by_role("slider", name="decay")
        assert decay.is_enabled() == (rule in ("adam", "amsgrad"))  # what has no say says so


def test_nothing_that_cannot_be_seen_takes_room(opened):
    page = opened()
    hidden = """(element) => [...element.shadowRoot.querySelectorAll('.live *')].filter((part) =>
        getComputedStyle(part).visibility === 'hidden' && part.getBoundingClientRect().height).map((part) => part.outerHTML)"""
    for name in NAMES:
        assert page.locator(f"optim-{name}").evaluate(hidden) == []
    page.get_by_text("your own", exact=True).click()
    assert "every step" not in told(page, "adam")
    assert computed(page, "adam", [{}])[0]["w"].tolist() == page.locator("optim-adam").evaluate("(element) => element.result.w")


FORCED = """(element) => {
    const look = (part, pseudo) => getComputedStyle(part, pseudo);
    const all = (selector) => [...element.shadowRoot.querySelectorAll(selector)];
    const strokes = (parts) => parts.map((part) => look(part).stroke);
    const track = element.shadowRoot.querySelector('.track');
    return {
        lines: [...strokes(all('.tinted')), ...strokes(all('.axis')), ...strokes(all('.hatch'))],
        words: all('text').map((text) => look(text).fill),
        dots: all('.spot').map((dot) => look(dot).fill),
        track: track && [look(track).borderTopColor, look(track).backgroundColor, look(track, '::after').backgroundColor],
        edge: track && parseFloat(look(track).borderTopWidth),
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colours_lines_and_switches_are_seen(opened, scheme):
    page = opened(scheme=scheme, forced_colors="active")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    button = page.locator("optim-adam [role=switch]").evaluate("(button) => getComputedStyle(button).backgroundColor")
    for name in NAMES:
        seen = page.locator(f"optim-{name}").evaluate(FORCED)
        assert len(seen["lines"]) > 3
        for colour in {*seen["lines"], *seen["words"], *seen["dots"]}:
            assert contrast(colour, ground) >= 4.5, (name, colour)
    looks = []
    for _ in range(2):
        seen = page.locator("optim-adam").evaluate(FORCED)
        edge, track, knob = seen["track"]
        assert seen["edge"] >= 1
        assert contrast(edge, button) >= LINES
        assert contrast(knob, track) >= LINES
        looks.append((track, knob))
        page.get_by_role("switch", name="Bias correction").click()
        settle(page)
    assert looks[0][0] != looks[1][0]


# ---------- What the plots draw ----------

PICTURES = """(element, settings) => settings.map((one) => {
    element.set(one);
    element.now();
    const plots = Object.entries(element).filter(([, plot]) => plot?.picture);
    return Object.fromEntries(plots.map(([name, plot]) => [name, plot.picture.marks]));
})"""


def drawn(page, name, settings):
    """For each setting by plot and by label what its plots draw: a level, or the points of a line."""
    found = []
    for plots in page.locator(f"optim-{name}").evaluate(PICTURES, settings):
        shown = {
            plot: {m["label"]: m.get("level", m.get("line")) for m in marks if "label" in m and ("level" in m or "line" in m)}
            for plot, marks in plots.items()
        }
        found.append((plots, shown))
    return found


def test_travels_guides_and_long_waits_are_what_they_say(opened):
    settings = [{"rule": rule, "all": k % 2 == 0, "beta2": 0.9 + 0.03 * k} for k, rule in enumerate(("sgd", "rmsprop", "adam"))]
    for one, (plots, shown) in zip(settings, drawn(opened("travel"), "travel", settings), strict=True):
        for plot, label, power in (("shares", "1/*k*", -1), ("shares", "1/√*k*", -0.5), ("sizes", "√*k*", 0.5)):
            k, height = map(np.array, shown[plot][label])
            equal(height, k**power)
        # A word that comes back after a long time is moved as by a first step from an empty average, by Adam also later on.
        waited = {"rmsprop": -rmsprop(0.0, 1.0, 0.0, 1, 1.0, one["beta2"])[0]}
        w, m, v = 0.0, 0.0, 0.0
        for t in range(10_000, 13_000):  # when nothing is left of the bias
            w, m, v = adam(w, float(t == 10_000), m, v, t, 1.0, 0.9, one["beta2"], 0.0)
        waited["adam"] = -w
        levels = {m["tint"]: m["level"] for m in plots["sizes"] if m.get("label") == "long wait"}
        assert set(levels) == (set(waited) if one["all"] else {one["rule"]})
        equal([levels[rule] for rule in levels], [waited[rule] for rule in levels])
        assert [mark["level"] for mark in plots["sizes"] if "level" in mark] == [1, *levels.values()]


def test_no_word_is_moved_further_than_after_a_long_wait(opened):
    """At the end of a run, on every one of its dots; the rarest words come near."""
    settings = [{"rule": rule, "all": False, "beta2": beta2} for rule in ("rmsprop", "adam") for beta2 in (0.9, 0.99, 0.999)]
    for one, (plots, _) in zip(settings, drawn(opened("travel"), "travel", settings), strict=True):
        (level,) = (mark["level"] for mark in plots["sizes"] if mark.get("label") == "long wait")
        highest = max(mark["dot"][1] for mark in plots["sizes"] if "dot" in mark)
        assert highest <= level * (1 + 1e-6)
        assert highest > 0.85 * level, one


def test_reddis_levels_and_border_are_those_of_the_losses(opened):
    page, rng = opened("reddi"), np.random.default_rng(19)
    settings = [{"rule": rule, "C": rng.uniform(2.01, 5)} for rule in ("adam", "amsgrad", "adagrad", "sgd")]
    for one, (plots, shown) in zip(settings, drawn(page, "reddi", settings), strict=True):
        assert (shown["points"]["best"], shown["points"]["worst"]) == (-1, 1)
        for label, place in (("at worst", 1.0), ("at best", -1.0)):  # a point that stays there
            equal(shown["prices"][label], np.mean(reddi_periodic(300, one["C"])) * (place + 1))
        borders = [mark for mark in plots["map"] if "line" in mark]
        assert len(borders) == (one["rule"] == "adam")
        for border in borders:
            (area,) = (mark for mark in plots["map"] if mark.get("hatched"))
            assert area["area"][::2] == border["line"]
            beta2, C = (values[1:-1] for values in border["line"])  # at 0 every slope fails, at 1 none
            drifts, _ = page.locator("optim-reddi").evaluate(MAP, [C, beta2])
            seen = np.array(C) < 1000
            assert seen.sum() > 95
            assert np.abs(np.array(drifts)[seen]).max() < 1e-12


def test_adams_levels_are_the_rate_and_the_papers_bound(opened):
    page, settings = opened("adam"), []
    for lr, beta1, beta2 in ((0.02, 0.5, 0.99), (0.3, 0.9, 0.85), (1.0, 0.9, 0.9999)):
        settings += [{"lr": lr, "beta1": beta1, "beta2": beta2, "corrected": corrected} for corrected in (False, True)]
    for one, (_, shown), run in zip(settings, drawn(page, "adam", settings), computed(page, "adam", settings), strict=True):
        levels = {label: value for label, value in shown["steps"].items() if not isinstance(value, list)}
        steps = {1.0, max(1.0, (1 - one["beta1"]) / np.sqrt(1 - one["beta2"]))}
        equal(sorted(levels.values()), one["lr"] * np.array(sorted(steps)))
        equal(shown["steps"]["largest"][1], run["cap"])


def test_the_curves_and_bounds_of_regret_are_the_computed_ones(opened):
    settings = [{"losses": "rare"}, {"losses": "dense", "best": "falling"}, {"losses": "turned", "constant": 0.3, "room": 2}]
    page = opened("regret")
    names = {"adagrad": "AdaGrad", "adagrad_norm": "norm version", "sgd": "SGD"}
    bounds = {"bound_adagrad": "AdaGrad bound", "bound_adagrad_norm": "norm bound", "bound_sgd": "SGD bound"}
    one = {}
    for changes, (plots, shown) in zip(settings, drawn(page, "regret", settings), strict=True):
        one |= changes
        (run,) = computed(page, "regret", [one])
        for key, label in (names | bounds).items():
            t, height = shown["curves"][label]
            expected = run[key][np.array(t) - 1]
            equal(np.array(height, dtype=float)[expected > 0], expected[expected > 0])
        (diagonal,) = (mark["line"] for mark in plots["map"] if "line" in mark)
        assert diagonal[0] == diagonal[1]
        (dot,) = (mark["dot"] for mark in plots["map"] if "dot" in mark)
        equal(dot, [np.sum(run["u"] ** 2) / np.max(np.abs(run["u"])) ** 2, run["spread"][-1]])


def test_the_norm_version_is_told_from_adagrad_without_colour(shared):
    """Dashed as in the figures, where solid is AdaGrad; bounds are dotted, all four named in words."""
    lines = """(element) => Object.fromEntries([...element.shadowRoot.querySelector('.plot').querySelectorAll('.tinted')].map(
        (line, k) => [k, getComputedStyle(line).strokeDasharray]))"""
    dashes = list(shared.locator("optim-regret").evaluate(lines).values())
    assert len(set(dashes[:3])) == 1  # the bounds, then SGD, the norm version and AdaGrad
    assert dashes[3] == dashes[5] == "none"
    assert len({*dashes}) == 3
    assert linestyle("adagrad_norm") != linestyle("adagrad")
    words = shared.locator("optim-regret .plot").first.locator(".name").all_text_contents()
    assert set(words) == {"AdaGrad", "norm version", "SGD", "AdaGrad bound", "norm bound", "SGD bound"}


# ---------- Without scripts, on paper, on other pages ----------


def test_without_scripts_the_still_picture_and_a_sentence_stand_there(path, visitor):
    page = visitor(java_script_enabled=False).context.new_page()
    page.goto(path.as_uri())
    for name in NAMES:
        element = page.locator(f"optim-{name}")
        assert element.locator("img").is_visible()
        assert element.locator("img").get_attribute("alt") == f"A picture that stands for the explorer {name}."
        assert element.get_by_text("where scripts run").is_visible()


def test_with_scripts_the_picture_is_replaced_and_on_paper_it_is_back(opened):
    page = opened()
    for name in NAMES:
        assert not page.locator(f"optim-{name} img").is_visible()
        assert page.locator(f"optim-{name} .main").is_visible()
    page.emulate_media(media="print")
    for name in NAMES:
        assert page.locator(f"optim-{name} img").is_visible()
        assert not page.locator(f"optim-{name} .main").is_visible()


def test_an_explorer_that_breaks_leaves_the_picture(path, visitor):
    window = visitor()
    window.context.add_init_script("window.structuredClone = () => { throw new Error('old browser'); };")
    page = window.context.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(300)
    for name in NAMES:
        assert page.locator(f"optim-{name} img").is_visible()


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda script: script.name)
def test_scripts_are_small_and_ask_for_nothing(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.encode()) <= 30 * KILOBYTE
    addresses = set(re.findall(r"https?:[^\"]*", text)) - {"http://www.w3.org/2000/svg"}  # the name of SVG, asked of nobody
    assert not addresses
    assert not re.search(r"import\s|require\(|fetch\(|XMLHttp", text)


WRONG = {
    ":::{explorer} adam\n:still: fig-none\n\nWhy?\n:::\n": "no figure 'fig-none' on this page",
    ":::{explorer} nobody\n:still: fig-x\n\nWhy?\n:::\n": "there is no explorer 'nobody'",
    ":::{explorer} core\n:still: fig-x\n\nWhy?\n:::\n": "there is no explorer 'core'",
    ":::{explorer} adam\n\nWhy?\n:::\n": "the option :still:",
    ":::{explorer} adam\n:still: fig-x\n:::\n": "needs a question",
    ":::{explorer} adam\n:still: fig-x\n\nIs $x$ small?\n:::\n": "not as formulas",
    ":::{explorer} adam\n:still: fig-x\n\nWhy?\n\nMore.\n:::\n": "an explorer has one question",
}


@pytest.fixture(scope="module")
def refusal(tmp_path_factory):
    """What the build says of a page with every wrong directive."""
    with pytest.raises(AssertionError) as failed:
        build(tmp_path_factory.mktemp("wrong") / "site", frame_around("# Page\n\n" + "\n".join(WRONG)))
    return str(failed.value)


@pytest.mark.parametrize(
    ("text", "said"),
    WRONG.items(),
    ids=["no such figure", "unknown", "a shared script", "no picture", "no question", "TeX", "more"],
)
def test_a_wrong_directive_stops_the_build_with_its_line_and_a_reason(refusal, text, said):
    line = 3 + "\n".join(WRONG).partition(text)[0].count("\n")
    assert re.search(rf"index\.md:{line}: (WARNING|ERROR): .*{re.escape(said)}", refusal), refusal


OPENING = {
    "travel": "book/1-sparse-gradients/01-what-sparse-means.html",
    "regret": "book/2-adagrad/01-who-is-speaking.html",
    "adam": "book/3-adam/01-averages-that-forget.html",
    "reddi": "book/4-convergence/01-when-signs-mislead.html",
}
PLACES = """(element) => {
    const place = (part) => [part.getBoundingClientRect().top + scrollY, part.getBoundingClientRect().bottom + scrollY];
    const inside = (selector) => place(element.shadowRoot.querySelector(selector));
    const question = document.querySelector('.explorer .question');
    const lines = question.getBoundingClientRect().height / parseFloat(getComputedStyle(question).lineHeight);
    return {
        follows: Boolean(document.querySelector('h1').nextElementSibling.matches('.explorer')), lines,
        bar: inside('.bar'), plot: inside('.main .plot'), sliders: inside('.sliders'), player: inside('.player'),
    };
}"""


@pytest.mark.parametrize("name", NAMES)
def test_the_first_screen_of_a_part_shows_the_phenomenon(html, tab, name):
    """Directly below the title: a question, the switch, a whole plot; and what moves the plot fits on one screen with it."""
    page = tab.open(html / OPENING[name], {"width": 1280, "height": 900}).page
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        at = page.locator(f"optim-{name}").evaluate(PLACES)
        assert at["follows"]
        assert at["lines"] < (2.5 if width > 390 else 3.5)
        assert at["bar"][1] <= at["plot"][0]
        assert at["plot"][1] <= height, (width, at)
        assert at["plot"][1] <= at["sliders"][0]
        assert at["player"][1] - at["plot"][0] <= height - 100, (width, at)  # the page's header covers a little


def test_without_scripts_question_and_sentence_are_words(html, visitor):
    page = visitor(java_script_enabled=False).context.new_page()
    for address in OPENING.values():
        page.goto((html / address).as_uri())
        for part in (".explorer .question", ".explorer .without-scripts", ".explorer figcaption"):
            said = page.locator(part).inner_text()
            assert len(said) > 10
            assert not re.search(r"[\\$]", said), said


def test_each_part_opens_with_its_explorer_and_no_other_page_loads_one(html, tab):
    found = {}
    for page in pages(html):
        text = page.read_text(encoding="utf-8")
        if names := re.findall(r"<optim-(\w+)>", text):
            found[page.relative_to(html).as_posix()] = names
        assert ("explorers/core.js" in text) == bool(names), page
    assert "--rule-adagrad:" in (html / "_static/site.css").read_text(encoding="utf-8")
    for name, address in OPENING.items():
        assert found[address] == [name]
    for address, (name,) in found.items():
        visit = tab.open(html / address)
        assert visit.problems == []
        frame = visit.page.locator(".explorer")
        assert frame.locator(f"optim-{name} .main").is_visible()
        assert frame.locator(".question").inner_text().endswith("?")
        assert len(frame.locator("img").get_attribute("alt")) > 80
        assert frame.locator("figcaption .caption-number").is_visible()
