/* Part 4: the losses C x, -x, -x in turn on [-1, 1]; where each rule goes, and the map of C and beta2 on which Adam fails. */
"use strict";

(() => {
  const { Explorer, ceiling, clamp, fixed, number, scales, stops } = Explorers;
  const { adagrad, amsgrad, rmsprop, sgd } = OptimizerRules;
  const STEPS = 30_000;
  const LOW = 2, HIGH = 5; // the slopes of the map
  const NAMES = { adam: "Adam", amsgrad: "AMSGrad", adagrad: "AdaGrad", sgd: "SGD" };

  const cursor = stops(STEPS, 1.03);

  /* One step of each rule with the rate alpha / sqrt(t) and without momentum; AdaGrad's sum needs no falling rate. */
  const players = {
    adam: (x, g, s, t, { alpha, beta2 }) => rmsprop(x, g, ...s, t, alpha / Math.sqrt(t), beta2),
    amsgrad: (x, g, s, t, { alpha, beta2 }) => amsgrad(x, g, ...s, t, alpha / Math.sqrt(t), 0, beta2),
    adagrad: (x, g, s, t, { alpha }) => adagrad(x, g, ...s, t, alpha),
    sgd: (x, g, s, t, { alpha }) => sgd(x, g, t, alpha / Math.sqrt(t)),
  };
  const forgets = (rule) => rule === "adam" || rule === "amsgrad";
  const states = { adam: 1, amsgrad: 3, adagrad: 1, sgd: 0 };

  /* How far one cycle moves a point up in the long run, in units of alpha / sqrt(t) that do not matter for its sign. */
  function drift(C, beta2) {
    const b = beta2, y = C * C;
    return -C / Math.sqrt(y + b + b * b) + 1 / Math.sqrt(1 + b * y + b * b) + 1 / Math.sqrt(1 + b + b * b * y);
  }

  /* The slope at which the drift of a decay rate changes its sign, by halving; infinite for 0, where every slope fails. */
  function threshold(beta2) {
    if (beta2 === 0) return Infinity;
    let low = 2, high = Math.max(3, 2 / beta2);
    for (let k = 0; k < 60; k++) {
      const middle = (low + high) / 2;
      if (drift(middle, beta2) > 0) low = middle;
      else high = middle;
    }
    return low;
  }

  const rates = Array.from({ length: 101 }, (_, k) => k / 100);
  const border = rates.map((b) => (b === 1 ? 2 : Math.min(threshold(b), 1000)));

  class Reddi extends Explorer {
    static defaults = { rule: "adam", C: 3, beta2: 0.1, alpha: 0.5, start: 0 };
    static drift = drift;
    static threshold = threshold;
    static beside = "minmax(0, 5fr) minmax(0, 6fr)";

    /* x: the points before each step; regret: against the fixed point -1, up to and including each step; last: the point after
       the last one; worst: the regret per step, in the mean of a cycle, of a point that stays at 1. */
    static trajectory(settings) {
      const { rule, C, start, steps = STEPS } = settings;
      const x = new Array(steps), regret = new Array(steps);
      let w = start, s = new Array(states[rule]).fill(0), sum = 0;
      for (let t = 1; t <= steps; t++) {
        const g = t % 3 === 1 ? C : -1;
        x[t - 1] = w;
        regret[t - 1] = sum += g * w + g;
        [w, ...s] = players[rule](w, g, s, t, settings);
        w = clamp(w, -1, 1);
      }
      return { x, regret, last: w, worst: (2 * C - 4) / 3 };
    }

    build() {
      this.choice("rule", { label: "Rule", options: Object.entries(NAMES).map(([rule, name]) => [rule, name, rule]) });
      this.map = this.addPlot({
        title: "", height: 330, drawn: true, scrolls: true,
        read: (beta2, C) => this.set({ beta2: clamp(Number(beta2.toFixed(3)), 0, 0.999), C: clamp(Number(C.toFixed(2)), 2.01, HIGH) }),
      });
      const read = (t) => this.go(cursor.place(t)), margins = [36, 62];
      this.points = this.addPlot({ title: "position *x*_t: 1 is worst, −1 is best", height: 160, margins, read });
      this.prices = this.addPlot({ title: "regret per step", height: 176, margins, read });
      const show = (at) => number(cursor.at[at], 6);
      this.addPlayer(cursor.at.length, { show, says: (at) => `${show(at)}, at ${fixed(this.result.x[cursor.at[at] - 1], 3)}` });
      this.range("C", { label: "slope *C*", min: 2.01, max: HIGH, step: 0.01, show: (x) => fixed(x) });
      const beta2 = this.range("beta2", { label: "decay *β*_2", min: 0, max: 0.999, step: 0.001, show: (x) => fixed(x, 3) });
      this.range("alpha", { label: "rate *α*", min: 0.05, max: 2, step: 0.05, show: (x) => fixed(x), scale: scales.log });
      this.range("start", { label: "start *x*_1", min: -1, max: 1, step: 0.1, show: (x) => fixed(x, 1) });
      this.controls.push(() => (beta2.disabled = !forgets(this.settings.rule)));
    }

    draw(run) {
      const { rule, C, beta2 } = this.settings;
      const isAdam = rule === "adam", name = NAMES[rule];
      const fails = isAdam && drift(C, beta2) > 0;
      const t = cursor.at[this.at], shown = cursor.at[this.seen];
      // Of the run, not of the cursor: playing draws it many times.
      run.steps ??= run.x.map((_, k) => k + 1);
      run.price ??= run.regret.map((sum, k) => sum / (k + 1));
      const { steps, price } = run;
      const upTo = (values) => [steps.slice(0, shown), values.slice(0, shown)];

      const found = { text: "finds the best point", at: [0.97, 4.2], tint: "ink", anchor: "end" };
      const dot = { dot: [beta2, C], tint: rule, size: 7 };
      this.map.show({
        title: isAdam ? "where Adam fails: move the point" : `${name} fails nowhere${forgets(rule) ? "" : ", and has no *β*_2"}`,
        x: { min: 0, max: 1, label: "decay rate *β*_2" }, y: { min: LOW, max: HIGH, label: "large slope *C*" },
        marks: isAdam
          ? [
              { area: [rates, LOW, border], hatched: true }, { line: [rates, border], tint: "ink", width: 1.4 },
              { text: "fails", at: [0.06, 2.2], tint: "ink", width: 9 }, found, dot,
            ]
          : [found, dot],
        says: `Map of the decay rate against the slope C. ${name} ${fails ? "fails" : "finds the best point"} at C = ${fixed(C)}, beta 2 = ${fixed(beta2, 3)}.`,
      });

      const x = { min: 1, max: STEPS, log: true };
      this.points.show({
        x: { ...x, hidden: true }, y: { min: -1.1, max: 1.1 }, cursor: t,
        marks: [
          { level: -1, tint: "quiet", dash: true, width: 1, label: "best" }, { level: 1, tint: "quiet", dash: true, width: 1, label: "worst" },
          { line: upTo(run.x), tint: rule, width: 1.6 }, { dot: [t, run.x[t - 1]], tint: rule, size: 5 },
        ],
        says: `Position of ${name} against the step on a logarithmic axis; at step ${t} it is ${fixed(run.x[t - 1], 3)}.`,
      });

      this.prices.show({
        x: { ...x, label: "step *t*" }, y: { min: Math.min(0, price.at(-1)), max: ceiling(1.05 * Math.max(run.worst, 0.1, ...price.slice(6, 60))) }, cursor: t,
        marks: [
          { level: run.worst, tint: "quiet", dash: true, width: 1, label: "at worst" }, { level: 0, tint: "quiet", dash: true, width: 1, label: "at best" },
          { line: upTo(price), tint: rule, width: 1.8 }, { dot: [t, price[t - 1]], tint: rule, size: 5 },
        ],
        says: `Regret per step of ${name}; at step ${t} it is ${fixed(price[t - 1], 3)}.`,
      });

      this.read([
        ["loss", t % 3 === 1 ? `${number(C)} <i>x</i>` : "−<i>x</i>", "ink"], ["*x*_t", fixed(run.x[t - 1], 4), rule],
        ["regret", number(run.regret[t - 1], 4), rule], ["a step", fixed(price[t - 1], 4), rule],
      ]);
      this.say(this.sentence(run, name, t));
    }

    sentence({ x, regret }, name, t) {
      const { rule, C, beta2 } = this.settings;
      const memory = forgets(rule) ? ` and β₂ = ${fixed(beta2, 3)}` : "";
      const now = x[t - 1];
      const where = now > 0.9 ? "the worst point" : now < -0.9 ? "the best point" : "still on its way";
      const price = regret[t - 1] / t, size = fixed(Math.abs(price), 3);
      const cost = Number(size) === 0 ? "as much as" : `${size} ${price > 0 ? "more" : "less"} than`;
      return `With C = ${fixed(C)}${memory}, at step ${number(t, 6)} ${name} is at ${fixed(now)}, ${where}. On average a step has cost ${cost} at the best point.`;
    }
  }

  customElements.define("optim-reddi", Reddi);
})();
