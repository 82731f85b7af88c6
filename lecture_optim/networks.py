"""Many networks of one shape, trained side by side: one array operation steps all of them.

`lecture_optim.problems.Network` is one network, written to be read. `Networks` is the same mathematics with leading axes: runs
that differ in seed, learning rate or any other hyper-parameter share each matrix product.
"""

from itertools import pairwise

import numpy as np

from lecture_optim import checks
from lecture_optim.problems import Network

__all__ = ["Networks", "dropout_masks"]


def dropout_masks(shape, dropout, rng):
    """An array of this shape with 0 where a unit is dropped and 1 / (1 - dropout) where it is kept, each entry drawn alone.

    Multiplied into activations or features it keeps their means (Srivastava et al. 2014, section 10, in its inverted form).
    dropout: the share dropped, in [0, 1). rng: a `numpy.random.Generator`.
    """
    checks.below_one(dropout=dropout)
    return (rng.random(shape) >= dropout) / (1.0 - dropout)


class Networks:
    """Fully connected ReLU networks with a softmax loss; the parameters are w (..., d), one network along the last axis.

    sizes: inputs, hidden layers, classes, as in (64, 32, 32, 10); the layout of w is that of `problems.Network(sizes)`.
    Leading axes of w, X, y and masks broadcast against each other, so that X (seeds, 1, n, inputs) with w (seeds, rates, d) gives
    each seed its own examples and all learning rates of a seed the same. Raises ValueError for sizes that are none.
    """

    def __init__(self, sizes):
        self.one = Network(tuple(sizes))
        self.sizes, self.d = self.one.sizes, self.one.d

    def init(self, rng):
        """He's starting values for one network, (d,), as `problems.Network.init` draws them."""
        return self.one.init(rng)

    def layers(self, w):
        """The pairs (weights (..., inputs, outputs), biases (..., 1, outputs)) of each layer, as views into w (..., d)."""
        if np.shape(w)[-1:] != (self.d,):
            raise ValueError(f"w must have the shape (..., {self.d}), but has {np.shape(w)}")
        views, start = [], 0
        for a, b in pairwise(self.sizes):
            middle, end = start + a * b, start + (a + 1) * b
            views.append((w[..., start:middle].reshape(*w.shape[:-1], a, b), w[..., None, middle:end]))
            start = end
        return views

    def forward(self, w, X, masks=()):
        """The inputs of each layer in turn, the scores (..., n, classes) last, for examples X (..., n, inputs).

        masks: none, or one array for each hidden layer, (..., n, units), multiplied into its activations (`dropout_masks`).
        Raises ValueError for another number of masks and for X of another width.
        """
        if np.shape(X)[-1] != self.sizes[0]:
            raise ValueError(f"X must have the shape (..., n, {self.sizes[0]}), but has {np.shape(X)}")
        if len(masks) not in (0, len(self.sizes) - 2):
            raise ValueError(f"masks must hold none or one for each of the {len(self.sizes) - 2} hidden layers, not {len(masks)}")
        *hidden, (W_out, b_out) = self.layers(w)
        inputs = [X]
        for k, (W, b) in enumerate(hidden):
            A = inputs[-1] @ W
            A += b
            np.maximum(A, 0.0, out=A)
            if masks:
                A *= masks[k]
            inputs.append(A)
        return [*inputs, inputs[-1] @ W_out + b_out]

    def loss(self, w, X, y):
        """The mean cross-entropy, (...), of examples X (..., n, inputs) with classes y (..., n), without dropout."""
        return -np.mean(self._chosen(_log_softmax(self.forward(w, X)[-1]), y), axis=-1)

    def error(self, w, X, y):
        """The share of examples whose class does not have the largest score, (...); scores that are not finite are errors."""
        scores = self.forward(w, X)[-1]
        right = (scores.argmax(axis=-1) == y) & np.isfinite(scores).all(axis=-1)
        return 1.0 - np.mean(right, axis=-1)

    def loss_and_gradient(self, w, X, y, masks=()):
        """The mean cross-entropy (...) and its exact gradient, of w's shape, by backpropagation.

        With masks, both belong to the networks with the units that were drawn. y (..., n): integers, the classes.
        """
        *inputs, scores = self.forward(w, X, masks)
        log_p = _log_softmax(scores)
        loss = -np.mean(self._chosen(log_p, y), axis=-1)
        # The loss's derivative with respect to the scores: probabilities minus the one-hot class, over n.
        back = np.exp(log_p)
        back -= np.asarray(y)[..., None] == np.arange(self.sizes[-1])
        back /= back.shape[-2]
        gradient = np.empty(np.shape(w))
        layers = list(zip(self.layers(gradient), self.layers(w), inputs, strict=True))
        for k, ((dW, db), (W, _), A) in reversed(list(enumerate(layers))):
            dW[...] = np.swapaxes(A, -1, -2) @ back
            db[...] = back.sum(axis=-2, keepdims=True)
            if k > 0:
                back = back @ np.swapaxes(W, -1, -2)
                back *= A > 0  # a silent or dropped unit passes nothing back
                if masks:
                    back *= masks[k - 1]
        return loss, gradient

    def _chosen(self, log_p, y):
        """The log-probability of each example's class, (..., n)."""
        index = np.broadcast_to(np.asarray(y)[..., None], (*log_p.shape[:-1], 1))
        return np.take_along_axis(log_p, index, axis=-1)[..., 0]


def _log_softmax(scores):
    """Log-probabilities along the last axis, shifted so that nothing overflows."""
    z = scores - scores.max(axis=-1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return z
