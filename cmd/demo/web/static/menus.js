// Menus that the app fills while somebody types: it is asked for what fits, and
// what it offers is shown below the field.
import { choose } from "./acts.js";
import { closeList, isOpen, key, mark, openList } from "./listbox.js";
import { say } from "./page.js";

const isMenu = (e) => e instanceof HTMLElement && e.matches("[data-do=suggest]");
const listOf = (field) => document.getElementById(field.getAttribute("aria-controls"));
let latest = 0;

async function ask(field, typed) {
  const mine = ++latest;
  const list = listOf(field);
  openList(field, list);
  const column = field.closest(".column");
  const body = new URLSearchParams({
    on: field.closest("[data-ref]").dataset.ref, block: field.dataset.block, action: field.dataset.action, typed, id: list.id,
  });
  try {
    const answer = await fetch(column.dataset.act + "suggest", { method: "POST", body, headers: { "X-Page": "1" } });
    const offered = await answer.text();
    if (mine !== latest || !isOpen(field)) return;
    if (answer.ok) list.innerHTML = offered;
    else list.replaceChildren(Object.assign(document.createElement("li"), { className: "bk-group", textContent: offered.trim() }));
  } catch {
    list.replaceChildren();
  }
  mark(field, list, list.querySelector("[role=option]"));
  say(`${list.querySelectorAll("[role=option]").length} results`);
}

function pick(field, option) {
  const list = listOf(field);
  latest++;
  // What it holds is the server's from now on.
  field.value = field.defaultValue = field.closest("[data-many]") ? "" : option.firstChild.textContent;
  closeList(field, list);
  choose(field, option.dataset.value);
}

document.addEventListener("focusin", ({ target }) => {
  if (isMenu(target)) target.select();
});
document.addEventListener("click", ({ target }) => {
  if (isMenu(target) && !isOpen(target)) ask(target, "");
});
document.addEventListener("input", ({ target }) => {
  if (isMenu(target)) ask(target, target.value);
});
document.addEventListener("focusout", ({ target }) => {
  if (!isMenu(target)) return;
  latest++;
  closeList(target, listOf(target));
  target.value = target.defaultValue; // what is not chosen is not there
});
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!isMenu(field) || event.isComposing) return;
  if (isOpen(field)) key(event, field, listOf(field), (option) => pick(field, option));
  else if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    ask(field, "");
  }
});
// A press on an option keeps the focus in the field, which would close the list.
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".bk-ahead [role=option]");
  if (!option) return;
  event.preventDefault();
  pick(option.closest(".bk-ahead").querySelector("[data-do=suggest]"), option);
});
