// Tables: sorted by a column, filtered by words. -------------------------------------------------

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
    const suffix = matching === rows.length ? "" : `, ${count(matching)} match`;
    status.textContent = `Showing ${count(shown)} of ${count(rows.length)} ${box.dataset.noun}${suffix}`;
    all.hidden = matching <= limit;
  };

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      closeRows(table);
      sortBy(table, column, descending);
      refresh();
    });
  });
  input.addEventListener("input", () => {
    closeRows(table);
    refresh();
  });
  all.addEventListener("click", () => {
    closeRows(table);
    limit = Infinity;
    refresh();
    table.closest(".scroll").focus();
  });
  refresh();
}
