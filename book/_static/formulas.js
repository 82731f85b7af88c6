// Loads MathJax once the page is drawn, and sets formulas in short pieces of work: first those near the window, all others once
// the reader does something. A long chapter has over a thousand, seconds of work on a telephone in which nothing would answer.
// Where nobody reads from first to last, in a table of class `ledger`, a formula is set when the reader comes near, and not before.
(() => {
  "use strict";
  // So much TeX is set without a pause; a derivation is longer, and is a piece by itself.
  const PIECE = 120;
  const waiting = new Set();
  const near = new Set();
  const eager = new Set();
  let running = null;
  let others = new Set(); // what is set when nothing near is left: none of them, the eager ones, or all that wait

  const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

  // The next piece in the order of the page, which is the order of all sets.
  function piece() {
    const found = [];
    let length = 0;
    for (const formula of near.size ? near : others) {
      length += formula.textContent.length;
      if (found.length && length > PIECE) break;
      found.push(formula);
    }
    for (const formula of found) for (const set of [waiting, near, eager]) set.delete(formula);
    return found;
  }

  // The page names MathJax in a script element that no browser runs.
  function load() {
    const named = document.getElementById("mathjax");
    if (!named) return Promise.reject(new Error("the page has formulas and does not name MathJax"));
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => reject(new Error(`${named.src} does not load`)));
      script.src = named.src;
      document.head.append(script);
    });
  }

  let loaded = null;

  async function ready() {
    loaded ??= load();
    await loaded;
    await window.MathJax.startup.promise;
  }

  async function work() {
    await ready();
    for (let found = piece(); found.length; found = piece()) {
      await window.MathJax.typesetPromise(found);
      await pause();
    }
    running = null;
  }

  function start() {
    running ??= work();
    return running;
  }

  // For whoever needs the whole page and no answers meanwhile, as a test does: sets what is left in one piece.
  async function settle() {
    if (waiting.size) await ready();
    const rest = [...waiting];
    for (const set of [waiting, near, eager]) set.clear();
    if (rest.length) await window.MathJax.typesetPromise(rest);
    await running;
  }

  // For paper, which does not wait.
  function now() {
    if (!waiting.size || !window.MathJax.typeset) return;
    window.MathJax.typeset([...waiting]);
    for (const set of [waiting, near, eager]) set.clear();
  }

  window.formulas = { settle, now };

  document.addEventListener("DOMContentLoaded", () => {
    for (const formula of document.querySelectorAll(".math")) {
      waiting.add(formula);
      if (!formula.closest("table.ledger")) eager.add(formula);
    }
    if (waiting.size) window.addEventListener("load", () => requestAnimationFrame(() => setTimeout(watch, 0)), { once: true });
  });

  function watch() {
    const seen = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          seen.unobserve(target);
          if (waiting.has(target)) near.add(target);
        }
        if (near.size) start();
      },
      { rootMargin: "50% 0px" },
    );
    for (const formula of waiting) seen.observe(formula);
    const rest = () => {
      if (others !== waiting) others = eager;
      for (const kind of ["keydown", "pointerdown", "pointermove", "scroll", "wheel"]) window.removeEventListener(kind, rest);
      start();
    };
    for (const kind of ["keydown", "pointerdown", "pointermove", "scroll", "wheel"]) {
      window.addEventListener(kind, rest, { passive: true });
    }
  }
})();
