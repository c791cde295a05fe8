// Copying: the text next to the button. ----------------------------------------------------------

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
      copied = copySelected(code); // browsers may deny the clipboard to pages from disk
    }
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    window.setTimeout(() => (button.textContent = label), 2000);
  });
}
