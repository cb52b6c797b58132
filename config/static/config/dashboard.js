// Keeps the figures fresh: a live stream where it works, else the sections with the ETag of what is shown.
"use strict";
(() => {
  const figures = document.getElementById("figures");
  const fresh = document.getElementById("fresh");
  const every = Number(figures.dataset.every) * 1000;
  const streamAgainAfter = 60000;
  const waiting = new Map(); // sections that changed while somebody was in them
  let etag = figures.dataset.etag;
  let failures = 0;
  let stream = null;
  let timer = 0;

  function say(text, state) {
    fresh.textContent = text;
    fresh.dataset.state = state;
  }

  function sayUpdated(state) {
    say((state === "live" ? "Live, " : "Updated ") + new Date().toLocaleTimeString([], { hourCycle: "h23" }), state);
  }

  function show(name, html) {
    const section = figures.querySelector(`[data-section="${CSS.escape(name)}"]`);
    if (!section) return;
    if (section.contains(document.activeElement)) return waiting.set(name, html);
    waiting.delete(name);
    const open = new Set([...section.querySelectorAll("details[open]")].map((item) => item.dataset.key));
    section.innerHTML = html;
    for (const item of section.querySelectorAll("details")) item.open = open.has(item.dataset.key);
    const panel = section.closest(".panel.first");
    if (panel) panel.hidden = html === "";
  }

  function showAll(sections) {
    for (const [name, html] of Object.entries(sections)) show(name, html);
  }

  figures.addEventListener("focusout", () => setTimeout(() => showAll(Object.fromEntries(waiting))));

  async function poll() {
    if (document.hidden) return;
    try {
      const answer = await fetch(figures.dataset.poll, { headers: { "If-None-Match": etag }, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect") return say("Signed out. Reload the page to sign in.", "stale");
      if (answer.status !== 200 && answer.status !== 304) throw new Error(answer.status);
      if (answer.status === 200) {
        etag = answer.headers.get("ETag");
        showAll(await answer.json());
      }
      failures = 0;
      sayUpdated("polled");
      next(every);
    } catch (error) {
      failures += 1;
      say("No answer; trying again. These figures are old.", "stale");
      next(Math.min(every * 2 ** failures, 120000));
    }
  }

  function next(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(poll, milliseconds);
  }

  function listen() {
    if (stream || document.hidden || !window.EventSource) return;
    stream = new EventSource(`${figures.dataset.live}&seen=${encodeURIComponent(etag)}`);
    stream.onopen = () => {
      clearTimeout(timer);
      sayUpdated("live");
    };
    stream.addEventListener("sections", (event) => {
      etag = event.lastEventId;
      showAll(JSON.parse(event.data));
      sayUpdated("live");
    });
    stream.addEventListener("stale", () => say("These figures are old: the service cannot read newer ones.", "stale"));
    stream.onerror = () => {
      const isOver = stream.readyState === EventSource.CLOSED; // refused, signed out, or nothing here streams
      if (isOver) hangUp();
      if (isOver) setTimeout(listen, streamAgainAfter);
      next(isOver ? 0 : every); // it connects again by itself; until then the page asks
    };
  }

  function hangUp() {
    if (stream) stream.close();
    stream = null;
  }

  // A browser opens six connections to a host, and tabs nobody sees would hold them all.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    hangUp();
    if (!document.hidden) {
      poll();
      listen();
    }
  });

  sayUpdated("polled");
  next(every);
  listen();
})();
