// Filters of the ledger of claims and of the errata. Without scripts, both are shown whole and the forms are hidden.
"use strict";

for (const form of document.querySelectorAll("form.claims-filter")) {
  const page = form.closest("article") ?? document;
  const entries = [...page.querySelectorAll("[data-document][data-part]")];
  const selects = [...form.querySelectorAll("select")];
  const status = form.querySelector("[role=status]");
  const noun = form.getAttribute("aria-label").split(" ").pop();

  const nameOf = (entry, field) =>
    field === "document" ? entry.querySelector(".claim-source").textContent : entry.dataset[field];

  for (const select of selects) {
    const field = select.name;
    const options = new Map(entries.map((entry) => [entry.dataset[field], nameOf(entry, field)]));
    select.append(new Option("all", ""));
    for (const [value, name] of options) select.append(new Option(name, value));
  }

  const show = () => {
    const wanted = selects.filter((select) => select.value);
    let shown = 0;
    for (const entry of entries) {
      entry.hidden = !wanted.every((select) => entry.dataset[select.name] === select.value);
      shown += entry.hidden ? 0 : 1;
    }
    const all = shown === entries.length;
    status.textContent = all ? `All ${shown} ${noun}` : `${shown} of ${entries.length} ${noun}`;
    form.querySelector("button").disabled = wanted.length === 0;
  };

  // The address keeps the choice, so that a view can be linked to; where the browser forbids that, nothing else is lost.
  const remember = () => {
    const query = new URLSearchParams(selects.filter((select) => select.value).map((select) => [select.name, select.value]));
    try {
      history.replaceState(null, "", `${query}` ? `?${query}` : location.pathname);
    } catch {}
  };

  const choose = (values) => {
    for (const select of selects) {
      const known = [...select.options].some((option) => option.value === values[select.name]);
      select.value = known ? values[select.name] : "";
    }
    show();
  };

  // Whoever comes by a link to an entry has to find it, whatever was chosen before.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("[data-document][data-part]");
    if (target?.hidden) {
      choose({});
      remember();
    }
    target?.scrollIntoView();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    show();
    remember();
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    choose({});
    remember();
    selects[0].focus();
  });
  for (const link of page.querySelectorAll(".claim-totals a[data-verdict]")) {
    link.addEventListener("click", () => {
      choose(link.dataset);
      remember();
    });
  }
  window.addEventListener("hashchange", reveal);

  choose(Object.fromEntries(new URLSearchParams(location.search)));
  reveal();
}
