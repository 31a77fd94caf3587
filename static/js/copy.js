// What is shown once: data-copies="ID" copies that field, data-select-on-focus selects it, data-from-hash is filled
// with what stands after the # of the address (which browsers send to no server), and the address is cleared of it.
import { notify } from "./notices.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(field.value);
    notify("Copied.", "success");
  } catch {
    field.focus();
    field.select();
    notify("It is selected: copy it with the keyboard.", "info");
  }
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-select-on-focus]")) event.target.select();
});

const field = document.querySelector("[data-from-hash]");
if (field && window.location.hash.length > 1) {
  field.value = decodeURIComponent(window.location.hash.slice(1));
  window.history.replaceState(null, "", window.location.pathname);
  document.querySelector("input[type=password]")?.focus();
}
