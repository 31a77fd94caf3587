// Lists of entries on the facts page. The last entry is empty: typing into it adds another one below; a bin takes its
// entry away. Both are followed by "change", on which the list saves itself.
const entries = (list) => [...list.querySelectorAll("[data-entry]")];

function renumber(list) {
  entries(list).forEach((entry, at) => {
    for (const named of entry.querySelectorAll("[name], [value]")) {
      if (named.name && named.name !== "drop") named.name = named.name.replace(/\.\d+\.([a-z_]+)$/, `.${at}.$1`);
      if (named.name === "drop") named.value = named.value.replace(/\.\d+$/, `.${at}`);
    }
  });
}

document.addEventListener("input", (event) => {
  const entry = event.target.closest?.("[data-entry]");
  const list = entry?.closest("[data-entries]");
  if (!list || entry !== entries(list).at(-1)) return;
  const fresh = entry.cloneNode(true);
  for (const input of fresh.querySelectorAll("input, select")) input.value = "";
  fresh.querySelector(".month-of").textContent = "";
  entry.classList.remove("is-new");
  entry.querySelector("[data-drop-entry]").hidden = false;
  list.append(fresh);
  renumber(list);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-drop-entry]");
  if (!button) return;
  event.preventDefault();
  const list = button.closest("[data-entries]");
  button.closest("[data-entry]").remove();
  renumber(list);
  list.querySelector("input, select")?.focus();
  list.dispatchEvent(new Event("change", { bubbles: true }));
});
