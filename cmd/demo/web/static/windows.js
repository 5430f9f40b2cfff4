// The focus, for who has no mouse: it goes into a window that opens, stays in it,
// and goes back where it was; Escape closes; F6 leads from one Slack to the next.
import { act } from "./acts.js";
import { onSettled } from "./page.js";

const before = new Map(); // by column: what had the focus, and which window is on top
const fields = "input:not([type=hidden]), textarea, select, button, a[href], summary, [tabindex='0']";
const within = (e) => [...e.querySelectorAll(fields)].filter((f) => !f.disabled && f.checkVisibility());

let last; // what had the focus last, by id; a window makes all behind it inert
document.addEventListener("focusin", ({ target }) => {
  if (!target.closest(".window") && target.id) last = target.id;
});

onSettled(() => {
  for (const column of document.querySelectorAll(".column")) {
    const top = column.querySelector(".window.top");
    const was = before.get(column.id);
    if (top && top.id !== was?.top) {
      before.set(column.id, { top: top.id, focus: was?.focus ?? last });
      const mine = !document.activeElement || document.activeElement === document.body || column.contains(document.activeElement);
      if (mine) (top.querySelector("[data-focus]") ?? top.querySelector(".bk-body")?.querySelector("input, textarea, select") ?? top).focus();
    } else if (!top && was) {
      before.delete(column.id);
      const back = document.getElementById(was.focus) ?? column.querySelector("textarea");
      if (document.activeElement === document.body && column.contains(back)) back.focus({ preventScroll: true });
    }
  }
});

function wrap(event, top) {
  const all = within(top);
  const [first, end] = [all[0], all[all.length - 1]];
  const here = document.activeElement;
  if (event.shiftKey && (here === first || here === top)) end?.focus();
  else if (!event.shiftKey && here === end) first?.focus();
  else return;
  event.preventDefault();
}

function nextSlack(back) {
  const all = [...document.querySelectorAll(".column, .side")].filter((e) => e.checkVisibility());
  const here = all.findIndex((e) => e.contains(document.activeElement));
  const next = all[(here + (back ? all.length - 1 : 1)) % all.length];
  const into = next.querySelector(".window.top") ?? next.querySelector("textarea") ?? next;
  into.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "F6") {
    event.preventDefault();
    nextSlack(event.shiftKey);
  }
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const column = event.target.closest(".column") ?? document.querySelector(".column");
  const top = column.querySelector(".window.top");
  if (!top) return;
  if (event.key === "Tab") wrap(event, top);
  if (event.key === "Escape" && !event.isComposing) act(top.querySelector(".cross"), "close", { on: top.dataset.ref });
});

// A key that was used is no character, and sends no form. Browsers know that of real
// keys, and not of those that some keyboards on screens make.
let used = false;
addEventListener("keydown", (event) => (used = event.defaultPrevented));
addEventListener("keypress", (event) => used && event.preventDefault(), true);
