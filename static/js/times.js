// <time datetime="..." data-local> shows local time (data-local="date" the day alone), data-ago counts up ("2 s ago"); the record's UTC stays in title.
// The pages are in English and the server writes "24 Nov 2026": so does this, in the clock of whoever reads.
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const local = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

export function ago(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

function write() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-local], time[data-ago]")) {
    const then = new Date(time.dateTime);
    if (Number.isNaN(then.getTime())) continue;
    if (!time.title) time.title = `${then.toISOString().replace("T", " ").slice(0, 19)} UTC`;
    const text = "ago" in time.dataset ? ago((now - then.getTime()) / 1000) : (time.dataset.local === "date" ? day : local).format(then);
    if (time.textContent !== text) time.textContent = text;
  }
}

write();
setInterval(write, 5_000);
document.addEventListener("htmx:after:swap", write);
