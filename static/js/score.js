// Keyboard of the score sheet: 1-5 rate the cell in focus, arrows move between cells, n goes to the note.
// Markup: <fieldset data-score-cell data-row="r" data-col="c"> with five radios; rows carry data-score-row.
// A plain arrow inside a radio group would change the rating, so arrows are taken over and only move.
const cells = () => [...document.querySelectorAll("[data-score-cell]")];
const entry = (cell) => cell.querySelector("input:checked") || cell.querySelector("input:not(:disabled)");

function focusCell(cell) {
  const input = cell && entry(cell);
  if (!input) return;
  input.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// The table's own geometry: rows in document order, columns by data-col.
function neighbour(cell, rows, columns) {
  const all = cells();
  const rowNames = [...new Set(all.map((other) => other.dataset.row))];
  const inRow = (name) => all.filter((other) => other.dataset.row === name);
  const at = inRow(cell.dataset.row).findIndex((other) => other.dataset.col === cell.dataset.col) + columns;
  const name = rowNames[rowNames.indexOf(cell.dataset.row) + rows];
  return name === undefined ? null : inRow(name)[at] || null;
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-score-cell]");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
  if (MOVES[event.key]) {
    event.preventDefault();
    focusCell(neighbour(cell, ...MOVES[event.key]));
  } else if (/^[1-5]$/.test(event.key)) {
    const input = cell.querySelector(`input[value="${event.key}"]:not(:disabled)`);
    if (!input) return;
    event.preventDefault();
    input.focus();
    // A pale cell carries an earlier rating along: the same figure again confirms it.
    if (!input.checked || cell.classList.contains("is-pale")) {
      input.checked = true;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  } else if (event.key === "n") {
    const note = document.querySelector(`[data-score-note="${CSS.escape(cell.dataset.row)}"]`) || document.querySelector("[data-score-note]");
    if (note) { event.preventDefault(); note.focus(); }
  }
});

// Escape in the note returns to the cell one came from.
let last = null;
document.addEventListener("focusin", (event) => {
  const cell = event.target.closest?.("[data-score-cell]");
  if (!cell) return;
  last = [cell.dataset.row, cell.dataset.col];
  for (const row of document.querySelectorAll("[data-score-row].is-open")) row.classList.remove("is-open");
  cell.closest("[data-score-row]")?.classList.add("is-open");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("[data-score-note]") && last) {
    focusCell(cells().find((cell) => cell.dataset.row === last[0] && cell.dataset.col === last[1]));
  }
});

// After a swap the cell that had the focus has it again, under its new element.
document.addEventListener("htmx:after:swap", () => {
  if (last && document.activeElement === document.body) {
    focusCell(cells().find((cell) => cell.dataset.row === last[0] && cell.dataset.col === last[1]));
  }
});

// The drawer follows the cell in focus. It waits for a note that is being saved; a note that could not be saved
// (its cell has no score yet) is kept here, comes back with its cell, and is sent once the cell is rated.
const kept = new Map();
const drawer = () => document.querySelector("[data-drawer]");
const noteOf = (shown) => shown?.querySelector("form[data-autosave]");
let following = 0;

function show(url) {
  clearTimeout(following);
  const shown = drawer();
  const note = noteOf(shown);
  if (note?.dataset.saving) { following = setTimeout(show, 100, url); return; }
  if (note?.dataset.unsaved) kept.set(shown.dataset.cell, note.elements.rationale.value);
  delete note?.dataset.unsaved;
  htmx.ajax("GET", url, { target: "#drawer", swap: "outerHTML" });
}

function send(note) {
  note.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("focusin", (event) => {
  const cell = event.target.closest?.("[data-score-cell]");
  const form = cell?.closest("form");
  if (!form || !drawer() || drawer().dataset.cell === `${cell.dataset.row}-${cell.dataset.col}`) return;
  clearTimeout(following);
  following = setTimeout(show, 120, form.action);
});

// Links to the drawer: in place with scripting, another page without.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-opens-drawer]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && drawer()) {
    const row = [...document.querySelectorAll("[data-score-cell]")].filter((cell) => cell.dataset.row === link.dataset.opensDrawer);
    const cell = row.find((one) => one.dataset.col === link.dataset.option) || row[0];
    if (!cell) return;
    event.preventDefault();
    for (const open of document.querySelectorAll("[data-score-row].is-open")) open.classList.remove("is-open");
    cell.closest("[data-score-row]")?.classList.add("is-open");
    opened = true;
    show(cell.closest("form").action);
  }
  const asked = event.target.closest?.("[data-panel-cell]");
  if (asked) { opened = true; panelCell = asked.getAttribute("hx-get"); markPanel(); }
  if (event.target.closest?.("[data-closes-drawer]")) {
    event.preventDefault();
    opened = false;
    document.getElementById("drawer")?.classList.remove("is-open");
  }
});

// The panel's table marks the cell that the drawer shows, also after it has refreshed itself.
let panelCell = null;
function markPanel() {
  if (!panelCell) return;
  for (const cell of document.querySelectorAll(".panel-cell")) cell.classList.toggle("is-open", cell.getAttribute("hx-get") === panelCell);
}

// On a narrow screen the drawer lies over the sheet, and only when it was asked for.
let opened = false;
document.addEventListener("htmx:after:swap", () => {
  markPanel();
  document.getElementById("drawer")?.classList.toggle("is-open", opened);
  const shown = drawer();
  const note = noteOf(shown);
  if (!note) return;
  const words = kept.get(shown.dataset.cell);
  if (words !== undefined) {
    kept.delete(shown.dataset.cell);
    note.elements.rationale.value = words;
    note.dataset.unsaved = "yes";
  }
  const cell = cells().find((one) => `${one.dataset.row}-${one.dataset.col}` === shown.dataset.cell);
  if (note.dataset.unsaved && !note.dataset.saving && cell?.querySelector("input:checked")) send(note);
});

window.addEventListener("beforeunload", (event) => { if (kept.size) event.preventDefault(); });
