// Messages: those of the page can be dismissed; scripts add theirs with notify().
const region = () => document.getElementById("notices");

export function notify(text, tone = "info") {
  const list = region();
  const template = document.getElementById("notice-template");
  if (!list || !template) return;
  for (const shown of list.children) if (shown.dataset.text === text) return; // the same trouble is said once
  const item = template.content.firstElementChild.cloneNode(true);
  item.dataset.text = text;
  item.classList.add(tone);
  item.querySelector("[data-notice-text]").textContent = text;
  list.append(item);
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss-notice]")?.closest("li")?.remove();
});
