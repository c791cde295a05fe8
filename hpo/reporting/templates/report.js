"use strict";
(() => {
  const root = document.documentElement;
  const { templates, figures } = JSON.parse(document.getElementById("figures").textContent);
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)").matches;

  // Theme ------------------------------------------------------------------------------------

  const toggle = document.querySelector("[data-theme-toggle]");
  let chosen = null;

  const theme = () => chosen ?? (prefersDark.matches ? "dark" : "light");

  function applyTheme() {
    if (chosen) root.dataset.theme = chosen;
    toggle.setAttribute("aria-pressed", String(theme() === "dark"));
    drawVisible(theme());
  }

  toggle.addEventListener("click", () => {
    chosen = theme() === "dark" ? "light" : "dark";
    applyTheme();
  });
  prefersDark.addEventListener("change", applyTheme);

  // Figures ----------------------------------------------------------------------------------

  const plots = [...document.querySelectorAll("[data-figure]")];
  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: coarse ? false : "hover",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  };

  function draw(plot, name, width) {
    const { data, layout } = figures[plot.dataset.figure];
    const shown = {
      ...layout,
      template: templates[name],
      height: plot.clientHeight,
      dragmode: coarse ? false : "zoom",
    };
    if (width) Object.assign(shown, { width, autosize: false });
    else Object.assign(shown, { width: undefined, autosize: true });
    Plotly.react(plot, data, shown, config);
  }

  function drawVisible(name, width) {
    for (const plot of plots) if (plot.offsetParent) draw(plot, name, width);
  }

  const PAPER = 680;
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    drawVisible("light", PAPER);
  });
  window.addEventListener("afterprint", () => drawVisible(theme()));

  // Panels -----------------------------------------------------------------------------------

  for (const panels of document.querySelectorAll(".panels")) {
    const select = panels.querySelector("select");
    const all = [...panels.querySelectorAll(".panel")];
    const show = (number) => all.forEach((panel, place) => (panel.hidden = place !== number));
    show(0);
    select?.addEventListener("change", () => {
      show(Number(select.value));
      drawVisible(theme());
    });
  }

  // Tables -----------------------------------------------------------------------------------

  const key = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;

  const toNumber = (text) => parseFloat(text.replaceAll(",", ""));

  function compare(left, right, numeric) {
    if (!numeric) return left.localeCompare(right, "en", { numeric: true });
    return toNumber(left) - toNumber(right);
  }

  const missing = (text, numeric) => (numeric ? Number.isNaN(toNumber(text)) : ["", "—"].includes(text));

  function sortBy(table, column, descending) {
    const numeric = table.tHead.rows[0].cells[column].classList.contains("n");
    const sign = descending ? -1 : 1;
    const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => {
      const absent = missing(a, numeric) - missing(b, numeric);
      return absent || (missing(a, numeric) ? 0 : sign * compare(a, b, numeric));
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  for (const box of document.querySelectorAll(".sortable")) {
    const table = box.querySelector("table");
    const input = box.querySelector("input");
    const status = box.querySelector(".status");
    const all = box.querySelector(".all");
    let limit = Number(box.dataset.first);

    const refresh = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies[0].rows];
      let matching = 0;
      for (const row of rows) {
        const text = words.length ? [...row.cells].map((c) => c.textContent).join(" ").toLowerCase() : "";
        const matches = words.every((word) => text.includes(word));
        matching += matches;
        row.hidden = !matches || matching > limit;
      }
      const shown = Math.min(matching, limit);
      const count = (amount) => amount.toLocaleString("en");
      const found = matching === rows.length ? "" : `, ${count(matching)} match`;
      status.textContent = `${count(shown)} of ${count(rows.length)} ${box.dataset.noun} shown${found}`;
      all.hidden = matching <= limit;
    };

    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      heading.querySelector("button")?.addEventListener("click", () => {
        const descending = heading.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
        heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sortBy(table, column, descending);
        refresh();
      });
    });
    input.addEventListener("input", refresh);
    all.addEventListener("click", () => {
      limit = Infinity;
      refresh();
      table.closest(".scroll").focus();
    });
    refresh();
  }

  // Copying ----------------------------------------------------------------------------------

  function copySelected(code) {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const code = button.parentElement.querySelector("code");
    const label = button.textContent;
    button.addEventListener("click", async () => {
      let copied = true;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        copied = copySelected(code); // where the clipboard is closed to pages from the disk
      }
      button.textContent = copied ? "Copied" : "Press Ctrl+C";
      window.setTimeout(() => (button.textContent = label), 2000);
    });
  }

  applyTheme();
})();
