"use strict";
// The page is complete without this: it adds tooltips, the keyboard, switches for arms and the theme.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const tip = document.getElementById("tip");

  // tooltips: what a mark's <title>, or a cell's title, says
  for (const title of all(".chart title")) {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  }
  for (const cell of all("td[title]")) {
    cell.dataset.tip = cell.title;
    cell.removeAttribute("title");
  }
  const hide = () => { tip.hidden = true; all(".at").forEach((mark) => mark.classList.remove("at")); };
  const show = (mark, x, y) => {
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height < innerHeight ? y + 18 : Math.max(4, y - box.height - 10)) + "px";
  };
  const light = (number, on) => {
    for (const mark of all(`[data-arm="${number}"]`)) mark.classList.toggle("hot", on);
  };
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.("[data-tip]");
    if (mark) show(mark, event.clientX, event.clientY); else hide();
  });
  document.addEventListener("pointerover", (event) => {
    const arm = event.target.closest?.(".chart .arm");
    if (arm) light(arm.dataset.arm, true);
  });
  document.addEventListener("pointerout", (event) => {
    const arm = event.target.closest?.(".chart .arm");
    if (arm) light(arm.dataset.arm, false);
  });

  // keyboard: arrows read a chart from left to right, or a grid cell by cell; up and down go through arms or rows
  const read = (marks, place) => {
    hide();
    const mark = marks[place], box = mark.getBoundingClientRect();
    mark.classList.add("at");
    mark.scrollIntoView({ block: "nearest", inline: "nearest" });
    show(mark, box.left + box.width / 2, box.top + Math.min(box.height / 2, 60));
  };
  const readable = (element, marks, arms, row) => {
    let place = -1, arm = -1;
    element.tabIndex = 0;
    element.addEventListener("keydown", (event) => {
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (event.key === "Escape") return hide();
      if (!across && !down || !marks.length) return undefined;
      event.preventDefault();
      if (down && arms.length) {
        if (arm >= 0) light(arms[arm], false);
        arm = (arm + down + arms.length) % arms.length;
        return light(arms[arm], true);
      }
      const next = place < 0 ? 0 : place + (across || down * row);
      if (next >= 0 && next < marks.length) place = next;
      return read(marks, place);
    });
    element.addEventListener("blur", () => { hide(); if (arm >= 0) light(arms[arm], false); });
  };
  for (const chart of all(".chart")) {
    const strips = all(".strip", chart), arms = all(".key", chart).map((key) => key.dataset.arm);
    readable(chart, strips.length ? strips : all(".hit", chart), arms, 1);
  }
  for (const grid of all("table.grid")) {
    const row = grid.tBodies[0].rows[0]?.cells.length - 1;
    readable(grid, all("tbody td", grid).map((td) => { td.dataset.tip ||= td.textContent || "-"; return td; }), [], row);
  }

  // switches
  const tools = document.querySelector(".tools");
  tools.hidden = false;
  const boxes = all("input[data-arm]", tools);
  const draw = (box) => {
    for (const mark of all(`.chart [data-arm="${box.dataset.arm}"]`)) mark.classList.toggle("off", !box.checked);
  };
  const flip = (number) => {
    const box = boxes.find((other) => other.dataset.arm === number);
    if (box) { box.checked = !box.checked; draw(box); }
  };
  boxes.forEach((box) => { draw(box); box.addEventListener("change", () => draw(box)); });
  document.addEventListener("click", (event) => {
    const key = event.target.closest?.(".chart .key");
    if (key) flip(key.dataset.arm);
  });
  document.getElementById("every").addEventListener("click", () => {
    const on = boxes.some((box) => !box.checked);
    boxes.forEach((box) => { box.checked = on; draw(box); });
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
  const folds = all("main details");
  document.getElementById("unfold").addEventListener("click", () => {
    const sections = all(".section > details"), open = sections.some((fold) => !fold.open);
    sections.forEach((fold) => { fold.open = open; });
  });
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
  for (const region of all(".scroll")) if (region.scrollWidth > region.clientWidth + 1) region.tabIndex = 0;
})();
