// What every htmx request carries, and what happens when one gets no usable answer.
import { notify } from "./notices.js";

const token = () => document.querySelector('meta[name="csrf-token"]')?.content
  || document.querySelector('input[name="csrfmiddlewaretoken"]')?.value || "";

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  request.headers["X-CSRFToken"] = token();
});

// 422 (form with errors) and 409 (clash: both values) are answers to show. Any other 4xx or 5xx is left unswapped
// (noSwap in the meta tag), so the words that the person typed stay where they are, and it is said aloud here.
const SHOWN = new Set([409, 422]);
const WORDS = {
  400: "The page sent something the server did not understand. Reload the page and try again.",
  403: "You may not do this. Your entry was not saved.",
  404: "This no longer exists, or you may not see it. Reload the page.",
  412: "Someone else changed this meanwhile. Reload to see both values.",
  413: "The file is too large.",
  429: "Too many tries. Wait a minute and try again.",
};

document.addEventListener("htmx:response:error", (event) => {
  const { status, headers } = event.detail.ctx.response;
  if (SHOWN.has(status)) return;
  if (status === 401) { window.location.reload(); return; }
  const reference = headers.get("X-Request-ID");
  const text = WORDS[status] || "The server could not finish this. What you typed is still on the page; try again.";
  notify(reference ? `${text} (reference ${reference})` : text, "error");
});

document.addEventListener("htmx:error", () => {
  notify("The server could not be reached. What you typed is still on the page; try again.", "error");
});
