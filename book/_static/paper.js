// Readies a page for paper, whoever prints it: folds open, light colours, formulas no wider than the sheet; and undoes it after.
(() => {
  "use strict";
  // A4 between margins of 20 mm, and 10.5 pt, as book.css has them under `@media print`; in pixels of 1/96 inch.
  const SHEET = (170 / 25.4) * 96;
  const LETTER = (10.5 / 72) * 96;
  let opened = [];
  let theme;

  // A formula's room is the sheet less what the boxes around it take away.
  function fit(article) {
    const body = parseFloat(getComputedStyle(article).fontSize);
    for (const block of article.querySelectorAll("div.math")) {
      const style = getComputedStyle(block);
      const size = parseFloat(style.fontSize);
      const letter = LETTER * (parseFloat(style.getPropertyValue("--paper-size")) || 1);
      const set = block.querySelector("mjx-container > mjx-math");
      if (!set) continue;
      const number = block.querySelector(".eqno");
      const wide = set.getBoundingClientRect().width + (number ? number.getBoundingClientRect().width + 3 * size : 0);
      const room = SHEET - Math.max(0, article.clientWidth - block.clientWidth) * (LETTER / body);
      const share = room / ((wide / size) * letter);
      if (share < 1) block.style.setProperty("--on-paper", (0.99 * share).toFixed(3));
    }
  }

  window.addEventListener("beforeprint", () => {
    window.formulas?.now();
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const fold of opened) fold.open = true;
    for (const image of document.images) image.loading = "eager";
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    const article = document.querySelector(".bd-article");
    if (article) fit(article);
  });

  window.addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
    document.documentElement.dataset.theme = theme;
  });
})();
