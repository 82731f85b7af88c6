// Shows the meaning of a linked term or symbol beside it, on hover, focus and a first touch; Escape takes it away.
(() => {
  "use strict";
  const box = document.createElement("div");
  box.id = "tip";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  let shown = null;
  let leaving = 0;

  function place(link) {
    const rect = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(rect.left, width - box.offsetWidth - 8));
    const above = rect.bottom + box.offsetHeight + 12 > window.innerHeight && rect.top > box.offsetHeight + 12;
    box.style.left = `${left}px`;
    box.style.top = `${above ? rect.top - box.offsetHeight - 6 : rect.bottom + 6}px`;
  }

  function show(link) {
    clearTimeout(leaving);
    if (shown === link) return;
    const meaning = document.querySelector(`template[data-tip="${link.dataset.tip}"]`);
    if (!meaning) return;
    hide();
    shown = link;
    box.replaceChildren(meaning.content.cloneNode(true));
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    place(link);
    if (box.querySelector(".math") && window.MathJax?.typesetPromise) {
      window.MathJax.typesetPromise([box]).then(() => shown === link && place(link));
    }
  }

  function hide() {
    clearTimeout(leaving);
    if (!shown) return;
    shown.removeAttribute("aria-describedby");
    shown = null;
    window.MathJax?.typesetClear?.([box]);
    box.replaceChildren();
    box.hidden = true;
  }

  const tipped = (target) => (target instanceof Element ? target.closest("a.tip") : null);
  const later = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = tipped(event.target);
    if (link) show(link);
    else if (box.contains(event.target)) clearTimeout(leaving);
    else if (shown && document.activeElement !== shown) later();
  });
  document.addEventListener("focusin", (event) => {
    const link = tipped(event.target);
    if (link) show(link);
    else hide();
  });
  document.addEventListener("focusout", later);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("scroll", () => shown && place(shown), { passive: true });
  // A finger cannot hover: its first touch shows the meaning, a second one follows the link.
  let touched = null;
  document.addEventListener("pointerdown", (event) => {
    const link = tipped(event.target);
    touched = event.pointerType === "touch" && link && shown !== link ? link : null;
    if (!link && !box.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const link = tipped(event.target);
    if (link && link === touched) {
      event.preventDefault();
      show(link);
    }
    touched = null;
  });
  document.querySelector(".bd-article")?.append(box);
})();
