// Shows a figure as large as the window, over the page, when its link is followed; without a script the link opens the picture.
(() => {
  "use strict";
  const article = document.querySelector(".bd-article");
  if (!article || !window.HTMLDialogElement) return;
  const box = document.createElement("dialog");
  box.id = "enlarged";
  box.innerHTML = `<header><span></span><button type="button">Close</button></header><div role="group" tabindex="0"></div>`;
  const [caption, close, room] = box.querySelectorAll("span, button, div");

  function enlarge(link) {
    const image = link.querySelector("img");
    const words = [...link.closest("figure").querySelectorAll(".caption-number, .caption-text")];
    caption.replaceChildren(...words.map((part) => part.cloneNode(true)));
    const name = `${words[0]?.textContent.trim() ?? "Figure"}, enlarged`;
    const picture = new Image();
    picture.alt = image.alt;
    picture.src = link.href;
    const [width, height] = getComputedStyle(image).aspectRatio.match(/[\d.]+/g) ?? [image.naturalWidth, image.naturalHeight];
    picture.style.setProperty("--ratio", width / height || 1);
    room.replaceChildren(picture);
    for (const part of [box, room]) part.setAttribute("aria-label", name);
    if (!box.isConnected) article.append(box);
    box.showModal();
    room.focus(); // it scrolls: arrow keys move a picture that is wider than a telephone
    room.scrollTo(0, 0);
  }

  article.addEventListener("click", (event) => {
    const link = event.target.closest("figure a.image-reference");
    // A new tab, a new window or a download is for whoever asks for it.
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    enlarge(link);
  });
  close.addEventListener("click", () => box.close());
  room.addEventListener("click", () => box.close());
  // The theme keeps Escape for its search, before the dialog sees it.
  box.addEventListener("keydown", (event) => event.key === "Escape" && box.close());
  box.addEventListener("close", () => room.replaceChildren());
})();
