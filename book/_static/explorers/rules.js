/* The update rules of the explorers: the equations of lecture_optim.rules, same names, same order of arguments, one coordinate.

   rule(w, g, ...states, t, lr, ...) returns [w, ...states]; states begin at 0 and t at 1. */
"use strict";

const OptimizerRules = (() => {
  /* a / b for b >= 0, and 0 where b = 0. */
  const ratio = (a, b) => (b === 0 ? 0 : a / b);

  const rules = {
    sgd: (w, g, t, lr) => [w - lr * g],
    momentum: (w, g, delta, t, lr, mu = 0.9) => {
      delta = mu * delta - lr * g;
      return [w + delta, delta];
    },
    /* squared: the squared norm of the whole gradient, of which g is one coordinate. */
    adagrad_norm: (w, g, s, t, lr, eps = 0, squared = g * g) => {
      s = s + squared;
      return [w - lr * ratio(g, Math.sqrt(s) + eps), s];
    },
    adagrad: (w, g, s, t, lr, eps = 0) => {
      s = s + g * g;
      return [w - lr * ratio(g, Math.sqrt(s) + eps), s];
    },
    rmsprop: (w, g, v, t, lr, beta2 = 0.9, eps = 0) => {
      v = beta2 * v + (1 - beta2) * g * g;
      return [w - lr * ratio(g, Math.sqrt(v) + eps), v];
    },
    /* corrected = false leaves the averages as they are. */
    adam: (w, g, m, v, t, lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, corrected = true) => {
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      const m_hat = corrected ? m / (1 - beta1 ** t) : m;
      const v_hat = corrected ? v / (1 - beta2 ** t) : v;
      return [w - lr * ratio(m_hat, Math.sqrt(v_hat) + eps), m, v];
    },
    amsgrad: (w, g, m, v, v_max, t, lr, beta1 = 0.9, beta2 = 0.999, eps = 0) => {
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      v_max = Math.max(v_max, v);
      return [w - lr * ratio(m, Math.sqrt(v_max) + eps), m, v, v_max];
    },
  };

  /* Uniform numbers in [0, 1) from a whole-number seed (mulberry32), and standard normal ones made of them (Box and Muller). */
  function random(seed) {
    let state = seed | 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let z = Math.imul(state ^ (state >>> 15), 1 | state);
      z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
      return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
  }

  return { ...rules, random };
})();
