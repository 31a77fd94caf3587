// Facts that others changed arrive by themselves. One that is being edited here, or is not saved yet, is left alone: its
// own saving then shows both values.
const isBusy = (fact) =>
  fact.contains(document.activeElement) || fact.dataset.saving || fact.dataset.unsaved || fact.querySelector("[role=alert]");

// Once the focus leaves a fact that was left alone and nothing of it was changed, it is fetched as it now is.
function later(fact) {
  const url = fact.getAttribute("hx-post");
  if (!url || fact.dataset.late) return;
  fact.dataset.late = "yes";
  fact.addEventListener("focusout", () => {
    delete fact.dataset.late;
    setTimeout(() => { if (fact.isConnected && !isBusy(fact)) htmx.ajax("GET", url, { target: fact, swap: "innerHTML" }); }, 50);
  }, { once: true });
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (ctx.sourceElement?.id !== "facts-live") return;
  for (let at = tasks.length - 1; at >= 0; at -= 1) {
    const { type, target } = tasks[at];
    if (type !== "oob" || !target.matches?.(".fact")) continue;
    if (isBusy(target)) {
      tasks.splice(at, 1);
      later(target);
    }
    else setTimeout(() => document.getElementById(target.id)?.classList.add("moved"), 50);
  }
});
