// Figures: drawn when they come near the window, in the colors of the theme. --------------------

const { templates, figures, trials } = JSON.parse(document.getElementById("script-data").textContent);
const coarse = window.matchMedia("(pointer: coarse)").matches;
const plots = [...document.querySelectorAll("[data-figure]")];
const near = new Set();
const config = {
  responsive: true,
  displaylogo: false,
  displayModeBar: coarse ? false : "hover",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
};

// An exponential moving average in which each value weighs SMOOTHING times as much as the next,
// corrected for the bias toward 0 at the start as in the optimizer Adam (2015).
const SMOOTHING = 0.6;
function smooth(values) {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = SMOOTHING * sum + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return sum / weight;
  });
}

function smoothed(data, plot) {
  if (!plot.closest("[data-smooth]")?.querySelector("input").checked) return data;
  return data.map((trace) => (trace.meta === "smooth" ? { ...trace, y: smooth(trace.y) } : trace));
}

function drawWith(plot, data, layout, name, width) {
  const shown = {
    ...structuredClone(layout), // Plotly writes into it
    template: templates[name],
    height: plot.clientHeight,
    dragmode: coarse ? false : "zoom",
  };
  if (width) Object.assign(shown, { width, autosize: false });
  else Object.assign(shown, { width: undefined, autosize: true });
  Plotly.react(plot, data, shown, config);
}

function draw(plot, name, width) {
  const { data, layout } = figures[plot.dataset.figure] ?? opened.get(plot);
  drawWith(plot, smoothed(data, plot), layout, name, width);
}

const opened = new Map(); // the figures in open rows of the table of trials
const visible = (plot) => plot.offsetParent !== null;

function redraw() {
  for (const plot of [...near, ...opened.keys()]) if (visible(plot)) draw(plot, theme());
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting || near.has(target)) continue;
      near.add(target);
      draw(target, theme());
    }
  },
  { rootMargin: "800px 0px" },
);
for (const plot of plots) observer.observe(plot);

const PAPER = 680;
const onPaper = (plot) => (plot.closest("figure.small") ? PAPER / 2 - 20 : PAPER);
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const plot of plots) if (visible(plot)) draw(plot, "light", onPaper(plot));
});
window.addEventListener("afterprint", () => {
  for (const plot of plots) if (visible(plot)) draw(plot, theme());
});

for (const box of document.querySelectorAll("[data-smooth]"))
  box.querySelector("input").addEventListener("change", redraw);

// Panels: one of several is visible. -------------------------------------------------------------

for (const panels of document.querySelectorAll(".panels")) {
  const select = panels.querySelector("select");
  const all = [...panels.querySelectorAll(".panel")];
  const show = (number) => all.forEach((panel, place) => (panel.hidden = place !== number));
  show(0);
  select?.addEventListener("change", () => {
    show(Number(select.value));
    redraw();
  });
}
