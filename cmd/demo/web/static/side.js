// What stands beside Slack: the codes of MFA devices, the clock, the tour and the
// shells. The server renders them; here they tick, and put text where it is wanted.
import { onSettled, refresh, say } from "./page.js";

const seconds = (ms) => Math.max(0, Math.ceil(ms / 1000));
let ends = new Map(); // when what counts down is over, by what it said when it came
let clock = null;

// A code that is over has the page look again.
function tick() {
  const now = performance.now();
  for (const e of document.querySelectorAll("[data-left]")) {
    const left = (ends.get(e) ?? 0) - now;
    e.textContent = seconds(left);
    if (left <= 0) {
      ends.set(e, now + 5000);
      refresh();
    }
  }
  for (const e of document.querySelectorAll("[data-clock]")) {
    const shown = new Date(clock + now);
    e.textContent = shown.toLocaleTimeString("en-GB");
  }
}

onSettled(() => {
  const now = performance.now();
  ends = new Map([...document.querySelectorAll("[data-left]")].map((e) => [e, now + Number(e.dataset.left)]));
  for (const e of document.querySelectorAll("[data-clock]")) clock = Number(e.dataset.clock) - now;
});
setInterval(tick, 1000);

// put puts text into what somebody has before them; what waits for their Slack to be in
// sight is kept until it is.
let waiting = null;
function put({ person, text, over }) {
  const column = document.querySelector(`.column[data-person="${CSS.escape(person)}"]`);
  if (!column?.checkVisibility()) return false;
  const code = column.querySelector("[data-device]")?.dataset.code ?? "123456";
  const box = column.querySelector("[data-composer] textarea");
  if (over && box) box.setSelectionRange(0, box.value.length);
  document.dispatchEvent(new CustomEvent("insert", { detail: { person, text: text.replaceAll("{mfa}", code) } }));
  return true;
}

document.addEventListener("click", (event) => {
  const e = event.target.closest("[data-insert]");
  if (!e) return;
  const wanted = { person: e.dataset.for, text: e.dataset.insert, over: "over" in e.dataset };
  if (put(wanted)) return;
  waiting = wanted;
  say(`Going to ${wanted.person}'s Slack`);
  history.pushState(null, "", e.dataset.href);
  refresh(true);
});

onSettled(() => {
  if (waiting && put(waiting)) waiting = null;
});

// The shell takes what is pasted whole; Enter runs it.
document.addEventListener("keydown", (event) => {
  const e = event.target;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !e.matches?.("[data-shell] textarea")) return;
  event.preventDefault();
  e.form.requestSubmit();
});
document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-shell] textarea")) target.rows = Math.min(6, target.value.split("\n").length);
});
document.addEventListener("sent", ({ target }) => {
  const box = target.matches("[data-shell]") && target.querySelector("textarea");
  if (!box) return;
  box.value = "";
  box.rows = 1;
});
