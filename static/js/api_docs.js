// Shows the API's schema. A script of ours, as the policy allows none inside the page.
const place = document.getElementById("api-docs");
const page = document.documentElement;

function followTheme() {
  page.classList.toggle("dark-mode", page.dataset.bsTheme === "dark");
}

new MutationObserver(followTheme).observe(page, { attributes: true, attributeFilter: ["data-bs-theme"] });
followTheme();
window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
});
