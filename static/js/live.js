// Keeps marked regions true. A page names its revision with
//   <div data-live-watch="URL" data-live-subject="review:UUID" hidden></div>
// URL answers with an ETag (304 when nothing moved); it is asked on load, every 20 s while visible, on focus, when the
// network returns and after each server event that names the subject. When the ETag moved, every [data-live] element
// gets the event "live:change" and fetches itself: hx-get="..." hx-trigger="live:change". A watch with
// data-live-scope="NAME" speaks only to regions with data-live="NAME", one without to those without a name.
// Server events are only a hint and may be lost; a stream begins with one that names nobody, upon which all is asked.
// Without <meta name="live-origin"> polling alone does it.
import { notify } from "./notices.js";

const EVERY = 20_000;
const SOON = 1_000; // while a newer result is on its way
const LATER = 45_000; // after a refused stream
const etags = new Map();
let failures = 0;

const watches = () => [...document.querySelectorAll("[data-live-watch]")];

function refresh(scope) {
  for (const region of document.querySelectorAll("[data-live]")) {
    if ((region.dataset.live || "") !== (scope || "")) continue;
    // Never take away what someone is typing: the region refreshes when the focus has left it.
    const busy = region.contains(document.activeElement) && document.activeElement.matches("textarea, input:not([type=radio]), select");
    if (busy) document.activeElement.addEventListener("blur", () => htmx.trigger(region, "live:change"), { once: true });
    else htmx.trigger(region, "live:change");
  }
}

const soon = new Map();
function again(watch) {
  clearTimeout(soon.get(watch));
  soon.set(watch, setTimeout(() => { if (!document.hidden) ask(watch); }, SOON));
}

async function ask(watch) {
  const url = watch.dataset.liveWatch;
  const known = etags.get(url);
  try {
    const answer = await fetch(url, {
      credentials: "same-origin", cache: "no-store",
      headers: { "HX-Request": "true", ...(known ? { "If-None-Match": known } : {}) },
    });
    failures = 0;
    document.documentElement.classList.remove("is-offline");
    // A pending result is asked for again soon: a region on the page or the answer's header says that one is owed.
    if (answer.headers.get("X-Result-State") === "pending" || document.querySelector("[data-live-pending]")) again(watch);
    if (answer.status === 304) return;
    if (answer.status === 401 || answer.status === 403 || answer.status === 404 || answer.redirected) {
      watch.removeAttribute("data-live-watch");
      notify("This page is no longer up to date: sign in again or reload.", "warning");
      return;
    }
    if (!answer.ok) return;
    const etag = answer.headers.get("ETag");
    etags.set(url, etag);
    if (known && etag !== known) refresh(watch.dataset.liveScope);
  } catch {
    failures += 1;
    if (failures === 2) document.documentElement.classList.add("is-offline");
  }
}

const askAll = () => { if (!document.hidden) watches().forEach(ask); };

function listen() {
  const origin = document.querySelector('meta[name="live-origin"]')?.content;
  const subjects = [...new Set(watches().map((watch) => watch.dataset.liveSubject).filter(Boolean))];
  if (!origin || !subjects.length || !window.EventSource) return;
  const query = new URLSearchParams(subjects.map((subject) => ["subject", subject]));
  const source = new EventSource(`${origin.replace(/\/$/, "")}/live/events/?${query}`, { withCredentials: true });
  const heard = (event) => {
    let subject = null;
    try { subject = JSON.parse(event.data).subject; } catch { /* a bare hint */ }
    watches().filter((watch) => !subject || watch.dataset.liveSubject === subject).forEach(ask);
  };
  source.addEventListener("change", heard);
  source.addEventListener("message", heard);
  // The browser opens a broken stream again by itself; one that was refused (too many pages, server away) it gives up.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, LATER + Math.random() * LATER);
  });
  window.addEventListener("pagehide", () => source.close());
}

if (watches().length) {
  askAll();
  listen();
}
setInterval(askAll, EVERY);
document.addEventListener("visibilitychange", askAll);
window.addEventListener("focus", askAll);
window.addEventListener("online", askAll);
document.addEventListener("makewhere:ask", askAll);
