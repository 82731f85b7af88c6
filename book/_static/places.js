// Lets a link to a place within a page land there. Far from the window `book.css` leaves sections without layout, with a guess of
// their height; whoever asks for a place, or comes back to one, gets the page laid out as a whole, so that its height is known.
(() => {
  "use strict";
  // As browsers do: a name that is no sound encoding stands for itself.
  function named(fragment) {
    try {
      return decodeURIComponent(fragment);
    } catch {
      return fragment;
    }
  }

  const whole = () => document.documentElement.classList.add("whole");
  const arrives = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  const place = location.hash && document.getElementById(named(location.hash.slice(1)));
  if (place) whole();

  // Formulas above the place grow as they are set; it stays where it is until the reader moves on.
  if (place && arrives) {
    const holding = new ResizeObserver(() => place.scrollIntoView({ behavior: "instant" }));
    holding.observe(document.querySelector(".bd-article"));
    for (const kind of ["keydown", "pointerdown", "touchstart", "wheel"]) {
      window.addEventListener(kind, () => holding.disconnect(), { once: true, passive: true });
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (link && link.pathname === location.pathname) whole();
  });
})();
