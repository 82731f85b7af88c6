/* The core of the explorers: the element with its controls and its player, drawn by plots.js, computing by rules.js. No
   dependency, no build step.

   An explorer is a class that extends `Explorers.Explorer` and is registered under its element's name:

     class Example extends Explorers.Explorer {
       static defaults = { rule: "adam", lr: 0.1 };          // what the reader sees first: the phenomenon
       static trajectory(settings) { return { w: [...] }; }  // pure; plain arrays, so that tests can compare them
       build() { this.toggle(...); this.range(...); this.plot = this.addPlot(...); this.addPlayer(...); }
       draw(result) { this.plot.show(...); this.read([...]); this.say("..."); }
     }
     customElements.define("optim-example", Example);

   From above: switches and choices; the first plot, which shows the phenomenon; the sliders and the player that move it; the
   state in words; the other plots (in a wide frame beside the first, where `beside` gives the two columns); values.

   `build` runs once. `draw` runs after every change, with the trajectory of the present settings; `this.at` is the place of
   the reader's cursor and `this.seen` the last place that is drawn, both indices below the player's count. */
"use strict";

const Explorers = (() => {
  const { Plot, ceiling, clamp, fixed, html, make, number, scales, counted, tint } = ExplorerPlots;
  const stillness = matchMedia("(prefers-reduced-motion: reduce)");

  const STYLE = `
    :host { display: block; container-type: inline-size; color: var(--book-ink); font: 400 0.85rem/1.45 var(--book-sans); text-align: left; font-size-adjust: none; }
    [hidden] { display: none !important; }
    .live { display: grid; gap: 0.6rem; position: relative; }
    .bar, .player, .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: center; }
    .player { gap: 0.4rem; }
    .player .range { flex: 1 1 11rem; margin-left: 0.4rem; }
    .sliders { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.4rem 1.2rem; }
    @container (min-width: 32rem) { .sliders { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
    .range { display: grid; grid-template-columns: 1fr auto; gap: 0 0.5rem; align-items: baseline; }
    .range input { grid-column: 1 / -1; width: 100%; height: 1.6rem; margin: 0; accent-color: var(--book-statement); cursor: pointer; }
    .range input:focus-visible { outline-offset: -2px; }
    .range:has(input:disabled) { color: var(--book-quiet); }
    .range:has(input:disabled) .value { font-weight: 400; }
    .range input:disabled { cursor: default; }
    .range .value { font-variant-numeric: tabular-nums; font-weight: 600; }
    button, .choice label { font: inherit; color: inherit; background: var(--book-panel); border: 1px solid var(--book-line); border-radius: 0.4rem; padding: 0.25rem 0.7rem; min-height: 1.9rem; cursor: pointer; box-sizing: border-box; }
    button:hover, .choice label:hover { border-color: var(--book-quiet); }
    button:disabled { cursor: default; opacity: 0.5; }
    .player button { display: inline-flex; align-items: center; gap: 0.4rem; }
    .player svg { width: 0.8rem; height: 0.8rem; fill: currentColor; display: block; }
    :focus-visible { outline: 2px solid var(--book-statement); outline-offset: 2px; }
    fieldset { border: 0; margin: 0; padding: 0; min-width: 0; display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem; }
    legend { float: left; padding: 0; margin-right: 0.3rem; color: var(--book-quiet); }
    .choice input { position: absolute; opacity: 0; width: 1px; height: 1px; margin: 0; }
    .choice span { position: relative; display: inline-flex; }
    .choice label { border-color: var(--book-line); }
    .choice input:checked + label { background: var(--tint, var(--book-ink)); border-color: var(--tint, var(--book-ink)); color: var(--pst-color-background); }
    /* What is chosen keeps its width, so that no row breaks anew and moves a plot under the pointer. */
    .choice input:focus-visible + label { outline: 2px solid var(--book-statement); outline-offset: 2px; }
    [role="switch"] { display: inline-flex; align-items: center; gap: 0.55rem; font-weight: 600; }
    [role="switch"] .track { width: 2.1rem; height: 1.15rem; border-radius: 1rem; background: var(--book-quiet); position: relative; flex: none; }
    [role="switch"] .track::after { content: ""; position: absolute; top: 0.15rem; left: 0.15rem; width: 0.85rem; height: 0.85rem; border-radius: 50%; background: var(--pst-color-background); transition: left 0.12s; }
    [role="switch"][aria-checked="true"] .track { background: var(--book-statement); }
    [role="switch"][aria-checked="true"] .track::after { left: 1.1rem; }
    .told { margin: 0; min-height: 2.9em; font-size: 0.95rem; }
    .spoken { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .plots { display: grid; gap: 0.5rem 1.2rem; min-width: 0; align-content: start; }
    @container (min-width: 32rem) {
      .beside { grid-template-columns: var(--beside); column-gap: 1.2rem; }
      .beside > * { grid-column: 1 / -1; }
      .beside > .main { grid-area: 2 / 1; }
      .beside > .rest { grid-area: 2 / 2; }
    }
    .plot { min-width: 0; }
    .title { margin: 0; color: var(--book-quiet); }
    .title button { float: right; min-height: 1.5rem; padding: 0 0.6rem; margin: -0.15rem 0; color: var(--book-ink); }
    .readout { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; margin: 0; min-height: 1.45em; font-variant-numeric: tabular-nums; }
    .readout div { display: flex; gap: 0.35rem; }
    .readout dt { color: var(--tint, var(--book-quiet)); }
    .readout dd { margin: 0; }
    svg { display: block; width: 100%; overflow: visible; user-select: none; -webkit-user-select: none; }
    svg svg { overflow: hidden; }
    svg.drawn, svg.read { cursor: crosshair; }
    text { fill: var(--book-quiet); font-size: 12px; }
    .var, i { font-family: var(--book-serif); font-style: italic; }
    sub { line-height: 0; }
    .grid { stroke: var(--book-line); stroke-width: 0.7; }
    .axis { stroke: var(--book-quiet); stroke-width: 1; }
    .cursor { stroke: var(--book-quiet); stroke-width: 1; stroke-dasharray: 2 3; }
    .tinted { fill: none; stroke: var(--tint); stroke-width: 2; stroke-linejoin: round; }
    .bars { stroke-width: 1; opacity: 0.3; }
    .heads { stroke-width: 2.6; stroke-linecap: round; }
    .dash { stroke-dasharray: 5 4; }
    .long { stroke-dasharray: 9 4; }
    .dots { stroke-dasharray: 1 4; stroke-linecap: round; }
    .hatch { stroke: var(--book-quiet); stroke-width: 1.2; }
    .area { fill: var(--tint); }
    .spot { fill: var(--tint); stroke: var(--pst-color-background); stroke-width: 1.5; }
    .name { fill: var(--tint); paint-order: stroke; stroke: var(--pst-color-background); stroke-width: 3; stroke-linejoin: round; }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
    @media screen { slot { display: none; } }
    @media print { .live { display: none; } }
    /* The reader's own two colours: what is on is filled, lines are told by their names, dashes and widths. */
    @media (forced-colors: active) {
      .choice input:checked + label { border: 3px solid Highlight; padding: calc(0.25rem - 2px) calc(0.7rem - 2px); }
      [role="switch"] .track { box-sizing: border-box; border: 1px solid ButtonText; background: ButtonFace; forced-color-adjust: none; }
      [role="switch"] .track::after { top: 0.09rem; background: ButtonText; }
      [role="switch"][aria-checked="true"] .track { border-color: Highlight; background: Highlight; }
      [role="switch"][aria-checked="true"] .track::after { background: HighlightText; }
      .tinted, .axis, .cursor, .hatch, .grid { stroke: CanvasText; }
      .grid { opacity: 0.3; }
      .area { fill: CanvasText; }
      .spot { fill: Highlight; stroke: Canvas; }
      text { fill: CanvasText; }
      .name { fill: CanvasText; stroke: Canvas; }
    }
  `;

  const ICONS = {
    play: "M1 0l11 6.5L1 13z",
    pause: "M1 0h4v13H1zM8 0h4v13H8z",
    back: "M11 0L3 6.5 11 13zM0 0h2v13H0z",
    step: "M1 0l8 6.5L1 13zM10 0h2v13h-2z",
  };
  /* The steps at which a cursor stops: every one at first, then ever fewer, each `growth` times the one before, and `last`.
     at: the steps; place(t): the index of the last stop that is not after step t. */
  function stops(last, growth = 1.05) {
    const at = [];
    for (let x = 1; Math.round(x) < last; x = Math.max(x + 1, x * growth)) at.push(Math.round(x));
    at.push(last);
    return { at, place: (t) => Math.max(0, at.findLastIndex((stop) => stop <= t)) };
  }

  const icon = (name) => `<svg viewBox="0 0 13 13" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

  class Explorer extends HTMLElement {
    static defaults = {};

    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      const { style = "", beside } = this.constructor;
      root.innerHTML =
        `<style>${STYLE}${style}</style><div class="live${beside ? " beside" : ""}" style="--beside:${beside}"><div class="bar"></div>` +
        '<div class="plots main"></div><div class="sliders"></div><div class="player"></div><p class="told" aria-hidden="true"></p>' +
        '<p class="spoken" role="status"></p>' +
        '<div class="plots rest"></div><dl class="readout"></dl></div><slot></slot>';
      for (const part of ["bar", "main", "sliders", "player", "told", "spoken", "rest", "readout"]) this[`${part}Box`] = root.querySelector(`.${part}`);
      this.controls = [];
      this.count = 1;
      this.at = this.seen = 0;
      try {
        this.settings = this.initial();
        this.build();
        this.now();
      } catch (error) {
        root.innerHTML = ""; // the still picture is better than half an explorer
        root.append(make("slot"));
        throw error;
      }
    }

    disconnectedCallback() {
      this.stop();
    }

    initial() {
      return structuredClone(this.constructor.defaults);
    }

    /* The computation of these settings, as the page shows it: plain arrays. */
    trajectory(settings = this.settings) {
      return this.constructor.trajectory({ ...this.initial(), ...settings });
    }

    /* Change settings and draw again. */
    set(changes) {
      this.stop();
      Object.assign(this.settings, changes);
      this.result = null;
      this.seen = this.count - 1;
      this.later();
    }

    /* Put the reader's cursor at a place, and see at least so far. */
    go(at) {
      if (this.playing) return;
      this.at = clamp(Math.round(at), 0, this.count - 1);
      this.seen = Math.max(this.seen, this.at);
      this.later();
    }

    later() {
      this.waiting ??= requestAnimationFrame(() => this.now());
    }

    now() {
      cancelAnimationFrame(this.waiting);
      this.waiting = null;
      this.result ??= this.trajectory();
      this.controls.forEach((sync) => sync());
      this.draw(this.result);
    }

    /* State in words: seen at once, and spoken, from a line of its own, once the reader has stopped moving things. */
    say(text) {
      const speak = () => {
        this.spokenBox.textContent = text;
        this.speaking = null;
      };
      // While playing, shorter words keep the room of longer ones, so that what is below does not jump.
      this.toldBox.style.minHeight = this.playing ? `${this.toldBox.offsetHeight}px` : "";
      this.toldBox.textContent = text;
      clearTimeout(this.speaking);
      this.speaking = null;
      if (!this.spokenBox.textContent) speak();
      else if (this.spokenBox.textContent !== text) this.speaking = setTimeout(speak, this.playing ? 1000 : 150);
    }

    /* Values at the cursor: [[name, value, tint], ...]. */
    read(values) {
      const item = ([name, value, ink]) =>
        `<div><dt${ink ? ` style="--tint:${tint(ink)}"` : ""}>${html(name)}</dt><dd>${value}</dd></div>`;
      this.readoutBox.innerHTML = values.map(item).join("");
    }

    addPlot(options) {
      return new Plot(this.mainBox.firstChild ? this.restBox : this.mainBox, options);
    }

    /* A slider of a setting with its name, value and unit. show(value): the value in words. */
    range(name, { label, min, max, step, scale = scales.linear, show = number, unit = "", host = this.slidersBox }) {
      const id = `control-${name}`;
      const value = make("span", { class: "value", "aria-hidden": "true" });
      const input = make("input", {
        id, type: "range", min: scale.place(min), max: scale.place(max), step,
        oninput: () => this.set({ [name]: clamp(scale.value(input.valueAsNumber), min, max) }),
      });
      host.append(make("div", { class: "range" }, make("label", { for: id, html: html(label) }), value, input));
      this.controls.push(() => {
        const text = show(this.settings[name]) + (unit && `\u00a0${unit}`);
        input.value = scale.place(this.settings[name]);
        input.setAttribute("aria-valuetext", text);
        value.textContent = text;
      });
      return input;
    }

    /* One of several values of a setting: options [[value, text, tint], ...]. chosen(value): instead of setting it. Returns the
       options' elements by value. */
    choice(name, { label, options, chosen = (value) => this.set({ [name]: value }), host = this.barBox }) {
      const inputs = options.map(([value, text, ink]) => {
        const id = `control-${name}-${value}`;
        const input = make("input", { id, type: "radio", name, value, onchange: () => chosen(value) });
        const style = ink ? `--tint:${tint(ink)}` : null;
        return { input, box: make("span", {}, input, make("label", { for: id, html: html(text), style })) };
      });
      host.append(make("fieldset", { class: "choice" }, make("legend", { html: html(label) }), ...inputs.map(({ box }) => box)));
      this.controls.push(() => inputs.forEach(({ input }) => (input.checked = input.value === String(this.settings[name]))));
      return Object.fromEntries(options.map(([value], k) => [value, inputs[k].box]));
    }

    /* A switch of a setting that is true or false. */
    toggle(name, { label, host = this.barBox }) {
      const button = make("button", {
        type: "button", role: "switch", html: `<span class="track"></span>${html(label)}`,
        onclick: () => this.set({ [name]: !this.settings[name] }),
      });
      host.append(button);
      this.controls.push(() => button.setAttribute("aria-checked", this.settings[name]));
      return button;
    }

    button(label, action, host = this.barBox) {
      const button = make("button", { type: "button", html: html(label), onclick: action });
      host.append(button);
      return button;
    }

    /* Play, step, a cursor over `count` places, and the way back to the beginning. show(place): the place in figures; says(place):
       what is read there, for those who cannot see it. */
    addPlayer(count, { label = "step *t*", show = (at) => String(at + 1), says = show, seconds = 6, at = count - 1 } = {}) {
      Object.assign(this, { count, at, seen: count - 1, seconds, home: at });
      const play = this.button("", () => (this.playing ? this.stop() : this.play()), this.playerBox);
      const back = this.button(`${icon("back")}Back`, () => this.move(-1), this.playerBox);
      const step = this.button(`${icon("step")}Step`, () => this.move(1), this.playerBox);
      const id = "control-at", value = make("span", { class: "value", "aria-hidden": "true" });
      const input = make("input", {
        id, type: "range", min: 0, max: count - 1, step: 1,
        oninput: () => (this.stop(), this.go(input.valueAsNumber)),
      });
      this.playerBox.append(make("div", { class: "range" }, make("label", { for: id, html: html(label) }), value, input));
      this.button("Reset", () => this.reset(), this.playerBox);
      this.controls.push(() => {
        const text = show(this.at);
        play.innerHTML = this.playing ? `${icon("pause")}Pause` : `${icon("play")}${stillness.matches ? "Show all" : "Play"}`;
        back.disabled = this.at === 0;
        step.disabled = this.at === this.count - 1;
        input.value = this.at;
        input.setAttribute("aria-valuetext", says(this.at));
        value.textContent = text;
      });
    }

    move(by) {
      this.stop();
      this.go(this.at + by);
    }

    reset() {
      this.settings = this.initial();
      this.at = this.home;
      this.set({});
    }

    /* Draw from the first place on, or from the cursor where it was stopped on the way; without motion all at once. */
    play() {
      const last = this.count - 1;
      if (stillness.matches) {
        this.seen = last;
        this.go(last);
        return;
      }
      const from = this.seen < last ? this.at : 0;
      let begin = null;
      const frame = (now) => {
        begin ??= now;
        const at = Math.min(last, from + Math.floor(((now - begin) / 1000 / this.seconds) * this.count));
        this.at = this.seen = at;
        this.playing = at < last ? requestAnimationFrame(frame) : null;
        this.now();
      };
      this.at = this.seen = from;
      this.playing = requestAnimationFrame(frame);
      this.later();
    }

    stop() {
      if (!this.playing) return;
      cancelAnimationFrame(this.playing);
      this.playing = null;
      this.later();
    }
  }

  return { Explorer, ceiling, clamp, fixed, number, scales, counted, stops };
})();
