// A garnish: pages work without it. It fetches the page again when Sentinel says that something has changed, and puts the new
// content in place of the old without taking away what somebody types, what has the focus, or what is open.
"use strict";

(() => {
  const EVERY = 60_000; // a page is never older than this, in milliseconds
  const SOON = 400; // changes that come together are fetched once
  const PATIENCE = 10_000; // for one fetch
  const DOUBT = 3_000; // silence that still may be a new beginning, such as of the stream; and the patience of asking after it
  const SILENT = 40_000; // the stream has something to say every 15 seconds

  const said = document.getElementById("said");
  const live = document.getElementById("live");
  let timer = 0;
  let fetching = false;
  let again = false;
  let loaded = Date.now();
  let heard = loaded; // when Sentinel answered last
  let doubting = 0;
  let lost = ""; // the picture of the page before, while nobody answers

  const main = () => document.getElementById("main");
  const busy = () => {
    const at = document.activeElement;
    const types = at && at.closest && at.closest("main form") && at.matches("input, textarea, select");
    const filled = [...document.querySelectorAll("main form[method=post] :is(input:not([type=hidden], [type=checkbox]), textarea)")];
    return Boolean(types) || filled.some((field) => field.value !== field.defaultValue);
  };

  const key = (node) => {
    if (node.nodeType !== 1) return "";
    return node.id || node.dataset.keep || node.getAttribute("aria-labelledby") || node.getAttribute("href") || "";
  };

  // Turns one element into another with as few changes as it takes: what stays the same keeps its state.
  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || key(old) !== key(fresh)) {
      old.replaceWith(document.importNode(fresh, true));
      return;
    }
    if (old.nodeType !== 1) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    const kept = old.nodeName === "DETAILS" && old.open ? "open" : "";
    for (const { name } of [...old.attributes]) if (name !== kept && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const olds = [...old.childNodes];
    const freshes = [...fresh.childNodes];
    const keyed = new Map(olds.filter(key).map((node) => [key(node), node]));
    freshes.forEach((node, index) => {
      const known = key(node) ? keyed.get(key(node)) : undefined;
      const here = old.childNodes[index];
      if (known && known !== here && known.parentNode === old) old.insertBefore(known, here || null);
      const place = old.childNodes[index];
      if (place) morph(place, node);
      else old.append(document.importNode(node, true));
    });
    while (old.childNodes.length > freshes.length) old.lastChild.remove();
  };

  const swap = (id, fresh) => {
    const old = document.getElementById(id);
    const found = fresh.getElementById(id);
    if (old && found) morph(old, found);
  };

  const open = (title) => Number(/^\((\d+)\)/.exec(title)?.[1] ?? 0);
  const tell = (before) => {
    const now = open(document.title);
    if (!said || now === open(before)) return;
    said.textContent = now ? `${now} open incident${now > 1 ? "s" : ""} now` : "No incident is open any more";
  };

  const take = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (!fresh.getElementById("main") || busy()) return;
    const before = document.title;
    fresh.querySelectorAll("main > .notice[role=status]").forEach((node) => node.remove());
    swap("main", fresh);
    swap("badge", fresh);
    swap("mark", fresh);
    document.title = fresh.title;
    const other = fresh.querySelector("link[rel=icon]").getAttribute("href");
    if (icon().getAttribute("href") !== other) icon().setAttribute("href", other);
    loaded = Date.now();
    tell(before);
  };

  const written = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const icon = () => document.querySelector("link[rel=icon]");

  // Nobody answers: nothing on the page may look as if somebody watched.
  const alarm = () => {
    const banner = document.getElementById("lost");
    if (lost || !banner) return;
    lost = icon().getAttribute("href");
    banner.querySelector("[data-since]").textContent = written(heard);
    banner.querySelector("[data-as-of]").textContent = written(loaded);
    banner.hidden = false;
    document.documentElement.classList.add("unheard");
    document.title = `(?) ${document.title}`;
    icon().setAttribute("href", banner.dataset.icon);
  };

  const hear = () => {
    heard = Date.now();
    clearTimeout(doubting);
    doubting = 0;
    if (!lost) return;
    document.getElementById("lost").hidden = true;
    document.documentElement.classList.remove("unheard");
    document.title = document.title.replace("(?) ", "");
    icon().setAttribute("href", lost);
    lost = "";
    soon();
  };

  const doubt = () => {
    if (!doubting) doubting = setTimeout(ask, DOUBT);
  };

  // A proxy that answers in place of Sentinel is no answer of Sentinel.
  const speaks = (answer) => answer.status !== 502 && answer.status !== 504;

  const ask = async () => {
    doubting = 0;
    try {
      const answer = await fetch(location.pathname + location.search, {
        headers: { accept: "text/html" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(DOUBT),
      });
      if (speaks(answer)) return void hear();
    } catch {
      // nobody answers
    }
    alarm();
    doubt();
  };

  const refresh = async () => {
    timer = 0;
    if (document.hidden || busy()) return void (again = true);
    if (fetching) return void (again = true);
    fetching = true;
    again = false;
    try {
      const answer = await fetch(location.pathname + location.search, {
        headers: { accept: "text/html" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (speaks(answer)) hear();
      else doubt();
      if (answer.redirected) return void location.reload();
      if (answer.ok) take(await answer.text());
    } catch {
      again = true;
      doubt();
    } finally {
      fetching = false;
    }
  };

  const soon = () => {
    if (!timer) timer = setTimeout(refresh, SOON);
  };

  const shown = (on) => {
    if (!live) return;
    live.classList.toggle("on", on);
    live.textContent = on ? "This page follows what happens." : "No connection to Sentinel; trying again.";
  };

  const listen = () => {
    const stream = new EventSource("/events");
    stream.addEventListener("beat", hear);
    stream.addEventListener("changed", (event) => {
      hear();
      shown(true);
      if (event.data !== main().dataset.version) soon();
    });
    stream.addEventListener("open", () => {
      hear();
      shown(true);
    });
    stream.addEventListener("error", () => {
      shown(false);
      doubt();
      // Refused, such as by too many listeners, is final for a browser: ask again later.
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, EVERY);
    });
  };

  // A page that answers a form has no address of its own, and who has not signed in hears nothing: those stay as they are.
  if ("still" in main().dataset) {
    if (live) live.textContent = "This page stays as it is.";
    return;
  }

  const url = new URL(location.href);
  if (url.searchParams.has("done")) {
    url.searchParams.delete("done");
    history.replaceState(null, "", url);
  }
  document.querySelectorAll("form.filter select").forEach((field) => field.addEventListener("change", () => field.form.requestSubmit()));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (again || Date.now() - loaded > EVERY)) soon();
  });
  document.addEventListener("focusout", () => {
    if (again) soon();
  });
  document.addEventListener("click", (event) => {
    const act = event.target.closest?.(".act > summary")?.parentNode;
    if (act) requestAnimationFrame(() => act.open && act.querySelector("input:not([type=hidden]), textarea, select")?.focus());
  });
  // Counts down from when the page came: clocks of devices go wrong.
  const begun = new WeakMap();
  setInterval(() => {
    for (const node of document.querySelectorAll("[data-left]")) {
      const { left } = node.dataset;
      if (begun.get(node)?.left !== left) begun.set(node, { left, at: Date.now() });
      const rest = Math.max(0, Math.round(left - (Date.now() - begun.get(node).at) / 1000));
      if (rest < 3_600) node.textContent = `${rest < 60 ? "" : `${Math.floor(rest / 60)} min `}${rest % 60} s`;
    }
  }, 1_000);
  setInterval(() => {
    if (again || Date.now() - loaded > EVERY) soon();
    if (Date.now() - heard > SILENT) doubt();
  }, EVERY / 6);
  listen();
})();
