// Shows the API's document, in the theme chosen in the admin. It stands in the head, so that no light page flashes first.
"use strict";
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");

  function dress() {
    const chosen = document.documentElement.dataset.theme; // which the admin's theme.js sets, and its toggle
    const dark = chosen === "dark" || (chosen === "auto" && system.matches);
    document.documentElement.classList.toggle("dark-mode", dark);
  }

  function show() {
    const place = document.getElementById("swagger-ui");
    SwaggerUIBundle({
      url: place.dataset.schema,
      domNode: place,
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
      deepLinking: true,
      defaultModelsExpandDepth: -1, // each operation shows its own; the list of all takes longer than all the rest
      validatorUrl: null, // a badge from elsewhere
      requestInterceptor(request) {
        // Who tries the API in the admin's session sends its token; a key needs none.
        if (request.method && request.method !== "GET") request.headers["X-CSRFToken"] = place.dataset.csrf;
        return request;
      },
    });
  }

  dress();
  system.addEventListener("change", dress);
  new MutationObserver(dress).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("DOMContentLoaded", show);
})();
