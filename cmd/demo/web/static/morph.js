// Turns what the page shows into what the server has made anew, and leaves alone
// what a person has under their hands: focus, scroll, half-typed text, and what
// is open. An element is the same by its id. Two attributes are for scripts:
//   data-own   the children are a script's; attributes alone follow the server
//   data-busy  somebody is at it: nothing changes until that is gone

export function morph(old, fresh) {
  if (old.hasAttribute("data-busy") || (old.localName === "dialog" && old.open)) return;
  const typed = typing(old);
  attributes(old, fresh);
  if (!old.hasAttribute("data-own")) children(old, fresh);
  if (typed) typed(fresh);
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.localName === "details")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

// typing remembers what a field holds, and returns what settles it afterwards:
// what somebody has typed and not sent stays, all else is the server's.
function typing(old) {
  switch (old.localName) {
    case "input":
    case "textarea": {
      const { value, checked, defaultValue, defaultChecked } = old;
      return (fresh) => {
        const held = value === defaultValue ? fresh.defaultValue : value;
        if (old.value !== held) old.value = held;
        if (old.localName === "input") old.checked = checked === defaultChecked ? fresh.defaultChecked : checked;
      };
    }
    case "select":
      return (fresh) => {
        if (old !== document.activeElement) old.selectedIndex = fresh.selectedIndex;
      };
  }
  return null;
}

function children(old, fresh) {
  const wanted = new Set([...fresh.children].map((e) => e.id));
  const known = new Map();
  for (const e of [...old.children]) {
    if (!e.id) continue;
    if (wanted.has(e.id)) known.set(e.id, e);
    else e.remove();
  }
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const match = next.id ? known.get(next.id) : alike(at, next) ? at : null;
    if (!match || match.localName !== next.localName) {
      old.insertBefore(next, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    if (match.nodeType === Node.ELEMENT_NODE) morph(match, next);
    else if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
  }
  while (at) {
    const rest = at.nextSibling;
    at.remove();
    at = rest;
  }
}

function alike(at, next) {
  return at && !at.id && at.nodeType === next.nodeType && at.localName === next.localName;
}
