// What people do with what the app has drawn: cmd/demo/blockhtml says by data-do
// what an element does, and what encloses it says by data-ref on which message or
// window.
import { post, say } from "./page.js";

const column = (e) => e.closest(".column");
const on = (e) => e.closest("[data-ref]")?.dataset.ref ?? "";
const which = (e) => ({ on: on(e), block: e.dataset.block ?? "", action: e.dataset.action ?? "" });

// act does one thing as the person whose column e is in.
export const act = (e, name, fields) => post(column(e).dataset.act + name, fields, e);

// choose picks value from the menu that e belongs to; of a menu that takes several,
// beside what is checked there.
export function choose(e, value) {
  const many = e.closest("[data-many]");
  const checked = [...(many?.querySelectorAll("input:checked") ?? [])].map((box) => box.value);
  const values = many ? [...checked, ...(e.matches("input[type=checkbox]") ? [] : [value])] : [value];
  return act(e, "choose", { ...which(e), value: values.join("\n") });
}

// asked does something once the dialog that e has was answered with yes.
let question;
function asked(e, yes, no = () => {}) {
  const dialog = e.dataset.confirm && document.getElementById(e.dataset.confirm);
  if (!dialog) return yes();
  question = { yes, no };
  dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? question.yes() : question.no()), { once: true });
  dialog.returnValue = "no";
  dialog.showModal();
}

const clicks = {
  press(e, event) {
    const done = () => {
      if (e.href && e.dataset.confirm) open(e.href, "_blank", "noopener,noreferrer");
      act(e, "press", which(e));
    };
    if (e.dataset.confirm) event.preventDefault();
    asked(e, done);
  },
  choose(e) {
    if (!e.matches("button")) return;
    e.closest("details")?.removeAttribute("open");
    asked(e, () => choose(e, e.value));
  },
  answer: (e) => e.closest("dialog").close(e.value),
  close: (e) => act(e, "close", { on: on(e) }),
  dismiss: (e) => act(e, "dismiss", { what: e.value }),
  shortcut: (e) => act(e, "shortcut", {}),
  copy,
};

async function copy(e) {
  const pre = e.parentElement.querySelector("pre");
  try {
    await navigator.clipboard.writeText(pre.textContent);
    say("Copied");
    const before = e.textContent;
    e.textContent = "Copied";
    setTimeout(() => (e.textContent = before), 2000);
  } catch {
    getSelection().selectAllChildren(pre);
    say("The browser does not let the page copy: the text is selected, so copy it yourself.");
  }
}

document.addEventListener("click", (event) => {
  const e = event.target.closest("[data-do]");
  if (e && e.getAttribute("aria-busy") !== "true") clicks[e.dataset.do]?.(e, event);
});

// The arrows change a menu that is not open. On a message that would do something at
// each step, so Enter has to say so; what was not said is not there.
let lastKey = "";
const steps = (e) => e.matches(".message select, .home select") && lastKey !== " " && lastKey !== "Enter" && lastKey !== "";
document.addEventListener("keydown", (event) => {
  lastKey = event.key;
  if (event.key !== "Enter" || !event.target.matches("select[data-waits]")) return;
  event.preventDefault();
  delete event.target.dataset.waits;
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
}, true);
document.addEventListener("pointerdown", () => (lastKey = ""), true);
document.addEventListener("focusout", ({ target }) => {
  if (!target.matches("select[data-waits]")) return;
  delete target.dataset.waits;
  reset(target);
});

function reset(e) {
  for (const o of e.options ?? []) o.selected = o.defaultSelected;
  e.checked = e.defaultChecked;
}

document.addEventListener("change", (event) => {
  const e = event.target;
  if (steps(e)) {
    e.dataset.waits = "";
    say("Enter chooses it");
    return;
  }
  if (e.dataset.do === "fill") post(column(e).dataset.act + "fill", { ...which(e), value: e.value });
  if (e.dataset.do !== "choose") return;
  asked(e, () => choose(e, e.value), () => reset(e));
});

// A window is sent with what its fields hold; menus have told the server already.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.do !== "submit") return;
  event.preventDefault();
  const fields = [["on", on(form)]];
  for (const e of form.querySelectorAll("[data-do=fill]")) fields.push(["field", e.dataset.block], ["value", e.value]);
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  const mine = column(form); // the form itself may be another by then
  post(mine.dataset.act + "submit", fields, button).then(() => mine.querySelector(".window.top [aria-invalid=true]")?.focus());
});

// Enter in a field sends its window, whatever buttons stand before that one.
document.addEventListener("keydown", (event) => {
  const e = event.target;
  if (event.key !== "Enter" || event.defaultPrevented || event.isComposing || !e.matches(".window input:not([data-do=suggest])")) return;
  event.preventDefault();
  e.form?.requestSubmit();
});
