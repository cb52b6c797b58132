// What every page has: buttons that copy, and times in the reader's zone that stay true while the page is open.
"use strict";
(() => {
  const digits = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const zone = new Intl.DateTimeFormat("en", { ...digits, hourCycle: "h23", timeZoneName: "short" });
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const farthest = 30 * 86400;

  // As config/pages/kit/marks.py says it, which wrote the first text.
  function relative(time) {
    const seconds = (Date.now() - time) / 1000;
    const distance = Math.abs(seconds);
    if (distance >= farthest) return time.toISOString().slice(0, 10);
    if (distance < 1) return "now";
    const nearly = seconds > 0 ? distance : distance + Math.min(30, distance / 60);
    const [unit, length] = units.find((item) => nearly >= item[1]);
    if (seconds > 0) return `${Math.floor(distance / length)} ${unit} ago`;
    return `in ${Math.max(1, Math.floor(distance / length + 0.5))} ${unit}`;
  }

  // 2026-05-04 12:00:00 GMT+2, as the page says it in UTC.
  function exactly(time) {
    const part = Object.fromEntries(zone.formatToParts(time).map((item) => [item.type, item.value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
  }

  function tell() {
    for (const place of document.querySelectorAll("time.kit-relative, time.kit-exact")) {
      const time = new Date(place.dateTime);
      const exact = exactly(time);
      const spoken = relative(time);
      const [text, title] = place.classList.contains("kit-exact") ? [exact, spoken] : [spoken, exact];
      if (place.textContent !== text) place.textContent = text;
      if (place.title !== title) place.title = title;
    }
  }

  // A copy has what a relative time stands for.
  document.addEventListener("copy", (event) => {
    const selected = getSelection();
    if (selected.isCollapsed) return;
    const part = selected.getRangeAt(0).cloneContents();
    const times = part.querySelectorAll("time.kit-relative");
    if (!times.length) return;
    for (const place of times) place.textContent = place.dateTime;
    const shown = document.createElement("div");
    shown.className = "kit-copied";
    shown.append(part);
    document.body.append(shown); // innerText asks the layout for its lines
    event.clipboardData.setData("text/plain", shown.innerText);
    shown.remove();
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.kit-copy");
    if (!button) return;
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code")); // plain http: no clipboard
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });

  // What opened over the page closes as such things do: by Escape, and by a click elsewhere.
  const overlays = "details.filter[open], details.move[open]";

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll(overlays)) {
      const within = open.contains(document.activeElement);
      open.open = false;
      if (within) open.querySelector("summary").focus();
    }
  });

  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll(overlays)) if (!open.contains(event.target)) open.open = false;
  });

  // The list of tools scrolls by itself: where one is, is in sight.
  function showWhere() {
    const [list, here] = [document.querySelector("nav.tools"), document.querySelector("nav.tools [aria-current]")];
    if (here && here.offsetTop + here.offsetHeight > list.clientHeight - 40) list.scrollTop = here.offsetTop - list.clientHeight / 2;
  }

  function offerCopies() {
    for (const button of document.querySelectorAll("button.kit-copy[hidden]")) button.hidden = false;
  }

  // Django's choice of several from two lists names its icon, and gives it no role that could have a name.
  function nameIcons() {
    for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) icon.setAttribute("role", "img");
  }

  function refresh() {
    tell();
    offerCopies();
    nameIcons();
  }

  refresh();
  showWhere();
  setInterval(tell, 15000);
  const content = document.getElementById("content");
  if (content) new MutationObserver(refresh).observe(content, { childList: true, subtree: true });

  addEventListener("storage", (event) => {
    if (event.key === "theme") document.documentElement.dataset.theme = event.newValue || "auto"; // in another tab
  });
})();
