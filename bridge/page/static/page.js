// Keeps the parts of the page that are marked data-live up to date while somebody can see it. Nothing of the page needs this.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const hold = document.getElementById("hold");
  const every = Number(live.dataset.every) * 1000;
  const here = new URL(location.href);
  here.username = here.password = here.hash = ""; // fetch takes no address with a password
  let held = false;
  let busy = false;

  // A part in which somebody is typing, about to press a button, or has marked text, stays as it is.
  const inUse = (part) => {
    if (part.contains(document.activeElement)) return true;
    const marked = document.getSelection();
    return marked !== null && !marked.isCollapsed && part.contains(marked.anchorNode);
  };

  const replace = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML || inUse(part)) return;
    const open = new Set([...part.querySelectorAll("details[open]")].map((d) => d.id));
    part.replaceChildren(...fresh.childNodes);
    for (const d of part.querySelectorAll("details")) d.open = open.has(d.id);
  };

  const update = async () => {
    if (held || busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(here, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const other = fresh.getElementById(part.id);
        if (other) replace(part, other);
      }
      const said = fresh.getElementById("live");
      if (said && !held) live.replaceChildren(...said.childNodes);
      document.body.classList.remove("lost");
    } catch {
      if (!document.body.classList.contains("lost")) live.append(" The bridge does not answer.");
      document.body.classList.add("lost");
    } finally {
      busy = false;
    }
  };

  hold.hidden = false;
  hold.addEventListener("click", () => {
    held = !held;
    hold.textContent = held ? "Go on updating" : "Stop updating";
    update();
  });
  document.addEventListener("visibilitychange", update);
  setInterval(update, every);
  document.documentElement.dataset.script = "on";
})();
