// What every page has: buttons that copy, and times in the reader's zone that stay true while the page is open.
"use strict";
(() => {
  const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const farthest = 30 * 86400;

  // As config/pages/kit/marks.py says it, which wrote the first text.
  function relative(time) {
    const seconds = (Date.now() - time) / 1000;
    const distance = Math.abs(seconds);
    if (distance >= farthest) return time.toISOString().slice(0, 10);
    if (distance < 1) return "now";
    const [unit, length] = units.find((item) => distance >= item[1]);
    const count = `${Math.floor(distance / length)} ${unit}`;
    return seconds > 0 ? `${count} ago` : `in ${count}`;
  }

  function tell() {
    for (const place of document.querySelectorAll("time.kit-relative, time.kit-exact")) {
      const time = new Date(place.dateTime);
      const exact = zone.format(time);
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

  function offerCopies() {
    for (const button of document.querySelectorAll("button.kit-copy[hidden]")) button.hidden = false;
  }

  function refresh() {
    tell();
    offerCopies();
  }

  refresh();
  setInterval(tell, 15000);
  new MutationObserver(refresh).observe(document.body, { childList: true, subtree: true });
})();
