/* Part 1: words that are seen ever more rarely, and how far each rule moves their weights. */
"use strict";

(() => {
  const { Explorer, counted, fixed, number, scales, stops } = Explorers;
  const { adagrad, adam, random, rmsprop, sgd } = OptimizerRules;
  const STEPS = 20_000;
  const BETA1 = 0.9; // Adam's usual one
  const FEW = 3; // sightings below which a word says nothing about a slope
  const NAMES = { sgd: "SGD", adagrad: "AdaGrad", rmsprop: "RMSProp", adam: "Adam" };
  const averages = (rule) => rule === "rmsprop" || rule === "adam";

  /* One step of each rule at the rate 1, and what its states are multiplied with at a step that brings no gradient. */
  const walkers = {
    sgd: { step: (w, g, s, t) => sgd(w, g, t, 1), fade: () => [] },
    adagrad: { step: (w, g, s, t) => adagrad(w, g, ...s, t, 1), fade: () => [1] },
    rmsprop: { step: (w, g, s, t, { beta2 }) => rmsprop(w, g, ...s, t, 1, beta2), fade: ({ beta2 }) => [beta2] },
    adam: { step: (w, g, s, t, { beta2 }) => adam(w, g, ...s, t, 1, BETA1, beta2), fade: ({ beta2 }) => [BETA1, beta2] },
  };

  /* For each word the steps at which it is seen, word i at each step with probability i^-skew: the waiting times are geometric. */
  function sightings({ words, skew, seed, steps }) {
    const { uniform } = random(seed);
    return Array.from({ length: words }, (_, k) => {
      const missed = Math.log1p(-((k + 1) ** -skew)), found = [];
      const wait = () => 1 + Math.floor(Math.log1p(-uniform()) / missed);
      for (let t = wait(); t <= steps; t += wait()) found.push(t);
      return found;
    });
  }

  /* The travel of one weight after each of the steps `at`; every gradient is 1, so that it goes one way and travel is distance. */
  function travel(rule, seen, at, settings) {
    const { step, fade } = walkers[rule], factors = fade(settings), last = at.at(-1), out = [];
    let w = 0, s = factors.map(() => 0), next = 0;
    for (let t = 1; t <= last; t++) {
      const g = seen[next] === t ? 1 : 0, before = w;
      next += g;
      [w, ...s] = step(w, g, s, t, settings);
      if (at[out.length] === t) out.push(-w);
      if (w !== before) continue;
      // Nothing moves any more before the next sighting: go there at once, the states fading on the way.
      const until = Math.min(seen[next] ?? last + 1, last + 1) - 1;
      s = s.map((value, k) => value * factors[k] ** (until - t));
      while (at[out.length] <= until) out.push(-w);
      t = until;
    }
    return out;
  }

  /* How many of the steps in an increasing list are not after each of the steps `at`. */
  function counts(seen, at) {
    let n = 0;
    return at.map((t) => {
      while (seen[n] <= t) n++;
      return n;
    });
  }

  /* The slope of the least-squares line through points with logarithmic axes; NaN where there is none. */
  function slope(points) {
    const x = points.map(({ k }) => Math.log(k)), y = points.map(({ share }) => Math.log(share));
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const a = mean(x), b = mean(y);
    const spread = mean(x.map((u) => (u - a) ** 2));
    return points.length < 3 || spread < 0.05 ? NaN : mean(x.map((u, j) => (u - a) * (y[j] - b))) / spread;
  }

  class Travel extends Explorer {
    static defaults = { rule: "sgd", all: false, skew: 2, words: 60, beta2: 0.99, word: 40, seed: 1, steps: STEPS };
    static slope = slope;
    static beside = "minmax(0, 6fr) minmax(0, 5fr)";

    /* stops: the steps of the columns. count and, by rule, travel: a row for each word. word, step: the sightings, one after
       the other. after: by rule, how far a sighting after a long wait moves a word, against one always seen: RMSProp in one
       step, Adam also later, while the gradient fades from its average. Rules that are not asked for are left out. */
    static trajectory(settings) {
      const { rule, all, steps } = settings;
      const seen = sightings(settings), { at } = stops(steps);
      const run = { stops: at, count: seen.map((one) => counts(one, at)), word: seen.flatMap((one, k) => one.map(() => k)), step: seen.flat() };
      const root = Math.sqrt(1 - settings.beta2);
      run.after = { rmsprop: 1 / root, adam: (1 - BETA1) / root / (1 - BETA1 / Math.sqrt(settings.beta2)) };
      for (const name of all ? Object.keys(NAMES) : [rule]) run[name] = seen.map((one) => travel(name, one, at, settings));
      return run;
    }

    build() {
      this.choice("rule", { label: "Rule", options: Object.entries(NAMES).map(([rule, name]) => [rule, name, rule]) });
      this.toggle("all", { label: "all rules" });
      const margins = [46, 76], read = (k) => this.pick(k);
      this.shares = this.addPlot({ title: "travel, word 1 = 1", height: 290, margins, read });
      this.sizes = this.addPlot({ title: "travel at a sighting, word 1 = 1", height: 290, margins, read });
      const cursor = stops(STEPS).at, show = (at) => number(cursor[at], 6);
      this.addPlayer(cursor.length, { show, says: (at) => `${show(at)}: ${this.reading(at)}` });
      const word = this.range("word", { label: "word *i*", min: 1, max: 100, step: 1, show: () => String(this.word) });
      this.controls.push(() => {
        word.max = this.settings.words;
        word.value = this.word; // again: the range before may have cut it off
      });
      this.range("skew", { label: "skew *a*", min: 0, max: 2.5, step: 0.1, show: (x) => fixed(x, 1) });
      this.range("words", { label: "words *d*", min: 5, max: 100, step: 5 });
      const beta2 = this.range("beta2", { label: "decay *β*_2", min: 0.9, max: 0.9999, step: 0.05, scale: scales.memory, show: (x) => number(x, 6) });
      this.controls.push(() => (beta2.disabled = !this.settings.all && !averages(this.settings.rule)));
    }

    /* The words that have been seen by a stop, from the commonest to the rarest: i, sightings n, steps k to one sighting, and
       the travel as a share of word 1's. */
    points(rule, at) {
      const { stops, count, [rule]: gone } = this.result;
      return gone
        .map((way, j) => ({ i: j + 1, n: count[j][at], k: stops[at] / count[j][at], share: way[at] / gone[0][at] }))
        .filter(({ n }) => n > 0)
        .sort((a, b) => a.k - b.k);
    }

    pick(k) {
      const far = (point) => Math.abs(Math.log(point.k / k));
      const points = this.points(this.settings.rule, this.at);
      if (!this.playing) this.set({ word: points.reduce((best, point) => (far(point) < far(best) ? point : best)).i });
    }

    /* The word that is read: the chosen one, or the last where there are fewer. */
    get word() {
      return Math.min(this.settings.word, this.settings.words);
    }

    /* Which word is read changes nothing in the run. */
    set(changes) {
      const { result } = this;
      super.set(changes);
      if (Object.keys(changes).join() === "word") this.result = result;
    }

    draw(run) {
      const { settings, at } = this;
      const { rule, all } = settings;
      const rarest = Math.max(10, ...run.count.map((n) => STEPS / Math.max(1, n.at(-1))));
      const x = { min: 1, max: rarest * 1.1, log: true, label: "seen once in *k* steps" };
      const others = Object.keys(NAMES).filter((name) => all && name !== rule);
      const points = this.points(rule, at), chosen = points.find(({ i }) => i === this.word);
      const ends = [1, x.max];

      const lines = (value) => [
        ...others.map((name) => ({ line: this.line(name, value), tint: name, width: 1.3, label: NAMES[name] })),
        { line: this.line(rule, value), tint: rule, width: 2.2, label: NAMES[rule] },
        ...points.map((point) => ({ dot: [point.k, value(point)], tint: rule, size: 2.6 })),
        ...(chosen ? [{ dot: [chosen.k, value(chosen)], tint: rule, size: 6 }] : []),
      ];
      const guide = (f, label) => ({ line: [ends, ends.map(f)], tint: "quiet", width: 1, dash: true, label });
      this.shares.show({
        x, y: { min: 0.6 / x.max, max: 1, log: true }, cursor: chosen?.k,
        marks: [guide((k) => 1 / k, "1/*k*"), guide((k) => 1 / Math.sqrt(k), "1/√*k*"), ...lines(({ share }) => share)],
        says: `Travel of each word against how rarely it is seen, both axes logarithmic. ${this.reading(at)}`,
      });
      this.sizes.show({
        x, y: { min: 0.6, max: Math.max(3, 1.6 * Math.sqrt(x.max)), log: true }, cursor: chosen?.k,
        marks: [
          { level: 1, tint: "quiet", width: 1, dash: true }, guide(Math.sqrt, "√*k*"),
          ...Object.keys(run.after).filter((name) => all || name === rule)
            .map((name) => ({ level: run.after[name], tint: name, width: 1, dash: true, label: "long wait" })),
          ...lines(({ share, k }) => share * k),
        ],
        says: `Travel at one sighting, against how rarely the word is seen, both axes logarithmic. ${this.reading(at)}`,
      });

      const n = run.count[this.word - 1][at];
      const values = n ? [rule, ...others].map((name) => [NAMES[name], this.share(name, at), name]) : [];
      this.read([[`word ${this.word}`, n ? often(n) : "not yet seen", "ink"], ...values]);
      this.say(this.sentence(points));
    }

    line(rule, value) {
      const points = this.points(rule, this.at);
      return [points.map(({ k }) => k), points.map(value)];
    }

    /* The chosen word's share of the travel of word 1, as a fraction, once it has been seen. */
    share(rule, at) {
      return fraction(this.points(rule, at).find(({ i }) => i === this.word).share);
    }

    reading(at) {
      const { word } = this, { rule } = this.settings;
      const n = this.result.count[word - 1][at];
      return n ? `Word ${word}, ${often(n)}, has ${this.share(rule, at)} of the travel of word 1.` : `Word ${word} is not yet seen.`;
    }

    sentence(points) {
      const { rule, beta2, skew } = this.settings, name = NAMES[rule];
      const known = points.filter(({ n }) => n >= FEW), rare = known.at(-1);
      if (skew === 0) return "All words are seen alike, and every rule moves them alike.";
      if (!(rare?.k > 1)) return `After ${counted(number(this.result.stops[this.at], 6), "step")} no rare word has been seen ${FEW} times yet.`;
      const first = `A word seen once in ${counted(number(rare.k), "step")} has ${fraction(rare.share)} of the travel of one that is always seen; 1/√k is ${fraction(1 / Math.sqrt(rare.k))}.`;
      const memory = 1 / (1 - beta2), long = number(Math.round(memory), 6);
      const near = slope(known.filter(({ k }) => !averages(rule) || k <= memory));
      const rarely = averages(rule) ? slope(known.filter(({ k }) => k > memory)) : NaN;
      const parts = [];
      if (!Number.isNaN(near)) parts.push(`${fixed(near)}${averages(rule) ? ` for words that come back within ${long} steps` : ""}`);
      if (!Number.isNaN(rarely)) parts.push(`${fixed(rarely)} for rarer ones`);
      return parts.length ? `${name}: ${first} The slope is ${parts.join(", and ")}.` : `${name}: ${first}`;
    }
  }

  /* A share, as 1/n where it is small. */
  const fraction = (share) => (share > 0.2 ? fixed(share) : `1/${number(1 / share)}`);
  const often = (n) => (n === 1 ? "seen once" : `seen ${number(n, 6)} times`);

  customElements.define("optim-travel", Travel);
})();
