// The manual: dark when the admin's toggle or the system says so, and a button beside each command that copies it.
"use strict";
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");

  function dress() {
    const chosen = localStorage.getItem("theme") || "auto";
    const dark = chosen === "dark" || (chosen === "auto" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  function offerCopy(block) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.before(button);
  }

  dress();
  system.addEventListener("change", dress);
  addEventListener("storage", dress); // chosen in another tab
  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("main pre").forEach(offerCopy);
    if (matchMedia("(max-width: 900px)").matches) document.querySelector(".chapters").open = false;
  });
})();
