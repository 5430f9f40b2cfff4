// The message box: commands are completed, Enter sends, a draft stays in its place.
import { closeList, current, isOpen, key, mark, openList } from "./listbox.js";
import { onSettled, say } from "./page.js";

const drafts = new Map();
const isBox = (e) => e instanceof HTMLElement && e.matches("[data-composer] textarea");
const listOf = (box) => document.getElementById(box.getAttribute("aria-controls"));

// typed offers the commands that begin so; behind a command its usage stays.
function typed(box) {
  drafts.set(box.id, box.value);
  box.rows = Math.min(8, box.value.split("\n").length);
  const list = listOf(box);
  const [, word, space] = /^(\/\S*)(\s?)/.exec(box.value) ?? [];
  let shown = 0;
  for (const option of list.children) {
    const name = option.dataset.value;
    option.hidden = !word || (space ? name !== word : !name.startsWith(word));
    shown += option.hidden ? 0 : 1;
  }
  if (!shown) return closeList(box, list);
  if (space) {
    closeList(box, list);
    list.hidden = false; // to read, not to choose from
    box.form.setAttribute("data-busy", "");
    return;
  }
  openList(box, list);
  mark(box, list, list.querySelector("[role=option]:not([hidden])"));
  say(`${shown} commands`);
}

function put(box, text) {
  box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  box.focus();
  typed(box);
}

function pick(box, option) {
  box.value = option.dataset.value + " ";
  box.setSelectionRange(box.value.length, box.value.length);
  typed(box);
}

function pressed(event) {
  const box = event.target;
  if (!isBox(box) || event.isComposing) return;
  const whole = current(listOf(box))?.dataset.value === box.value;
  if (isOpen(box) && !(event.key === "Enter" && whole) && key(event, box, listOf(box), (option) => pick(box, option))) return;
  if (event.key === "Escape" && !listOf(box).hidden) {
    closeList(box, listOf(box));
    event.preventDefault();
  }
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    box.form.requestSubmit();
  }
}

document.addEventListener("input", ({ target }) => isBox(target) && typed(target));
document.addEventListener("keydown", pressed);
document.addEventListener("focusout", ({ target }) => {
  if (isBox(target)) closeList(target, listOf(target));
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".commands [role=option]");
  if (!option) return;
  event.preventDefault();
  pick(option.closest("form").querySelector("textarea"), option);
});
document.addEventListener("sent", ({ target }) => {
  const box = target.querySelector("textarea");
  if (!isBox(box)) return;
  box.value = "";
  typed(box);
  const log = box.closest(".place").querySelector("[data-log]");
  log.scrollTop = log.scrollHeight;
});
// Others put text into what somebody has before them, a window or the message box:
// detail is {person, text}.
document.addEventListener("insert", ({ detail }) => {
  const column = document.querySelector(`.column[data-person="${CSS.escape(detail.person)}"]`);
  const top = column?.querySelector(".window.top");
  const field = top?.querySelector("[data-do=fill][data-action=code]") ?? top?.querySelector("[data-do=fill]");
  if (field && !detail.text.startsWith("/")) {
    field.value = detail.text;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  const box = column?.querySelector("[data-composer] textarea");
  if (!box) return;
  const before = box.value.slice(0, box.selectionStart);
  put(box, (before && !/\s$/.test(before) ? " " : "") + detail.text);
  top?.querySelector(".cross").focus(); // it covers the message box
});

const settled = new WeakSet();
onSettled(() => {
  for (const box of document.querySelectorAll("[data-composer] textarea")) {
    if (settled.has(box)) continue;
    settled.add(box);
    box.value = drafts.get(box.id) ?? box.value;
    box.rows = Math.min(8, box.value.split("\n").length);
  }
});
