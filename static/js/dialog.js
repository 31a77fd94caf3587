// Native dialogs. data-opens="ID" opens <dialog id="ID">; data-closes inside closes it.
// A form with data-confirm="ID" is sent only after the dialog's data-confirms button; where the dialog has an input
// with data-must-equal="NAME", that button stays off until the name is typed.
// Where something is to be typed, one starts there and not on the button that closes.
const start = (dialog) => dialog.querySelector("textarea, select, input:not([type=hidden])")?.focus();

function show(dialog) {
  dialog.showModal();
  start(dialog);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog) { event.preventDefault(); show(dialog); }
    return;
  }
  const closer = event.target.closest?.("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
  const confirms = event.target.closest?.("[data-confirms]");
  if (confirms) {
    const dialog = confirms.closest("dialog");
    const form = document.querySelector(`form[data-confirm="${CSS.escape(dialog.id)}"]`);
    dialog.close();
    if (form) { form.dataset.confirmed = "yes"; form.requestSubmit(); }
  }
});

// Capture: before htmx sees the submission.
document.addEventListener("submit", (event) => {
  const { confirm, confirmed } = event.target.dataset;
  if (!confirm) return;
  if (confirmed) { delete event.target.dataset.confirmed; return; }
  const dialog = document.getElementById(confirm);
  if (!dialog) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  show(dialog);
}, true);

document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.mustEqual;
  if (wanted === undefined) return;
  const button = event.target.closest("dialog, form").querySelector("[data-confirms], [type=submit]");
  if (button) button.disabled = event.target.value.trim() !== wanted;
});

// A dialog that came with an answer (data-open-now) opens at once.
const openNow = () => document.querySelectorAll("dialog[data-open-now]:not([open])").forEach(show);
document.addEventListener("htmx:after:swap", openNow);
openNow();

// A link from another page may name a dialog: brief#return.
const named = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDialogElement && !named.open) {
  show(named);
  // Going to the fragment moves the focus to the dialog itself once more.
  window.addEventListener("load", () => setTimeout(start, 0, named));
}
