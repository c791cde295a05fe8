// Light and dark: the system's preference, until the reader chooses. -----------------------------

const root = document.documentElement;
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const toggle = document.querySelector("[data-theme-toggle]");
let chosen = null;

const theme = () => chosen ?? (prefersDark.matches ? "dark" : "light");

function applyTheme() {
  if (chosen) root.dataset.theme = chosen;
  toggle.textContent = `Switch to ${theme() === "dark" ? "light" : "dark"} mode`;
  redraw();
}

toggle.addEventListener("click", () => {
  chosen = theme() === "dark" ? "light" : "dark";
  applyTheme();
});
prefersDark.addEventListener("change", applyTheme);
