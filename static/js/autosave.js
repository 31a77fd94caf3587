// A form or field with data-autosave shows its state in the nearest [data-autosave-state], or in the page's own one
// (#autosave): saving, saved, failed (with a retry), clash. The saving itself is an htmx request of the element. The
// version that it saw lies in a form's "version", or in the [data-version] of an element that is part of a larger form.
const PHRASES = { idle: "", saving: "Saving…", saved: "Saved", failed: "Not saved", clash: "Changed by someone else" };
const waiting = new Set();

function show(element, state) {
  const scope = element.closest("[data-autosave-scope]") || document;
  const sign = scope.querySelector("[data-autosave-state]") || document.getElementById("autosave");
  if (!sign) return;
  sign.dataset.state = state;
  sign.querySelector("[data-autosave-text]").textContent = PHRASES[state];
  sign.querySelector("[data-autosave-retry]").hidden = state !== "failed";
}

const saver = (event) => event.detail?.ctx?.sourceElement?.closest?.("[data-autosave]");

// A quick second edit waits in the queue with the version that was on the page when it was made. When it goes out, the
// first has been answered: it takes the version of that answer, or it would clash with its own predecessor. After a
// clash with someone else it keeps the old one, so that nothing unseen is overwritten.
const clashes = new WeakMap();
const seen = new WeakMap();

document.addEventListener("htmx:config:request", (event) => {
  const element = saver(event);
  if (element) seen.set(event.detail.ctx, clashes.get(element) || 0);
});

document.addEventListener("htmx:before:request", (event) => {
  const element = saver(event);
  if (!element) return;
  const { ctx } = event.detail;
  const version = element.elements?.version || element.querySelector("[data-version]");
  if (version && ctx.request.body?.has?.(version.name) && seen.get(ctx) === (clashes.get(element) || 0)) {
    ctx.request.body.set(version.name, version.value);
  }
  waiting.add(element);
  element.dataset.saving = "yes";
  show(element, "saving");
});

function settle(element, state) {
  waiting.delete(element);
  delete element.dataset.saving;
  if (state === "failed") element.dataset.unsaved = "yes";
  else delete element.dataset.unsaved;
  show(element, state === "saved" && waiting.size ? "saving" : state);
}

// Before the swap: afterwards the element may have left the document and its events no longer reach us.
document.addEventListener("htmx:after:request", (event) => {
  const element = saver(event);
  if (!element) return;
  const { status } = event.detail.ctx.response;
  if (status === 409 || status === 412) clashes.set(element, (clashes.get(element) || 0) + 1);
  settle(element, status < 300 ? "saved" : status === 409 || status === 412 ? "clash" : "failed");
});

document.addEventListener("htmx:error", (event) => {
  const element = saver(event);
  if (element && waiting.has(element)) settle(element, "failed");
});

// One click sends everything that failed once more.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-autosave-retry]")) return;
  for (const element of document.querySelectorAll("[data-autosave][data-unsaved]")) {
    if (element instanceof HTMLFormElement) element.requestSubmit();
    else element.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Leaving while something is on its way or failed asks first.
window.addEventListener("beforeunload", (event) => {
  if (waiting.size || document.querySelector("[data-autosave][data-unsaved]")) event.preventDefault();
});
