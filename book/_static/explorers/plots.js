/* Numbers in words, and plots in SVG: axes, marks, names beside the ends of lines, a cursor. Colours are CSS variables, so that
   light and dark need no script. */
"use strict";

const ExplorerPlots = (() => {
  /* ---------- Numbers and words ---------- */

  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
  const signed = (text) => text.replace(/-/g, "\u2212");
  /* Three significant digits, or as many as are told, without zeros at the end; from 1,000 on with commas. */
  const number = (x, digits = 3) => {
    const rounded = Number(x.toPrecision(digits));
    return signed(Math.abs(rounded) < 1000 ? String(rounded) : rounded.toLocaleString("en"));
  };
  /* So many digits after the point. */
  const fixed = (x, digits = 2) => signed((Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits));

  /* A number, already written, with what is counted. */
  const counted = (number, thing) => `${number} ${thing}${number === "1" ? "" : "s"}`;

  /* The smallest round number that is not below x > 0. */
  function ceiling(x) {
    const unit = 10 ** Math.floor(Math.log10(x));
    return unit * [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((n) => n * unit >= x * (1 - 1e-12));
  }

  /* How a slider's place and a setting's value belong together; both are rounded to two digits on the way from the place. */
  const scales = {
    linear: { place: (x) => x, value: (p) => p },
    log: { place: Math.log10, value: (p) => Number((10 ** p).toPrecision(2)) },
    /* For decay rates: the logarithm of how many steps are remembered, 1 / (1 - beta). */
    memory: { place: (b) => -Math.log10(1 - b), value: (p) => 1 - Number((10 ** -p).toPrecision(2)) },
  };

  /* Text with *x* for italics and _t or _{12} for a subscript, as HTML or as the inside of an SVG text. */
  const MARKUP = /\*(.+?)\*|_(?:\{(.+?)\}|(.))/g;
  const html = (text) => text.replace(MARKUP, (_, i, long, short) => (i ? `<i>${i}</i>` : `<sub>${long ?? short}</sub>`));
  const plain = (text) => text.replace(MARKUP, (_, i, long, short) => i ?? long ?? short);
  const tspans = (text) =>
    text.replace(MARKUP, (_, i, long, short) =>
      i ? `<tspan class="var">${i}</tspan>` : `<tspan dy="3" font-size="9">${long ?? short}</tspan><tspan dy="-3">\u200b</tspan>`,
    );

  /* A colour: "adam" and the other rules' names, "ink", "quiet" or "line". Words need more contrast with the page than lines,
     whose colour is nearer to that of the figures. */
  const OWN = { ink: "var(--book-ink)", quiet: "var(--book-quiet)", line: "var(--book-line)" };
  const tint = (name, kind = "rule") => OWN[name] ?? `var(--${kind}-${name.replace("_", "-")})`;
  const stroke = (name) => tint(name, "line");

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "html") element.innerHTML = value;
      else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  /* ---------- Plots ---------- */

  function ticks({ min, max, log }, room) {
    if (log) {
      const from = Math.ceil(Math.log10(min) - 1e-9), to = Math.floor(Math.log10(max) + 1e-9);
      const every = Math.ceil((to - from + 1) / Math.max(2, room));
      return Array.from({ length: to - from + 1 }, (_, k) => 10 ** (from + k)).filter((_, k) => k % every === 0);
    }
    const rough = (max - min) / Math.max(2, room), unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((n) => n * unit >= rough * 0.999);
    const first = Math.ceil(min / step - 1e-9);
    return Array.from({ length: Math.floor(max / step + 1e-9) - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
  }

  function tickText(x, log) {
    if (log && (x > 1e5 || x < 1e-3)) {
      const power = [...String(Math.round(Math.log10(x)))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
      return `10${power}`;
    }
    return number(x, 6);
  }

  /* A responsive plot in SVG. `show(picture)` draws
       { x: axis, y: axis, marks: [...], cursor: x or none, says: a sentence for those who cannot see it }
     with axis = { min, max, log, label, hidden }. Marks, from the back to the front:
       { line: [xs, ys], tint, width, dash, label, ink }     joined points; the label stands at its last one, in the line's colour
                                                             or in `ink`; dash: true, "long" or "dots"
       { area: [xs, low, high], tint, shade, hatched }       low and high: arrays or numbers; shaded or, in no colour, hatched
       { bars: [xs, ys], tint }                              points, each with a thin bar from 0
       { level: y, tint, dash, label }  { upright: x, tint, dash }
       { dot: [x, y], tint, size }      { text, at: [x, y], tint, anchor, width }   width: of the clear ground around the letters
     `read(x, y)` is called where the reader points; with `drawn`, only while pressing, and a
     finger that moves up or down does not scroll the page, unless `scrolls` is told.
     margins: [left, right] in pixels, for plots that share an axis; else the labels decide. */
  class Plot {
    constructor(host, { title, height = 150, margins = [], read, drawn = false, scrolls = !drawn }) {
      Object.assign(this, { height, margins });
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("role", "img");
      this.title = make("p", { class: "title", html: html(title) });
      this.box = make("div", { class: "plot" }, this.title, this.svg);
      host.append(this.box);
      new ResizeObserver(() => this.render()).observe(this.box);
      if (read) this.follow(read, drawn, scrolls);
    }

    follow(read, drawn, scrolls) {
      this.svg.classList.add(drawn ? "drawn" : "read");
      this.svg.style.touchAction = scrolls ? "pan-y" : "none";
      const tell = (event, phase) => {
        if (!this.frame) return;
        const { left, top } = this.svg.getBoundingClientRect();
        read(this.frame.x.inverse(event.clientX - left), this.frame.y.inverse(event.clientY - top), phase);
      };
      this.svg.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        if (drawn) this.svg.setPointerCapture(event.pointerId);
        this.pressed = true;
        tell(event, "start");
      });
      this.svg.addEventListener("pointermove", (event) => {
        if (this.pressed || (!drawn && event.pointerType === "mouse")) tell(event, "move");
      });
      for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
        this.svg.addEventListener(end, () => (this.pressed = false));
      }
    }

    /* Make the plot a slider for the keyboard. key(event): true where the key was used. */
    operate(label, key) {
      this.svg.setAttribute("role", "slider");
      this.svg.setAttribute("tabindex", "0");
      this.svg.setAttribute("aria-label", label);
      this.svg.addEventListener("keydown", (event) => {
        if (!event.ctrlKey && !event.altKey && !event.metaKey && key(event)) event.preventDefault();
      });
    }

    value(now, min, max, text) {
      for (const [name, value] of Object.entries({ valuenow: now, valuemin: min, valuemax: max, valuetext: text })) {
        this.svg.setAttribute(`aria-${name}`, value);
      }
    }

    show(picture) {
      this.picture = picture;
      if (picture.title) this.title.innerHTML = html(picture.title);
      if (picture.says && this.svg.getAttribute("role") === "img") this.svg.setAttribute("aria-label", picture.says);
      this.render();
    }

    render() {
      const width = Math.floor(this.box.clientWidth), height = this.height;
      if (!width || !this.picture) return;
      const { x, y, marks, cursor } = this.picture;
      const yTicks = ticks(y, Math.round(height / 45)), xTicks = ticks(x, Math.round(width / 90));
      const names = marks.filter((mark) => mark.label);
      const named = y.label ? 17 : 0; // the axis' name, upright
      const left = this.margins[0] ?? 10 + named + 7 * Math.max(...yTicks.map((tick) => tickText(tick, y.log).length));
      const right = this.margins[1] ?? (names.length ? 12 + 7 * Math.max(...names.map((mark) => plain(mark.label).length)) : 8);
      const top = 7, bottom = x.hidden ? 8 : x.label ? 36 : 22;
      const inner = { width: width - left - right, height: height - top - bottom };
      if (inner.width < 20) return; // not laid out yet
      const axis = ({ min, max, log }, start, length) => {
        const f = log ? Math.log10 : (value) => value;
        const a = f(min), unit = length / (f(max) - a);
        const to = (value) => start + (f(value) - a) * unit;
        to.inverse = (pixel) => {
          const value = a + (pixel - start) / unit;
          return log ? 10 ** value : value;
        };
        return to;
      };
      const X = axis(x, left, inner.width), Y = axis(y, top + inner.height, -inner.height);
      this.frame = { x: X, y: Y };
      const grid = [
        ...yTicks.map((t) => `<path class="grid" d="M${left} ${Y(t).toFixed(1)}h${inner.width}"/>`),
        ...yTicks.map((t) => `<text x="${left - 6}" y="${(Y(t) + 4).toFixed(1)}" text-anchor="end">${tickText(t, y.log)}</text>`),
        `<path class="axis" d="M${left} ${top + inner.height}h${inner.width}"/>`,
      ];
      if (named) grid.push(`<text transform="translate(12 ${top + inner.height / 2}) rotate(-90)" text-anchor="middle">${tspans(y.label)}</text>`);
      if (!x.hidden) {
        for (const t of xTicks) {
          grid.push(`<path class="axis" d="M${X(t).toFixed(1)} ${top + inner.height}v4"/>`);
          grid.push(`<text x="${X(t).toFixed(1)}" y="${top + inner.height + 16}" text-anchor="middle">${tickText(t, x.log)}</text>`);
        }
        if (x.label) grid.push(`<text x="${left + inner.width / 2}" y="${height - 3}" text-anchor="middle">${tspans(x.label)}</text>`);
      }
      const painter = { X, Y, left, top, inner, x, y };
      const body = marks.map((mark) => paint(mark, painter)).join("");
      const line = cursor == null ? "" : `<path class="cursor" d="M${X(cursor).toFixed(1)} ${top}v${inner.height}"/>`;
      // An inner svg cuts off what lies outside of the axes; dots may stand on their edge.
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.setAttribute("height", height);
      this.svg.innerHTML =
        `${grid.join("")}<svg x="${left}" y="${top - 1}" width="${inner.width}" height="${inner.height + 2}" ` +
        `viewBox="${left} ${top - 1} ${inner.width} ${inner.height + 2}">${body}${line}</svg>` +
        marks.filter((mark) => mark.dot || mark.text).map((mark) => paint(mark, painter, true)).join("") +
        endLabels(names, painter);
    }
  }

  /* Whether a point lies within the axes, but for rounding. */
  const within = ([a, b], x, y) => a >= x.min - 1e-9 && a <= x.max + 1e-9 && b >= y.min - 1e-9 && b <= y.max + 1e-9;

  const DASHES = { true: "dash", long: "long", dots: "dots" };
  const HATCH = '<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
    '<path class="hatch" d="M3.5 0v7"/></pattern>';

  /* One mark as SVG; `front` asks for those that may reach over the axes. */
  function paint(mark, { X, Y, left, top, inner, x, y }, front = false) {
    const colour = (mark.text ? tint : stroke)(mark.tint ?? "ink");
    const style = `style="--tint:${colour}${mark.width ? `;stroke-width:${mark.width}` : ""}"`;
    const look = `class="tinted ${mark.dash ? DASHES[mark.dash] : ""}" ${style}`;
    if (front) {
      if (mark.dot && !within(mark.dot, x, y)) return "";
      if (mark.dot) return `<circle class="spot" ${style} cx="${X(mark.dot[0])}" cy="${Y(mark.dot[1])}" r="${mark.size ?? 4}"/>`;
      const [a, b] = mark.at;
      return `<text class="name" ${style} x="${X(a)}" y="${Y(b)}" text-anchor="${mark.anchor ?? "start"}">${tspans(mark.text)}</text>`;
    }
    if (mark.line) return `<path ${look} d="${path(mark.line, X, Y, inner.width)}"/>`;
    if (mark.level != null) return `<path ${look} d="M${left} ${Y(mark.level).toFixed(1)}h${inner.width}"/>`;
    if (mark.upright != null) return `<path ${look} d="M${X(mark.upright).toFixed(1)} ${top}v${inner.height}"/>`;
    if (mark.bars) {
      const [xs, ys] = mark.bars, zero = Y(0).toFixed(1);
      const bars = xs.map((x, k) => `M${X(x).toFixed(1)} ${zero}V${Y(ys[k]).toFixed(1)}`).join("");
      const heads = xs.map((x, k) => `M${X(x).toFixed(1)} ${Y(ys[k]).toFixed(1)}h0`).join("");
      return `<g ${style}><path class="tinted bars" d="${bars}"/><path class="tinted heads" d="${heads}"/></g>`;
    }
    if (mark.area) {
      const [xs, low, high] = mark.area;
      const end = (side, k) => `${X(xs[k]).toFixed(1)} ${Y(Array.isArray(side) ? side[k] : side).toFixed(1)}`;
      const ahead = xs.map((_, k) => end(high, k)), back = xs.map((_, k) => end(low, k)).reverse();
      const shape = `d="M${[...ahead, ...back].join("L")}Z"`;
      if (mark.hatched) return `${HATCH}<path fill="url(#hatch)" ${shape}/>`;
      return `<path class="area" style="--tint:${stroke(mark.tint)};opacity:${mark.shade ?? 0.2}" ${shape}/>`;
    }
    return "";
  }

  /* Joined points as the d of a path. Where there are many more of them than pixels, of each pixel's the first, the lowest, the
     highest and the last: nothing that could be seen is lost. */
  function path([xs, ys], X, Y, width) {
    const points = [];
    const put = (k) => points.push(`${X(xs[k]).toFixed(1)} ${clamp(Y(ys[k]), -5000, 5000).toFixed(1)}`);
    if (xs.length <= 4 * width) xs.forEach((_, k) => Number.isFinite(ys[k]) && put(k));
    else {
      for (let k = 0; k < xs.length; ) {
        const column = Math.floor(X(xs[k]));
        let low = k, high = k, last = k;
        for (; last < xs.length && Math.floor(X(xs[last])) === column; last++) {
          if (ys[last] < ys[low]) low = last;
          if (ys[last] > ys[high]) high = last;
        }
        [...new Set([k, low, high, last - 1])].sort((a, b) => a - b).forEach(put);
        k = last;
      }
    }
    return points.length ? `M${points.join("L")}` : "";
  }

  /* Names beside the ends of their lines, wherever these have come to, pushed apart where they would stand on each other; with an
     arrow at the top where the line has left the plot there. */
  function endLabels(marks, { X, Y, left, top, inner, y }) {
    const gap = 14, floor = top + inner.height, edge = left + inner.width;
    const seen = (value) => Number.isFinite(value) && (!y.log || value > 0);
    const labels = marks
      .map((mark) => {
        if (mark.level != null) return { mark, value: mark.level, at: edge };
        const [xs, ys] = mark.line, k = ys.findLastIndex(seen);
        return { mark, value: ys[k], at: Math.min(edge, X(xs[k])) };
      })
      .filter(({ value }) => seen(value) && value >= y.min - 1e-12)
      .map((label) => ({ ...label, above: label.value > y.max * (1 + 1e-12), wide: 14 + 7 * plain(label.mark.label).length }))
      .map((label) => ({ ...label, place: label.above ? top : Y(label.value) }))
      .sort((a, b) => a.place - b.place);
    const near = (a) => (b) => a.at < b.at + b.wide && b.at < a.at + a.wide;
    labels.forEach((label, k) => {
      label.place = Math.max(label.place, ...labels.slice(0, k).filter(near(label)).map(({ place }) => place + gap));
    });
    for (let k = labels.length - 1; k >= 0; k--) {
      const label = labels[k], below = labels.slice(k + 1).filter(near(label));
      label.place = Math.min(label.place, floor, ...below.map(({ place }) => place - gap));
    }
    return labels
      .map(({ mark, at, above, place }) => {
        const style = `style="--tint:${tint(mark.ink ?? mark.tint ?? "ink")}"`;
        return `<text class="name" ${style} x="${(at + 6).toFixed(1)}" y="${(place + 4).toFixed(1)}">${above ? "↑ " : ""}${tspans(mark.label)}</text>`;
      })
      .join("");
  }

  return { Plot, ceiling, clamp, fixed, html, make, number, scales, counted, tint };
})();
