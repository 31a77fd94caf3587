// Loaded in <head>, blocking and not as a module, so that the first paint already has the right colours.
// The choice (light, dark, auto) is kept in this browser only.
(function () {
  "use strict";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try { return localStorage.getItem("makewhere-theme") || "auto"; } catch (error) { return "auto"; }
  }
  function apply() {
    var theme = chosen();
    document.documentElement.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  }
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("makewhere:theme", apply);
})();
