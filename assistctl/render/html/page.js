"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const cards = Array.from(document.querySelectorAll("#changes > details"));

  /* A link to a section opens it, and everything around it. */
  const reveal = () => {
    const target = byId(location.hash.slice(1));
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") {
        node.open = true;
        node.hidden = false;
      }
    }
    if (target) {
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", reveal);
  if (location.hash) {
    reveal();
  }

  const filter = byId("filter");
  if (!filter) {
    return;
  }
  const find = byId("find");
  const outside = byId("only-outside");
  const boxes = Array.from(filter.querySelectorAll("fieldset input[value]")).filter((box) => box !== outside);
  const words = new Map();
  const text = (card) => {
    if (!words.has(card)) {
      words.set(card, card.textContent.toLowerCase());
    }
    return words.get(card);
  };

  const wanted = (card, needles, actions) =>
    (!boxes.length || actions.has(card.dataset.action)) &&
    (!outside || !outside.checked || card.dataset.words === "outside") &&
    needles.every((needle) => text(card).includes(needle));

  const apply = () => {
    const needles = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const actions = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const card of cards) {
      card.hidden = !wanted(card, needles, actions);
      shown += card.hidden ? 0 : 1;
    }
    byId("none").hidden = shown > 0;
    byId("shown").value = `${shown.toLocaleString("en")} of ${cards.length.toLocaleString("en")} shown`;
  };

  const openAll = (open) => {
    for (const card of cards) {
      if (!card.hidden) {
        card.open = open;
      }
    }
  };

  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  filter.addEventListener("change", apply);
  byId("open-all").addEventListener("click", () => openAll(true));
  byId("close-all").addEventListener("click", () => openAll(false));
  filter.hidden = false;
  apply();
})();
