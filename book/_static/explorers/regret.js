/* Part 2: AdaGrad in a box, its relative with one rate for the vector in a ball, and descent with a falling rate, against the
   same losses: what each pays more than the best fixed point, and what its theorem promises. */
"use strict";

(() => {
  const { Explorer, clamp, fixed, number, scales, counted, stops } = Explorers;
  const { adagrad, adagrad_norm, random, sgd } = OptimizerRules;
  const STEPS = 2000;
  const ROOT2 = Math.sqrt(2);
  const COS = Math.sqrt(3) / 2, SIN = 1 / 2;
  const NAMES = { adagrad: "AdaGrad", adagrad_norm: "norm version", sgd: "SGD" };
  const BOUNDS = { adagrad: "AdaGrad bound", adagrad_norm: "norm bound", sgd: "SGD bound" };
  // The two blues are told apart by a dash as well; words in the lighter one, dark enough to be read, would look like AdaGrad's.
  const LOOKS = { adagrad: { width: 2.8 }, adagrad_norm: { width: 1.8, dash: "long", ink: "ink" }, sgd: { width: 1.6 } };
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const length = (values) => Math.sqrt(sum(values.map((x) => x * x)));

  const cursor = stops(STEPS);

  /* The size of the best point's coordinate i. */
  const sizes = { equal: () => 1, falling: (i) => 1 / i, single: (i) => (i === 1 ? 1 : 0) };

  /* The best point u with chosen sizes and random signs, and the losses: losses(t, w) returns [loss, gradient]. largest: a bound
     for all gradients' lengths. coordinate, noise: what was drawn, a number a step, or one for each coordinate. */
  function game({ losses, best, skew, d, seed, steps, room }) {
    const { uniform } = random(seed);
    const places = Array.from({ length: d }, (_, k) => k + 1);
    const u = places.map((i) => (uniform() < 0.5 ? -1 : 1) * sizes[best](i));
    const weights = places.map((i) => i ** -skew), coordinate = [], noise = [];
    if (losses === "rare") {
      const total = sum(weights);
      for (let t = 0; t < steps; t++) {
        let left = uniform() * total, k = 0;
        while (k < d - 1 && left >= weights[k]) left -= weights[k++];
        coordinate.push(k);
        noise.push(2 * uniform() - 1);
      }
      const f = (t, w) => {
        const k = coordinate[t - 1], error = w[k] - u[k] - noise[t - 1];
        return [Math.abs(error), w.map((_, j) => (j === k ? Math.sign(error) : 0))];
      };
      return { u, coordinate, noise, f, largest: 1 };
    }
    if (losses === "dense") {
      for (let n = 0; n < steps * d; n++) noise.push(2 * uniform() - 1);
      const f = (t, w) => {
        const errors = w.map((x, k) => x - u[k] - noise[(t - 1) * d + k]);
        return [sum(errors.map(Math.abs)), errors.map(Math.sign)];
      };
      return { u, coordinate, noise, f, largest: Math.sqrt(d) };
    }
    // Half the sum of weighted squares along axes of its own: those of w, or turned by 30 degrees, the steepest with the flattest.
    const turn = (x, way) => {
      if (losses !== "turned") return x;
      const turned = [...x];
      for (let a = 0, z = d - 1; a < z; a++, z--) {
        turned[a] = COS * x[a] - way * SIN * x[z];
        turned[z] = way * SIN * x[a] + COS * x[z];
      }
      return turned;
    };
    const f = (t, w) => {
      const own = turn(w.map((x, k) => x - u[k]), -1), pull = own.map((x, k) => weights[k] * x);
      return [sum(own.map((x, k) => (x * pull[k]) / 2)), turn(pull, 1)];
    };
    return { u, coordinate, noise, f, largest: 2 * room * Math.max(...u.map(Math.abs)) * Math.sqrt(d) };
  }

  /* Each player by its theorem: a step, with its rate and its set, and its bound from t and the norms one and two of the roots of
     the sums of squares. */
  function players({ u, largest }, { room, constant }) {
    const box = room * Math.max(...u.map(Math.abs)), ball = room * length(u), across = 2 * box * Math.sqrt(u.length);
    const clip = (x) => clamp(x, -box, box);
    return {
      adagrad: {
        step(w, g, s, t) {
          return w.map((x, k) => {
            [x, s[k]] = adagrad(x, g[k], s[k], t, constant * ROOT2 * box);
            return clip(x);
          });
        },
        bound: ({ one }) => 2 * ROOT2 * box * one,
      },
      adagrad_norm: {
        step(w, g, s, t) {
          const squared = sum(g.map((x) => x * x)), before = s[0];
          const moved = w.map((x, k) => {
            [x, s[0]] = adagrad_norm(x, g[k], before, t, constant * ROOT2 * ball, 0, squared);
            return x;
          });
          const far = length(moved);
          return far > ball ? moved.map((x) => x * (ball / far)) : moved;
        },
        bound: ({ two }) => 2 * ROOT2 * ball * two,
      },
      sgd: {
        step: (w, g, s, t) => w.map((x, k) => clip(sgd(x, g[k], t, (constant * across) / (ROOT2 * largest) / Math.sqrt(t))[0])),
        bound: ({ t }) => ROOT2 * across * largest * Math.sqrt(t),
      },
    };
  }

  class Regret extends Explorer {
    static defaults = { losses: "rare", best: "equal", skew: 2, d: 50, constant: 1, room: 1, seed: 1, steps: STEPS };
    static beside = "minmax(0, 6fr) minmax(0, 4fr)";

    /* By rule its regret up to and including each step; by bound_rule what its theorem promises there; spread: over how many
       coordinates AdaGrad's gradients are spread, their sums' effective support; u: the best point; coordinate, noise: the draws. */
    static trajectory(settings) {
      const { d, steps, constant } = settings;
      const { f, ...drawn } = game(settings), run = { spread: [], u: drawn.u, coordinate: drawn.coordinate, noise: drawn.noise };
      const lost = (constant + 1 / constant) / 2; // by a constant other than the theorem's
      const known = Array.from({ length: steps }, (_, k) => f(k + 1, drawn.u)[0]);
      for (const [rule, { step, bound }] of Object.entries(players(drawn, settings))) {
        const regret = [], bounds = [], squares = new Array(d).fill(0), s = new Array(d).fill(0);
        let w = new Array(d).fill(0), total = 0;
        for (let t = 1; t <= steps; t++) {
          const [loss, g] = f(t, w);
          total += loss - known[t - 1];
          g.forEach((x, k) => (squares[k] += x * x));
          w = step(w, g, s, t);
          regret.push(total);
          const one = sum(squares.map(Math.sqrt)), two = Math.sqrt(sum(squares));
          bounds.push(lost * bound({ one, two, t }));
          if (rule === "adagrad") run.spread.push((one / two) ** 2);
        }
        Object.assign(run, { [rule]: regret, [`bound_${rule}`]: bounds });
      }
      return run;
    }

    build() {
      this.choice("losses", {
        label: "Losses",
        options: [["rare", "rare words"], ["dense", "all words"], ["quadratic", "quadratic"], ["turned", "turned quadratic"]],
      });
      this.choice("best", {
        label: "Best point", options: [["equal", "equal sizes"], ["falling", "falling"], ["single", "one entry"]],
      });
      this.curves = this.addPlot({ title: "regret; dotted: its bound", height: 300, margins: [56, 104], read: (t) => this.go(cursor.place(t)) });
      this.map = this.addPlot({ title: "map: whose bound is smaller", height: 300 });
      const show = (at) => number(cursor.at[at], 6);
      const says = (at) => `${show(at)}: ${Object.keys(NAMES).map((rule) => `${NAMES[rule]} ${this.regret(rule, at)}`).join(", ")}`;
      this.addPlayer(cursor.at.length, { show, says });
      this.skew = this.range("skew", { label: "skew *a*", min: 0, max: 3, step: 0.1, show: (x) => fixed(x, 1) });
      this.range("d", { label: "dimension *d*", min: 2, max: 100, step: 1 });
      this.range("constant", { label: "*c* / (√2 *D*)", min: 0.01, max: 10, step: 0.1, scale: scales.log });
      this.range("room", { label: "room *D* / |*u*|", min: 1, max: 4, step: 0.1, show: (x) => fixed(x, 1) });
    }

    regret(rule, at) {
      return number(this.result[rule][cursor.at[at] - 1]);
    }

    draw(run) {
      const { settings } = this, { d } = settings;
      const t = cursor.at[this.at], shown = cursor.at.slice(0, this.seen + 1);
      this.skew.disabled = settings.losses === "dense";
      const reach = sum(run.u.map((x) => x * x)) / Math.max(...run.u.map(Math.abs)) ** 2;
      const spread = run.spread[t - 1], wins = run.bound_adagrad[t - 1] < run.bound_adagrad_norm[t - 1];

      const axis = { min: 1, max: 1.15 * d, log: true }, ends = [axis.min, axis.max];
      const within = (part) => axis.max ** part;
      this.map.show({
        x: { ...axis, label: "spread of the best point" }, y: { ...axis, label: "spread of the gradients" },
        marks: [
          { area: [ends, axis.min, ends], tint: "adagrad", shade: 0.2 }, { area: [ends, ends, axis.max], tint: "adagrad_norm", shade: 0.08 },
          { line: [ends, ends], tint: "ink", width: 1.2 },
          { text: "AdaGrad’s bound", at: [within(0.97), within(0.09)], tint: "adagrad", anchor: "end" },
          { text: "is smaller", at: [within(0.97), within(0.03)], tint: "adagrad", anchor: "end" },
          { text: "norm version’s", at: [within(0.03), within(0.93)], tint: "ink" },
          { dot: [reach, spread], tint: wins ? "adagrad" : "adagrad_norm", size: 7 },
        ],
        says: `Map: the gradients are spread over ${counted(number(spread), "coordinate")}, the best point over ${number(reach)}.`,
      });

      const rules = Object.keys(NAMES).reverse(); // AdaGrad in front
      const positive = (values) => values.map((x) => (x > 0 ? x : NaN));
      const at = (name) => [shown, positive(shown.map((t) => run[name][t - 1]))];
      const last = (name) => run[name].at(-1);
      const tall = Math.max(...rules.map(last), last("bound_adagrad"), last("bound_adagrad_norm"));
      const low = Math.min(...rules.map((rule) => Math.min(...run[rule].slice(0, 4).filter((x) => x > 0)))) / 2;
      this.curves.show({
        x: { min: 1, max: STEPS, log: true, label: "step *t*" }, y: { min: Math.max(low, tall / 1e5), max: 1.3 * tall, log: true }, cursor: t,
        marks: [
          ...rules.map((rule) => ({ line: at(`bound_${rule}`), tint: rule, ...LOOKS[rule], width: 1.8, dash: "dots", label: BOUNDS[rule] })),
          ...rules.map((rule) => ({ line: at(rule), tint: rule, ...LOOKS[rule], label: NAMES[rule] })),
          ...rules.filter((rule) => run[rule][t - 1] > 0).map((rule) => ({ dot: [t, run[rule][t - 1]], tint: rule, size: 4 })),
        ],
        says: `Regret against the step, both axes logarithmic. At step ${t}: ${rules.map((rule) => `${NAMES[rule]} ${this.regret(rule, this.at)}`).join(", ")}.`,
      });

      this.read(Object.keys(NAMES).map((rule) => [NAMES[rule], `${this.regret(rule, this.at)}, at most ${number(run[`bound_${rule}`][t - 1])}`, LOOKS[rule].ink ?? rule]));
      this.say(this.sentence(run, reach, t));
    }

    sentence(run, reach, t) {
      const over = (name) => run[`${name}adagrad`][t - 1] / run[`${name}adagrad_norm`][t - 1];
      const times = (ratio) => (Math.abs(ratio - 1) < 0.03 ? "as large as" : `${number(ratio, 2)} times`);
      const bound = over("bound_"), same = Math.abs(bound - 1) < 0.001;
      // At first a regret may be 0 or less, and is no multiple of another.
      const known = run.adagrad[t - 1] > 0 && run.adagrad_norm[t - 1] > 0;
      const paid = known
        ? `AdaGrad’s regret is ${times(over(""))} the norm version’s, and ${same ? "their bounds are equal" : `its bound is ${times(bound)} the norm version’s bound`}.`
        : `AdaGrad’s bound is ${times(bound)} the norm version’s.`;
      const spread = `The gradients are spread over ${counted(number(run.spread[t - 1]), "coordinate")}, the best point over ${number(reach)}.`;
      return `After ${counted(number(t, 6), "step")} ${paid} ${spread}`;
    }
  }

  customElements.define("optim-regret", Regret);
})();
