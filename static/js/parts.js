// A link to a folded part (<details id="..">, or something inside one) opens it and brings it into view.
function open() {
  const id = decodeURIComponent(window.location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target) return;
  let folded = target.closest("details:not(.menu)");
  if (!folded) return;
  for (; folded; folded = folded.parentElement?.closest("details")) folded.open = true;
  target.scrollIntoView();
}

window.addEventListener("hashchange", open);
open();
