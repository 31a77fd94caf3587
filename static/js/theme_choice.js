// Buttons with data-theme-choice="light|dark|auto" keep the choice in this browser; theme.js applies it.
function mark() {
  let theme = "auto";
  try { theme = localStorage.getItem("makewhere-theme") || "auto"; } catch { /* private window: not kept */ }
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-theme-choice]");
  if (!button) return;
  try { localStorage.setItem("makewhere-theme", button.dataset.themeChoice); } catch { /* not kept */ }
  document.dispatchEvent(new Event("makewhere:theme"));
  mark();
});

mark();
