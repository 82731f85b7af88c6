/* Part 3: Adam's averages and steps over the first 200 steps, on gradients that the reader chooses or draws. */
"use strict";

(() => {
  const { Explorer, ceiling, clamp, fixed, number, scales } = Explorers;
  const STEPS = 200;
  const LIMIT = 2; // the largest gradient that can be drawn
  const GROWTH = 0.999 / 0.9;
  const t = Array.from({ length: STEPS }, (_, k) => k + 1);

  const presets = {
    constant: () => t.map(() => 1),
    alternating: () => t.map((k) => (k % 2 ? 1 : -1)),
    spike: () => t.map((k) => (k === 50 ? 1 : 0)),
    growing: () => t.map((k) => GROWTH ** (k - STEPS)),
    noise: (seed) => {
      const { normal } = OptimizerRules.random(seed);
      return t.map(() => clamp(0.2 + 0.6 * normal(), -LIMIT, LIMIT));
    },
  };

  /* The largest step that any gradients can make at each step, by Cauchy's and Schwarz' inequality. */
  function caps({ beta1, beta2, lr, corrected }) {
    const rho = beta1 === 0 ? 0 : beta1 ** 2 / beta2;
    let sum = 0;
    return t.map((k) => {
      sum = 1 + rho * sum;
      const raw = (lr * (1 - beta1) * Math.sqrt(sum)) / Math.sqrt(1 - beta2);
      return corrected ? (raw / (1 - beta1 ** k)) * Math.sqrt(1 - beta2 ** k) : raw;
    });
  }

  class Adam extends Explorer {
    static style = `
      .rest fieldset { grid-column: 1 / -1; }
      @container (min-width: 32rem) { .rest { grid-template-columns: repeat(2, minmax(0, 1fr)); } }`;
    static defaults = { preset: "constant", seed: 1, corrected: false, beta1: 0.9, beta2: 0.999, lr: 0.001, eps: 1e-8 };

    /* gradients: one a step. Returns by name, one number a step: w after the step, the averages raw and corrected, the step
       (signed), the cap; and printed, the bound that Adam's paper states for every step. */
    static trajectory(settings) {
      const { gradients, beta1, beta2, lr, eps, corrected } = settings;
      const out = { w: [], m: [], v: [], m_hat: [], v_hat: [], step: [], cap: caps(settings) };
      let w = 0, m = 0, v = 0, moved;
      gradients.forEach((g, k) => {
        // From 0, so that the step is not rounded to the digits of w.
        [moved, m, v] = OptimizerRules.adam(0, g, m, v, k + 1, lr, beta1, beta2, eps, corrected);
        w += moved;
        const now = { w, m, v, m_hat: m / (1 - beta1 ** (k + 1)), v_hat: v / (1 - beta2 ** (k + 1)), step: moved };
        for (const [name, value] of Object.entries(now)) out[name].push(value);
      });
      out.printed = lr * Math.max(1, (1 - beta1) / Math.sqrt(1 - beta2));
      return out;
    }

    initial() {
      return { ...super.initial(), gradients: presets.constant() };
    }

    build() {
      this.toggle("corrected", { label: "Bias correction" });
      const margins = [48, 58], read = (x) => this.go(x - 1);
      this.steps = this.addPlot({ title: "length of the step; thin: the largest possible, dashed: the paper’s bound, and *α*", height: 180, margins, read });
      this.toldBox.before(this.restBox); // what is drawn on must not move with the words' length
      this.choice("preset", {
        host: this.restBox,
        label: "Gradients",
        options: [
          ["constant", "constant"], ["alternating", "alternating"], ["spike", "one spike"], ["noise", "noise"],
          ["growing", "growing"], ["own", "your own"],
        ],
        chosen: (preset) => this.choose(preset),
      });
      this.own = null; // what the reader drew last
      this.gradients = this.addPlot({
        title: "gradients *g*_t: draw here", height: 140, margins, drawn: true, read: (x, y, phase) => this.pointed(x, y, phase),
      });
      this.gradients.operate("Gradients: left and right choose a step, up and down move its gradient, with shift all later ones too", (event) =>
        this.pressed(event),
      );
      // In the line of the title, where it takes no room: the plot must not move under the pointer that draws.
      this.again = this.button("other noise", () => this.choose("noise", this.settings.seed + 1), this.gradients.title);
      this.averages = this.addPlot({ title: "averages; dashed: not used", height: 140, margins, read });
      const says = (at) => `${at + 1}, ${number(Math.abs(this.result.step[at]) / this.settings.lr)} times the learning rate`;
      this.addPlayer(STEPS, { at: 11, says });
      const rate = { step: 0.05, scale: scales.memory, show: (x) => number(x, 6) };
      this.range("beta1", { label: "decay *β*_1", min: 0, max: 0.99, ...rate });
      this.range("beta2", { label: "decay *β*_2", min: 0, max: 0.9999, ...rate });
      this.range("lr", { label: "rate *α*", min: 1e-4, max: 1, step: 0.05, scale: scales.log });
      this.range("eps", { label: "*ε*", min: 1e-10, max: 1, step: 0.25, scale: scales.log });
    }

    choose(preset, seed = this.settings.seed) {
      const gradients = preset === "own" ? (this.own ?? this.settings.gradients) : presets[preset](seed);
      this.set({ preset, seed, gradients: [...gradients] });
    }

    /* Give the steps from a to b, counted from 0, the gradients on the line between two values. */
    bend(a, b, from, to) {
      const gradients = [...this.settings.gradients];
      const way = Math.max(1, Math.abs(b - a)), side = Math.sign(b - a);
      for (let n = 0; n <= Math.abs(b - a); n++) {
        gradients[a + n * side] = clamp(from + ((to - from) * n) / way, -LIMIT, LIMIT);
      }
      this.own = gradients;
      this.set({ preset: "own", gradients });
    }

    pointed(x, y, phase) {
      const k = clamp(Math.round(x) - 1, 0, STEPS - 1);
      const last = phase === "start" ? { k, y } : this.last;
      this.bend(last.k, k, last.y, y);
      this.last = { k, y };
      this.go(k);
    }

    pressed({ key, shiftKey }) {
      const ways = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -STEPS, End: STEPS };
      const rise = { ArrowUp: 0.1, ArrowDown: -0.1 }[key];
      if (key in ways) {
        this.stop();
        this.go(this.at + ways[key]);
      } else if (rise) {
        const value = clamp(Number((this.settings.gradients[this.at] + rise).toFixed(6)), -LIMIT, LIMIT);
        this.bend(this.at, shiftKey ? STEPS - 1 : this.at, value, value);
      } else return false;
      return true;
    }

    draw(run) {
      const { at, seen, settings } = this;
      const { gradients, corrected, lr } = settings;
      const upTo = (values) => [t.slice(0, seen + 1), values.slice(0, seen + 1)];
      const x = { min: 1, max: STEPS }, cursor = at + 1;
      const root = run.v.map(Math.sqrt), root_hat = run.v_hat.map(Math.sqrt), length = run.step.map(Math.abs);
      this.again.hidden = settings.preset !== "noise";

      this.gradients.value(at + 1, 1, STEPS, `step ${at + 1}, gradient ${number(gradients[at])}`);
      this.gradients.show({
        x: { ...x, min: 0, hidden: true }, y: { min: -LIMIT, max: LIMIT }, cursor,
        marks: [{ level: 0, tint: "line", width: 1 }, { bars: [t, gradients], tint: "ink" }, { dot: [at + 1, gradients[at]], tint: "ink" }],
      });

      const used = (name) => ({ width: name === corrected ? 2.2 : 1.2, dash: name !== corrected });
      const lines = [
        { line: upTo(run.m), tint: "momentum", label: "*m* raw", values: run.m, ...used(false) },
        { line: upTo(run.m_hat), tint: "momentum", label: "*m̂*", values: run.m_hat, ...used(true) },
        { line: upTo(root), tint: "rmsprop", label: "√*v* raw", values: root, ...used(false) },
        { line: upTo(root_hat), tint: "rmsprop", label: "√*v̂*", values: root_hat, ...used(true) },
      ];
      const high = ceiling(1.05 * Math.max(0.1, ...lines.flatMap(({ values }) => values.map(Math.abs))));
      const least = Math.min(...run.m, ...run.m_hat);
      this.averages.show({
        x: { ...x, min: 0, hidden: true }, y: { min: least < 0 ? -ceiling(-1.05 * least) : 0, max: high }, cursor,
        marks: [...lines, ...lines.filter((line) => !line.dash).map(({ values, tint }) => ({ dot: [at + 1, values[at]], tint }))],
        says: `At step ${at + 1}: m raw ${number(run.m[at])}, corrected ${number(run.m_hat[at])}; root of v raw ${number(root[at])}, corrected ${number(root_hat[at])}.`,
      });

      // The same axis with and without correction, so that the switch shows what it does.
      const other = this.trajectory({ ...settings, corrected: !corrected });
      const tall = ceiling(1.05 * Math.max(lr, run.printed, ...length, ...other.step.map(Math.abs)));
      const times = run.printed / lr;
      this.steps.show({
        x: { ...x, min: 0, label: "step *t*" }, y: { min: 0, max: tall }, cursor,
        marks: [
          { line: upTo(run.cap), tint: "quiet", width: 1.2, label: "largest" },
          ...(times > 1.001 ? [{ level: run.printed, tint: "quiet", width: 1.2, dash: true, label: `${number(times)} *α*` }] : []),
          { level: lr, tint: "quiet", width: 1.2, dash: true, label: "*α*" },
          { line: upTo(length), tint: "adam", width: 2.6, label: "step" },
          { dot: [at + 1, length[at]], tint: "adam", size: 5 },
        ],
        says: `Length of Adam's steps against the step; at step ${at + 1} it is ${number(length[at] / lr)} times the learning rate.`,
      });

      const value = (x) => (x !== 0 && Math.abs(x) < 0.01 ? number(x, 2) : fixed(x, 3)), three = (values) => value(values[at]);
      this.read([
        ["*g*", value(gradients[at])], ["*m*", three(run.m), "momentum"], ["*m̂*", three(run.m_hat), "momentum"],
        ["√*v*", three(root), "rmsprop"], ["√*v̂*", three(root_hat), "rmsprop"],
        ["step", `${number(length[at])} = ${number(length[at] / lr)} <i>α</i>`, "adam"],
      ]);
      this.say(this.sentence(run, length, lr));
    }

    sentence(run, length, lr) {
      const top = length.indexOf(Math.max(...length)), most = length[top] / lr;
      const how = `${this.settings.corrected ? "With" : "Without"} bias correction`;
      if (most === 0) return "All gradients are 0, and nothing moves.";
      if (length.every((step) => Math.abs(step / lr - 1) < 0.005)) {
        return `${how} every step is as long as the learning rate.`;
      }
      const long = Math.abs(most - 1) < 0.005 ? "as long as" : `${number(most)} times`;
      const words = [`${how} the longest of ${STEPS} steps is ${long} the learning rate, at step ${top + 1}.`];
      if (this.settings.corrected && length[top] > run.printed * (1 + 1e-9)) words.push(`That is more than the paper’s bound, ${number(run.printed / lr)} times.`);
      if (length[top] > 0.999 * run.cap[top] && top > 0) words.push("No gradients can make it longer.");
      return words.join(" ");
    }
  }

  customElements.define("optim-adam", Adam);
})();
