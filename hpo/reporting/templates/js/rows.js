// Rows of the table of trials: each opens the details of its trial. ------------------------------

function element(tag, properties = {}, children = []) {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...children);
  return created;
}

const LEVELS = 65534;

function unpack(text, low, high) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const levels = Array.from({ length: bytes.length / 2 }, (_, n) => bytes[2 * n] + 256 * bytes[2 * n + 1]);
  return levels.map((n) => (n > LEVELS ? null : Number((low + (n / LEVELS) * (high - low)).toPrecision(5))));
}

// The epochs of the packed values: as many as there are points, evenly spread, each once.
function epochsOf({ length, points }) {
  const all = Array.from({ length: points }, (_, n) => 1 + Math.round((n * (length - 1)) / (points - 1)));
  return [...new Set(all)];
}

function curveFigure(curves) {
  const epochs = epochsOf(curves);
  const traces = Object.entries(curves.lines).map(([name, packed]) => ({
    x: epochs,
    y: unpack(packed, curves.low, curves.high),
    name,
    mode: epochs.length > 1 ? "lines" : "markers",
    line: { width: 2, ...trials.styles[name] },
    marker: { color: trials.styles[name].color },
    hovertemplate: "epoch %{x}: %{y:.4~g}",
  }));
  const scale = curves.ticks ? { type: "log", tickvals: curves.ticks } : {};
  const mark = { type: "line", x0: curves.chosen, x1: curves.chosen, yref: "paper", y0: 0, y1: 1 };
  const layout = {
    margin: { l: 44, r: 12, t: 28, b: 40 },
    xaxis: { title: { text: "epoch" } },
    yaxis: { title: { text: trials.metric }, ...scale },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    shapes: curves.chosen ? [mark] : [],
  };
  return { data: traces, layout };
}

function facts(pairs) {
  const rows = pairs.map(([name, value]) =>
    element("div", {}, [element("dt", { textContent: name }), element("dd", { textContent: value })]),
  );
  return element("dl", { className: "facts" }, rows);
}

// The cells of the row with the headings of their columns, without values that do not apply.
function cellsOf(row) {
  const headings = [...row.closest("table").tHead.rows[0].cells].map((cell) => cell.textContent);
  const all = [...row.cells].map((cell, place) => [headings[place], cell.textContent]);
  return all.slice(1).filter(([name, value]) => value !== "—" && value !== "" && name !== "Reason");
}

function figureOf(number, curves) {
  const plot = element("div", { className: "plot", style: "height: 300px" });
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `Learning curves of trial ${number}: ${trials.metric} by epoch`);
  const caption = element("figcaption", { textContent: `Trial ${number}: ${trials.metric} by epoch` });
  const note = curves.chosen ? `The dotted line marks the chosen epoch, ${curves.chosen}.` : "";
  caption.append(element("span", { textContent: note }));
  opened.set(plot, curveFigure(curves));
  return [element("figure", {}, [caption, plot]), plot];
}

function content(row, number) {
  const details = trials.details[number];
  const inside = element("div", { className: "opened" });
  if (details.reason) inside.append(element("p", { className: "reason", textContent: details.reason }));
  const [figure, plot] = details.curves ? figureOf(number, details.curves) : [null, null];
  if (figure) inside.append(figure);
  const others = trials.facts.map((name, place) => [name, details.facts[place]]);
  inside.append(facts([...cellsOf(row), ...others.filter(([, value]) => value)]));
  if (details.traceback)
    inside.append(element("pre", { className: "traceback", textContent: details.traceback, tabIndex: 0 }));
  return [inside, plot];
}

function closeRow(row) {
  const following = row.nextElementSibling;
  if (!following?.classList.contains("opening")) return;
  for (const plot of following.querySelectorAll(".plot")) {
    Plotly.purge(plot);
    opened.delete(plot);
  }
  following.remove();
  row.querySelector("[data-trial]").setAttribute("aria-expanded", "false");
}

function closeRows(table) {
  for (const row of [...table.querySelectorAll("tr.opening")]) closeRow(row.previousElementSibling);
}

function openRow(row, button) {
  const [inside, plot] = content(row, button.textContent);
  const cell = element("td", { colSpan: row.cells.length }, [inside]);
  row.after(element("tr", { className: "opening" }, [cell]));
  inside.style.width = `${row.closest(".scroll").clientWidth}px`;
  button.setAttribute("aria-expanded", "true");
  if (plot) draw(plot, theme());
}

for (const table of document.querySelectorAll("table.leaderboard")) {
  table.tBodies[0].addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const button = row?.querySelector("[data-trial]");
    if (!button || window.getSelection().toString()) return;
    if (button.getAttribute("aria-expanded") === "true") closeRow(row);
    else openRow(row, button);
  });
}

window.addEventListener("resize", () => {
  for (const inside of document.querySelectorAll(".opened"))
    inside.style.width = `${inside.closest(".scroll").clientWidth}px`;
});
