// The keys of a list of options below a field, for menus and for commands: the
// arrows move, Enter and Tab pick, Escape closes.

const options = (list) => [...list.querySelectorAll("[role=option]:not([hidden])")];

export const current = (list) => list.querySelector("[role=option][aria-selected=true]:not([hidden])");

export function mark(field, list, option) {
  for (const o of list.querySelectorAll("[role=option]")) o.setAttribute("aria-selected", String(o === option));
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

export function openList(field, list) {
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  field.parentElement.setAttribute("data-busy", "");
}

export function closeList(field, list) {
  list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.parentElement.removeAttribute("data-busy");
  mark(field, list, null);
}

export const isOpen = (field) => field.getAttribute("aria-expanded") === "true";

// key does what a key does while the list is open, and reports whether it did.
export function key(event, field, list, pick) {
  const all = options(list);
  const here = all.indexOf(current(list));
  switch (event.key) {
    case "ArrowDown":
      mark(field, list, all[(here + 1) % all.length]);
      break;
    case "ArrowUp":
      mark(field, list, all[(here + all.length - 1 + (here < 0 ? 1 : 0)) % all.length]);
      break;
    case "Enter":
    case "Tab":
      if (here < 0 || event.shiftKey) return false;
      pick(all[here]);
      break;
    case "Escape":
      closeList(field, list);
      break;
    default:
      return false;
  }
  event.preventDefault();
  return true;
}
