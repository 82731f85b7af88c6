"""Projections: the nearest point, in the set, found once and for all, nearer together; in weighted norms for the box."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lecture_optim.projections import ball, box

numbers = st.floats(-1e3, 1e3)
vectors = arrays(float, 3, elements=numbers)
weights = arrays(float, 3, elements=st.floats(1e-3, 1e3))


@st.composite
def boxes(draw):
    """A box and its bounds; some infinite, some equal."""
    low = draw(arrays(float, 3, elements=st.one_of(numbers, st.just(-np.inf))))
    high = np.maximum(low, draw(arrays(float, 3, elements=st.one_of(numbers, st.just(np.inf)))))
    return low, high, box(low, high)


@st.composite
def balls(draw):
    center, radius = draw(vectors), draw(st.floats(1e-2, 1e3))
    return center, radius, ball(radius, center)


# Numbers are up to a thousand: what a product of two of their differences rounds off.
SLACK = 1e-8


@given(boxes(), vectors)
def test_box_holds_the_point_and_keeps_those_inside(drawn, w):
    low, high, project = drawn
    p = project(w)
    assert np.all(low <= p) and np.all(p <= high)
    assert np.array_equal(project(p), p)
    inside = (low <= w) & (w <= high)
    assert np.array_equal(p[inside], w[inside])


@given(boxes(), vectors, vectors, weights)
def test_box_is_the_nearest_point_in_every_weighted_norm(drawn, w, other, h):
    """<h (w - p), u - p> <= 0 for every u of the set: the angle that makes p the nearest point."""
    low, high, project = drawn
    p, u = project(w), np.clip(other, low, high)
    assert np.sum(h * (w - p) * (u - p)) <= 0
    assert np.sum(h * (w - p) ** 2) <= np.sum(h * (w - u) ** 2)


@given(boxes(), vectors, vectors, weights)
def test_box_brings_points_no_farther_apart(drawn, a, b, h):
    project = drawn[-1]
    assert np.sum(h * (project(a) - project(b)) ** 2) <= np.sum(h * (a - b) ** 2)


@given(balls(), vectors)
def test_ball_holds_the_point_and_keeps_those_inside(drawn, w):
    center, radius, project = drawn
    p = project(w)
    size = np.abs(center).max() + radius
    assert np.linalg.norm(p - center) <= radius + 1e-14 * size
    np.testing.assert_allclose(project(p), p, rtol=0, atol=1e-14 * size)
    if np.linalg.norm(w - center) <= radius:
        assert np.array_equal(p, w)
    else:
        assert np.linalg.norm(p - center) >= radius - 1e-14 * size, "a point outside lands on the surface"


@given(balls(), vectors, vectors)
def test_ball_is_the_nearest_point(drawn, w, direction):
    center, radius, project = drawn
    p = project(w)
    u = center + direction / max(1.0, np.linalg.norm(direction) / radius)
    assert np.sum((w - p) * (u - p)) <= SLACK
    assert np.linalg.norm(w - p) <= np.linalg.norm(w - u) + SLACK


@given(balls(), vectors, vectors)
def test_ball_brings_points_no_farther_apart(drawn, a, b):
    project = drawn[-1]
    assert np.linalg.norm(project(a) - project(b)) <= np.linalg.norm(a - b) + 1e-11


def test_ball_is_not_nearest_in_a_weighted_norm():
    """Why the book asks for a box where each coordinate has its own scale."""
    h, w = np.array([100.0, 1.0]), np.array([2.0, 2.0])
    p = ball(1.0)(w)
    angle = np.linspace(0, np.pi / 2, 1001)
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert np.min(np.sum(h * (w - rim) ** 2, axis=1)) < np.sum(h * (w - p) ** 2) - 1


def test_values():
    assert box(-1, 1)(np.array([-3.0, 0.25, 1.0, 9.0])).tolist() == [-1, 0.25, 1, 1]
    assert box(0, np.inf)(np.array([-3.0, 5.0])).tolist() == [0, 5]
    assert box(2, 2)(7.0) == 2 and np.ndim(box(-1, 1)(7.0)) == 0
    assert box([0, -1], [1, 0])(np.array([[2.0, 2.0], [-2.0, -2.0]])).tolist() == [[1, 0], [0, -1]]
    np.testing.assert_allclose(ball(1.0)(np.array([3.0, 4.0])), [0.6, 0.8], rtol=1e-15)
    np.testing.assert_allclose(ball(5.0, center=np.array([1.0, 0.0]))(np.array([7.0, 8.0])), [4, 4], rtol=1e-15)
    assert ball(2.0)(-7.0) == -2 and np.ndim(ball(2.0)(7.0)) == 0
    assert ball(1.0)(np.zeros(2)).tolist() == [0, 0]


def test_runs_of_a_batch_are_projected_one_by_one():
    w = np.array([[3.0, 4.0], [0.3, 0.4], [-6.0, 8.0]])
    np.testing.assert_allclose(ball(1.0)(w), [[0.6, 0.8], [0.3, 0.4], [-0.6, 0.8]], rtol=1e-15)
    np.testing.assert_allclose(ball(np.array([[1.0], [2.0], [5.0]]))(w), [[0.6, 0.8], [0.3, 0.4], [-3, 4]], rtol=1e-15)


@pytest.mark.parametrize("project", [box(-1, 1), ball(1.0)])
def test_the_point_itself_stays_where_it_was(project):
    w = np.array([3.0, -4.0])
    project(w)[...] = 0
    assert w.tolist() == [3, -4]


def test_float32_stays_float32():
    w = np.array([3.0, -4.0], np.float32)
    assert box(-1, 1)(w).dtype == ball(1.0)(w).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: box(1, -1), ValueError, "low must be <= high, but low is 1.0 and high is -1.0"),
        (lambda: box(np.array([0, 2]), np.array([1, 1])), ValueError, "low must be <= high"),
        (lambda: box(np.nan, 1), ValueError, "low and high must not be NaN, but are nan and 1.0"),
        (lambda: box(0, np.nan), ValueError, "low and high must not be NaN"),
        (lambda: box(None, 1), TypeError, "low must be a number or an array of numbers, not None"),
        (lambda: box(0, "1"), TypeError, "high must be a number or an array of numbers, not '1'"),
        (lambda: ball(0), ValueError, "radius must be > 0, but is 0"),
        (lambda: ball(-1.0), ValueError, "radius must be > 0, but is -1.0"),
        (lambda: ball(np.nan), ValueError, "radius must be finite"),
        (lambda: ball(np.inf), ValueError, "radius must be finite"),
        (lambda: ball("1"), TypeError, "radius must be a number"),
        (lambda: ball(1.0, center=np.array([0, np.nan])), ValueError, r"center must be finite, but holds nan at index \(1,\)"),
    ],
)
def test_bad_sets_are_named(make, error, match):
    with pytest.raises(error, match=match):
        make()
