// Keeps the figures fresh: asks for the part that changes, with the ETag of what is shown, and swaps it when it did.
"use strict";
(() => {
  const figures = document.getElementById("figures");
  const fresh = document.getElementById("fresh");
  const every = Number(figures.dataset.every) * 1000;
  let etag = figures.dataset.etag;
  let failures = 0;

  function say(text, stale) {
    fresh.textContent = text;
    fresh.classList.toggle("stale", Boolean(stale));
  }

  function swap(html) {
    const open = new Set([...figures.querySelectorAll("details[open]")].map((item) => item.dataset.key));
    figures.innerHTML = html;
    for (const item of figures.querySelectorAll("details")) item.open = open.has(item.dataset.key);
  }

  async function refresh() {
    if (document.hidden || figures.contains(document.activeElement)) return next(every);
    try {
      const answer = await fetch(figures.dataset.from, { headers: { "If-None-Match": etag }, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect") return say("Signed out. Reload the page to sign in.", true);
      if (answer.status !== 200 && answer.status !== 304) throw new Error(answer.status);
      if (answer.status === 200) {
        etag = answer.headers.get("ETag");
        swap(await answer.text());
      }
      failures = 0;
      say("Updated " + new Date().toLocaleTimeString());
      next(every);
    } catch (error) {
      failures += 1;
      say("No answer; trying again. These figures are old.", true);
      next(Math.min(every * 2 ** failures, 120000));
    }
  }

  function next(milliseconds) {
    setTimeout(refresh, milliseconds);
  }

  say("Updated " + new Date().toLocaleTimeString());
  next(every);
})();
