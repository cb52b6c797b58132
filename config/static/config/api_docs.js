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
    const shown = SwaggerUIBundle({
      url: place.dataset.schema,
      domNode: place,
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
      deepLinking: true,
      defaultModelsExpandDepth: -1, // each operation shows its own; the list of all takes longer than all the rest
      validatorUrl: null, // a badge from elsewhere
      docExpansion: "none", // what there is, first
      requestInterceptor(request) {
        delete request.headers.Cookie; // the browser sends its own
        if (request.headers.Authorization) return request;
        // The admin's session sends its token, which is of no use in the command that is shown: a key is.
        request.userFetch = (url, options) => fetch(url, { ...options, headers: { ...options.headers, "X-CSRFToken": place.dataset.csrf } });
        request.curlOptions = ["-H", "Authorization: Bearer YOUR_KEY"];
        return request;
      },
      onComplete() {
        if ("session" in place.dataset) shown.preauthorizeApiKey("session", "of this browser");
      },
    });
  }

  dress();
  system.addEventListener("change", dress);
  new MutationObserver(dress).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("DOMContentLoaded", show);
})();
