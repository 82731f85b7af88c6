// Marks what is wider than its room and not at its end, so that `book.css` can fade its edge: there is more to scroll to.
(() => {
  "use strict";
  const BOXES = ".bd-article :is(pre, div.math, .pst-scrollable-table-container)";
  const mark = (box) => box.toggleAttribute("data-more", box.scrollWidth - box.clientWidth - box.scrollLeft > 2);
  const visible = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      visible[isIntersecting ? "add" : "delete"](target);
      if (isIntersecting) mark(target);
    }
  });
  for (const box of document.querySelectorAll(BOXES)) watch.observe(box);
  const anew = () => visible.forEach(mark);
  window.addEventListener("resize", anew);
  document.addEventListener("scrollend", anew); // by then the formulas on the screen are set
  document.addEventListener(
    "scroll",
    ({ target }) => target instanceof Element && target.matches(BOXES) && mark(target),
    { capture: true, passive: true },
  );
})();
