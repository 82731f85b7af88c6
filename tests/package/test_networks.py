"""Networks side by side: against one network alone, against scikit-learn's, and against differences of the loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecture_optim.networks import Networks, dropout_masks
from lecture_optim.problems import Network

SIZES = (5, 4, 3, 6)


def some(shape=(2, 3), n=7, sizes=SIZES, seed=0):
    """Parameters of a batch of networks, and examples with one axis to broadcast."""
    net, rng = Networks(sizes), np.random.default_rng(seed)
    w = rng.normal(size=(*shape, net.d))
    return net, w, rng.normal(size=(shape[0], 1, n, sizes[0])), rng.integers(sizes[-1], size=(shape[0], 1, n))


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 10**6))
def test_each_network_is_a_network_alone(sizes, seed):
    net, w, X, y = some(sizes=tuple(sizes), seed=seed)
    loss, gradient = net.loss_and_gradient(w, X, y)
    for i, j in np.ndindex(2, 3):
        alone = Network(tuple(sizes)).loss_and_gradient(w[i, j], X[i, 0], y[i, 0])
        assert loss[i, j] == pytest.approx(alone[0], rel=1e-12, abs=1e-13)
        np.testing.assert_allclose(gradient[i, j], alone[1], rtol=1e-9, atol=1e-12)
        scores = Network(tuple(sizes)).forward(w[i, j], X[i, 0])[0]
        assert net.error(w, X, y)[i, j] == pytest.approx(np.mean(scores.argmax(axis=1) != y[i, 0]))
    np.testing.assert_allclose(net.loss(w, X, y), loss, rtol=1e-13)


def test_the_same_dropped_units_as_a_network_alone():
    net, w, X, y = some()
    rng = np.random.default_rng(3)
    masks = [dropout_masks((7, units), 0.4, rng) for units in SIZES[1:-1]]
    loss, gradient = net.loss_and_gradient(w[0, 0], X[0, 0], y[0, 0], masks)
    alone = Network(SIZES).loss_and_gradient(w[0, 0], X[0, 0], y[0, 0], 0.4, np.random.default_rng(3))
    assert loss == pytest.approx(alone[0], rel=1e-12)
    np.testing.assert_allclose(gradient, alone[1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_gradient_is_the_slope_of_the_loss(dropout):
    net, w, X, y = some()
    rng = np.random.default_rng(1)
    masks = [dropout_masks((2, 1, 7, units), dropout, rng) for units in SIZES[1:-1]]
    _, gradient = net.loss_and_gradient(w, X, y, masks)
    for _ in range(20):
        u, h = rng.normal(size=w.shape), 1e-6
        slope = (net.loss_and_gradient(w + h * u, X, y, masks)[0] - net.loss_and_gradient(w - h * u, X, y, masks)[0]) / (2 * h)
        np.testing.assert_allclose(slope, np.sum(gradient * u, axis=-1), rtol=1e-5, atol=1e-7)


def test_gradient_is_scikit_learns():
    """One step of its plain SGD from the same weights."""
    neural = pytest.importorskip("sklearn.neural_network")
    net, w, X, y = some(n=12, sizes=(5, 4, 3, 3))
    w, X, y = w[0, 0], X[0, 0], y[0, 0]
    y[:3] = 0, 1, 2
    theirs = neural.MLPClassifier(
        (4, 3), solver="sgd", alpha=0.0, momentum=0.0, nesterovs_momentum=False, learning_rate_init=1.0, batch_size=12
    )
    theirs.partial_fit(X, y, classes=[0, 1, 2])
    for (W, b), coefficients, intercepts in zip(net.layers(w), theirs.coefs_, theirs.intercepts_, strict=True):
        coefficients[...], intercepts[...] = W, b[0]
    theirs.partial_fit(X, y)
    _, gradient = net.loss_and_gradient(w, X, y)
    for (dW, db), (W, b), coefficients, intercepts in zip(
        net.layers(gradient), net.layers(w), theirs.coefs_, theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(W - coefficients, dW, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose((b - intercepts)[0], db[0], rtol=1e-9, atol=1e-12)


def test_scores_of_any_size():
    net, w, X, y = some()
    with np.errstate(over="raise", invalid="raise"):
        assert np.isfinite(net.loss_and_gradient(1e3 * w, X, y)[0]).all()


def test_scores_that_are_no_numbers_are_errors():
    net, w, X, y = some()
    assert net.error(np.full_like(w, np.nan), X, y).tolist() == [[1.0] * 3] * 2


def test_masks_keep_the_mean():
    masks = dropout_masks((400, 500), 0.3, np.random.default_rng(0))
    assert set(np.unique(masks)) == {0.0, 1 / 0.7}
    assert masks.mean() == pytest.approx(1.0, abs=5 * np.sqrt(0.3 / 0.7 / masks.size))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda net, w, X, y: Networks((3,)), "sizes must hold at least"),
        (lambda net, w, X, y: net.loss(w[..., 1:], X, y), r"w must have the shape \(\.\.\., 63\), but has \(2, 3, 62\)"),
        (lambda net, w, X, y: net.loss(w, X[..., 1:], y), r"X must have the shape \(\.\.\., n, 5\), but has \(2, 1, 7, 4\)"),
        (lambda net, w, X, y: net.loss_and_gradient(w, X, y, [1.0]), "one for each of the 2 hidden layers, not 1"),
        (lambda net, w, X, y: dropout_masks(3, 1.0, None), r"dropout must be in \[0, 1\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(*some())
