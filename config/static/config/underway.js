// A page of work that is not finished shows what becomes of it: it is asked for anew until nothing on it is underway,
// and what changed is put in its place. Nothing moves under somebody who types or has chosen rows.
"use strict";
(() => {
  const underway = "[data-underway]";
  const soonest = 1000;
  const latest = 10000;
  const longestWait = 60000;
  const patience = 15 * 60000; // without any news
  const mostFailures = 8;
  const content = document.getElementById("content");
  if (!content || !content.querySelector(underway)) return;

  const line = document.createElement("p");
  line.className = "kit-underway";
  line.setAttribute("role", "status");
  content.before(line);

  let etag = "";
  let failures = 0;
  let pause = soonest;
  let newsAt = Date.now();
  let isOver = false;
  let timer = 0;

  function say(text) {
    if (line.textContent !== text) line.textContent = text;
  }

  function next(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
  }

  function isInUse() {
    const field = content.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    return field || content.querySelector("details.move[open], tr.selected") !== null;
  }

  async function look() {
    if (document.hidden || isOver) return;
    if (isInUse()) return next(soonest);
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(location.href, { headers, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 404) return say("It is gone, or you are signed out. Reload the page to see which.");
      if (answer.status !== 200 && answer.status !== 304) throw new Error(answer.status);
      failures = 0;
      if (answer.status === 200) take(await answer.text(), answer.headers.get("ETag"));
      else pause = Math.min(pause * 1.5, latest);
      goOn();
    } catch {
      failures += 1;
      if (failures >= mostFailures) return say("The service does not answer. Reload the page to try again.");
      say("No answer; trying again.");
      next(Math.min(soonest * 2 ** failures, longestWait));
    }
  }

  function take(html, tag) {
    if (isInUse()) return; // since we asked
    const fresh = new DOMParser().parseFromString(html, "text/html");
    document.title = fresh.title;
    become(content, fresh.getElementById("content"));
    if (tag !== etag) {
      newsAt = Date.now();
      pause = soonest;
    }
    etag = tag || "";
  }

  function goOn() {
    isOver = !content.querySelector(underway);
    if (isOver) return say("It is finished.");
    if (Date.now() - newsAt > patience) return say("Nothing happened for 15 minutes. Reload the page to look again.");
    say("Not finished yet. This page shows by itself what becomes of it.");
    next(pause);
  }

  // Puts only what differs in place of what was: what is open stays open, the focus and the selection stay.
  function become(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    const isAlike = old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && old.id === fresh.id;
    if (!isAlike || old.nodeName === "INPUT") return old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) return void (old.nodeValue = fresh.nodeValue);
    for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
      if (name === "open" || name === "hidden") continue; // which scripts and readers set
      if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
      else old.removeAttribute(name);
    }
    const [had, has] = [[...old.childNodes], [...fresh.childNodes]];
    has.forEach((node, index) => (index < had.length ? become(had[index], node) : old.append(node)));
    for (const node of had.slice(has.length)) node.remove();
  }

  // A tab nobody sees does not ask; one that is looked at again asks at once, and has patience anew.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden || isOver) return;
    newsAt = Date.now();
    failures = 0;
    pause = soonest;
    look();
  });

  goOn();
})();
