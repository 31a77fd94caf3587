// A bar of tabs or of sections that is wider than the screen shows the current one; the page itself does not move.
for (const bar of document.querySelectorAll(".tabs, .mainnav, .facts-nav ul")) {
  const current = bar.querySelector("[aria-current]");
  if (!current || bar.scrollWidth <= bar.clientWidth) continue;
  const [outer, inner] = [bar.getBoundingClientRect(), current.getBoundingClientRect()];
  bar.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}
