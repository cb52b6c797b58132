// The manual: a button beside each command that copies it, and chapters that fold on a phone.
"use strict";
(() => {
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

  document.querySelectorAll("main pre").forEach(offerCopy);
  if (matchMedia("(max-width: 900px)").matches) document.querySelector(".chapters").open = false;
})();
