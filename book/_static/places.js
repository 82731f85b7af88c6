// Lets a link to a place within a page land there, and a reader who comes back find the place that was left. Far from the window
// `book.css` leaves sections without layout, with a guess of their height; whoever asks for a place gets the page laid out whole.
(() => {
  "use strict";
  const article = document.querySelector(".bd-article");
  if (!article) return;
  const BLOCKS = ".bd-article section > *";
  const KEY = `place in ${location.pathname}`; // the history's own state is overwritten by Sphinx
  const whole = () => document.documentElement.classList.add("whole");
  const offset = (block) => block.getBoundingClientRect().top;

  // Formulas above a place grow as they are set: `put` brings it back after each change, until the reader moves on.
  function hold(put) {
    whole();
    const holding = new ResizeObserver(put);
    holding.observe(article);
    for (const kind of ["keydown", "pointerdown", "touchstart", "wheel"]) {
      window.addEventListener(kind, () => holding.disconnect(), { once: true, passive: true });
    }
  }

  // As browsers do: a name that is no sound encoding stands for itself.
  function named(fragment) {
    try {
      return document.getElementById(decodeURIComponent(fragment));
    } catch {
      return document.getElementById(fragment);
    }
  }

  if (performance.getEntriesByType("navigation")[0]?.type === "navigate") {
    const place = named(location.hash.slice(1));
    if (place) hold(() => place.scrollIntoView({ behavior: "instant" }));
  } else {
    const { number, top } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const block = document.querySelectorAll(BLOCKS)[number];
    if (block) hold(() => window.scrollBy({ top: offset(block) - top, behavior: "instant" }));
  }

  // Where the reader is, for when the page is left: then it is too late to write it down.
  function note() {
    const { left, width } = article.getBoundingClientRect();
    const seen = document.elementsFromPoint(left + width / 2, window.innerHeight / 3);
    const block = seen.map((part) => part.closest(BLOCKS)).find(Boolean);
    if (!block) return;
    const number = [...document.querySelectorAll(BLOCKS)].indexOf(block);
    sessionStorage.setItem(KEY, JSON.stringify({ number, top: offset(block) }));
  }

  let resting = 0;
  const later = () => {
    clearTimeout(resting);
    resting = setTimeout(note, 150);
  };
  document.addEventListener("scroll", later, { passive: true });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (link && link.pathname === location.pathname) whole();
  });
})();
