// Helpers: elements from text (never from markup), formats of numbers, dialogs.

export const $ = (id) => document.getElementById(id);

/// An element with properties and children. Text becomes text nodes, so that no stored name or value is ever markup.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/// Changes a text only if it differs, so that a screen reader does not repeat it.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (number) => (number < 100_000 ? whole.format(number) : short.format(number));

export function rate(number) {
  if (number === null) return "–";
  if (number !== 0 && number < 10) return number.toFixed(1);
  return count(number);
}

export function percent(share) {
  if (share === null) return "–";
  const points = share * 100;
  return `${Number.isInteger(points) ? points : points.toFixed(1)} %`;
}

export function micros(number) {
  if (number === null) return "–";
  if (number < 1_000) return `${Math.round(number)} µs`;
  const [value, unit] = number < 1_000_000 ? [number / 1_000, "ms"] : [number / 1_000_000, "s"];
  return `${value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function bytes(number) {
  if (number === null || number === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${unit === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[unit]}`;
}

/// A duration in milliseconds, in its two largest units.
export function span(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  return parts.slice(first, first + 2).map(([number, unit]) => `${number} ${unit}`).join(" ");
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const time = (ms) => clock.format(ms);
export const moment = (ms) => date.format(ms);

/// Shows a message in the corner for five seconds.
export function toast(text, kind = "") {
  const note = h("p", { class: `toast ${kind}` }, text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 5_000);
}

/// Shows a dialog and resolves to whether it was confirmed; with `typed`, only after that text is entered.
export function confirm({ title, text, action, typed }) {
  const [dialog, input, button] = [$("dialog"), $("dialog-input"), $("dialog-confirm")];
  setText($("dialog-title"), title);
  setText($("dialog-text"), text);
  setText(button, action);
  $("dialog-typed").hidden = typed === undefined;
  setText($("dialog-label"), typed === undefined ? "" : `Type ${typed} to confirm`);
  input.value = "";
  const check = () => { button.disabled = typed !== undefined && input.value !== typed; };
  input.oninput = check;
  check();
  $("dialog-cancel").onclick = () => dialog.close("");
  dialog.returnValue = "";
  dialog.showModal();
  (typed === undefined ? $("dialog-cancel") : input).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm" && !button.disabled), { once: true });
  });
}
