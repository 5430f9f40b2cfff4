// Keeps the page as the server would make it now: it is fetched anew when the
// server says that something changed, after whatever a person did, and when they
// go elsewhere. Nothing else changes what is shown.
import { morph } from "./morph.js";

const base = document.documentElement.dataset.base;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const page = (sessionStorage.page ??= crypto.randomUUID()); // of which the server keeps where the tour is
const settlers = [];
let done = 0; // counts what people did, so that nothing older is shown after it
let wanted = null; // the page is to be fetched; coming is whether somebody just got here
let running = null;

// onSettled has f called with each page that is shown, the first one too.
export function onSettled(f) {
  settlers.push(f);
  f();
}

// say tells who does not see the page; what went wrong is seen, too.
export function say(text, seen = false) {
  const aloud = document.getElementById("aloud");
  aloud.textContent = aloud.textContent === text ? text + "\u00a0" : text; // the same again is news
  aloud.classList.toggle("seen", seen);
}

// refresh shows what the server has now.
export function refresh(coming = false) {
  if (coming) done++;
  wanted = { coming: coming || Boolean(wanted?.coming) };
  running ??= fetchWanted();
  return running;
}

async function fetchWanted() {
  while (wanted) {
    const { coming } = wanted;
    const before = done;
    wanted = null;
    const address = new URL(location.href);
    address.hash = "";
    address.searchParams.set("zone", zone);
    address.searchParams.set("page", page);
    address.searchParams.set("seen", document.getElementById("two").checkVisibility() ? "2" : "1");
    if (!coming) address.searchParams.set("live", "1");
    const text = await fetch(address).then((answer) => (answer.ok ? answer.text() : null), () => null);
    reachable(text !== null);
    if (text !== null && before === done) show(new DOMParser().parseFromString(text, "text/html"));
  }
  running = null;
}

function show(fresh) {
  const logs = new Map([...document.querySelectorAll("[data-log]")].map((log) => [log.id, follows(log)]));
  const focused = document.activeElement;
  const around = [];
  for (let e = focused; e; e = e.parentElement) if (e.id) around.push(e.id);
  document.title = fresh.title;
  morph(document.getElementById("page"), fresh.getElementById("page"));
  for (const log of document.querySelectorAll("[data-log]")) {
    const from = logs.get(log.id) ?? "new";
    if (from) follow(log, from);
  }
  settlers.forEach((f) => f());
  if (!focused?.isConnected && document.activeElement === document.body) {
    const left = around.map((id) => document.getElementById(id)).find((e) => e?.hasAttribute("tabindex"));
    left?.focus({ preventScroll: true });
  }
}

// newest shows what came last: the end of a log, or the head of a message taller than that.
const shown = new WeakMap(); // by log: the message that came last, and where that led
function newest(log) {
  const last = log.lastElementChild;
  log.scrollTop = log.scrollHeight;
  const hidden = last ? log.getBoundingClientRect().top - last.getBoundingClientRect().top : 0;
  if (last?.matches(".message") && hidden > 0) log.scrollTop -= hidden;
  shown.set(log, { id: last?.id, height: last?.offsetHeight, top: log.scrollTop });
}

// follows is where a person stands who wants to see what comes; "" where they read.
function follows(log) {
  if (log.scrollHeight - log.scrollTop - log.clientHeight < 40) return "end";
  return shown.get(log)?.top === log.scrollTop ? "head" : "";
}

function follow(log, from) {
  const { id, height } = shown.get(log) ?? {};
  const last = log.lastElementChild;
  if (from === "new" || id !== last?.id || height !== last?.offsetHeight) newest(log);
  else if (from === "end") log.scrollTop = log.scrollHeight;
}

// post does something, after all that was done before, and shows what came of it.
let queue = Promise.resolve();
export function post(path, fields, element) {
  element?.setAttribute("aria-busy", "true");
  queue = queue.then(() => send(path, fields)).then(() => element?.removeAttribute("aria-busy"));
  return queue.then(() => refresh());
}

async function send(path, fields) {
  done++;
  try {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { "X-Page": "1" } });
    if (!answer.ok) say(await answer.text(), true);
    reachable(true);
  } catch {
    reachable(false);
  }
  done++;
}

function reachable(yes) {
  document.getElementById("gone").hidden = yes;
}

// go leads to another place without loading the page.
function go(event) {
  const link = event.target.closest("a[data-go]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const column = link.closest(".column").id;
  history.pushState(null, "", link.href);
  const next = refresh(true);
  if (event.detail === 0) next.then(() => document.querySelector(`#${column} textarea, #${column} .home`)?.focus());
}

// A form that posts is sent without leaving the page.
function submitted(event) {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const sent = post(form.action, new FormData(form, event.submitter), event.submitter);
  form.dispatchEvent(new CustomEvent("sent", { bubbles: true, detail: sent }));
}

// listen is told of changes, while somebody looks.
let stream;
function listen() {
  stream?.close();
  stream = undefined;
  if (document.hidden) return;
  stream = new EventSource(base + "/events");
  stream.onopen = () => refresh();
  stream.onmessage = () => refresh();
  stream.onerror = (event) => {
    reachable(false);
    if (event.target.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
}

document.addEventListener("click", go);
document.addEventListener("submit", submitted);
document.addEventListener("visibilitychange", listen);
addEventListener("popstate", () => refresh(true));
for (const log of document.querySelectorAll("[data-log]")) newest(log);
listen();
