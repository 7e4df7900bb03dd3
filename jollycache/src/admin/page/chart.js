// A chart over time on a canvas: lines or stacked areas, a legend, and values under the pointer or the arrow keys.

import { h, setText, time } from "./dom.js";

const LEFT = 48, RIGHT = 8, TOP = 8, BOTTOM = 20;
const SHORTEST_MS = 60_000;

/// `series`: `{ field, name, color }`, where `color` is a property of the style sheet. `stacked`, `log`, `max` (of a fixed
/// axis) and `format` are options of the drawing.
export class Chart {
  constructor(figure, { series, format, stacked = false, log = false, max = null }) {
    Object.assign(this, { figure, series, format, stacked, log, max, points: [], cursor: null });
    this.name = figure.querySelector("figcaption span").textContent;
    this.canvas = h("canvas", { tabindex: "0", role: "img" });
    this.tip = h("div", { class: "tip", role: "status", hidden: true });
    this.values = series.map(() => h("b", { class: "num" }, "–"));
    const entry = (one, at) => h("span", { class: "key", "data-color": one.color }, h("i", { "aria-hidden": "true" }), one.name, " ", this.values[at]);
    figure.querySelector(".legend").append(...series.map(entry));
    figure.append(this.canvas, this.tip);
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.canvas.addEventListener("pointerleave", () => this.show(null));
    this.canvas.addEventListener("blur", () => this.show(null));
    this.canvas.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /// Replaces the points, `{ at, sample }` in the order of time.
  set(points) {
    this.points = points;
    const last = points.at(-1)?.sample;
    this.series.forEach((one, at) => setText(this.values[at], this.format(last?.[one.field] ?? null)));
    const values = this.series.map((one) => `${one.name} ${this.format(last?.[one.field] ?? null)}`);
    this.canvas.setAttribute("aria-label", `${this.name}, now: ${values.join(", ")}. Arrow keys read earlier values.`);
    this.draw();
  }

  range() {
    const end = this.points.at(-1)?.at ?? 0;
    const first = this.points[0]?.at ?? end;
    return [Math.min(first, end - SHORTEST_MS), end];
  }

  top() {
    if (this.max !== null) return this.max;
    let most = 0;
    for (const { sample } of this.points) {
      if (!sample) continue;
      const values = this.series.map((one) => sample[one.field] ?? 0);
      most = Math.max(most, this.stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values));
    }
    return this.log ? 10 ** Math.ceil(Math.log10(Math.max(most, 100))) : nice(Math.max(most, 4));
  }

  /// The lower end of the axis: zero, or the decade below the smallest value.
  low(top) {
    if (!this.log) return 0;
    const values = this.points.flatMap(({ sample }) => this.series.map((one) => sample?.[one.field] ?? null));
    const least = Math.min(top / 100, ...values.filter((value) => value > 0));
    return 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  }

  draw() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    const density = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
    }
    const [start, end] = this.range();
    const top = this.top();
    const low = this.low(top);
    const share = (value) => (this.log
      ? (Math.log10(Math.max(value, low)) - Math.log10(low)) / (Math.log10(top) - Math.log10(low))
      : value / top);
    const plot = { width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
    this.x = (at) => LEFT + ((at - start) / (end - start || 1)) * plot.width;
    this.y = (value) => TOP + (1 - Math.min(share(value), 1)) * plot.height;
    const style = getComputedStyle(this.figure);
    this.color = (name) => style.getPropertyValue(`--${name}`).trim();
    const pen = canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `11px ${style.fontFamily}`;
    this.grid(pen, { low, top, start, end, width, height });
    if (this.stacked) this.areas(pen);
    else this.lines(pen);
    this.mark(pen, height);
  }

  grid(pen, { low, top, start, end, width, height }) {
    pen.strokeStyle = this.color("line");
    pen.fillStyle = this.color("muted");
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const marks = this.log ? decades(low, top) : [0, top / 2, top];
    for (const value of marks) {
      const y = Math.round(this.y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(LEFT, y);
      pen.lineTo(width - RIGHT, y);
      pen.stroke();
      pen.fillText(this.format(value), LEFT - 6, y);
    }
    pen.textBaseline = "alphabetic";
    const minutes = (end - start) / 60_000;
    const step = minutes <= 1.5 ? 15_000 : minutes <= 4 ? 60_000 : 120_000;
    for (let ago = 0; ago <= end - start; ago += step) {
      pen.textAlign = ago === 0 ? "right" : "center";
      const x = this.x(end - ago);
      if (ago > 0 && x < LEFT + 16) continue;
      pen.fillText(ago === 0 ? "now" : ago < 60_000 ? `−${ago / 1_000} s` : `−${ago / 60_000} min`, x, height - 5);
    }
  }

  lines(pen) {
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    for (const one of this.series) {
      pen.strokeStyle = this.color(one.color);
      pen.fillStyle = this.color(one.color);
      let [open, run] = [false, 0];
      const end = (previous) => {
        // A single value between two gaps would be a line of no length.
        if (run === 1 && previous) pen.fillRect(previous[0] - 1, previous[1] - 1, 2, 2);
        if (open) pen.stroke();
        [open, run] = [false, 0];
      };
      let previous = null;
      for (const { at, sample } of this.points) {
        const value = sample?.[one.field] ?? null;
        if (value === null) { end(previous); continue; }
        previous = [this.x(at), this.y(value)];
        if (open) pen.lineTo(...previous);
        else { pen.beginPath(); pen.moveTo(...previous); open = true; }
        run += 1;
      }
      end(previous);
    }
  }

  areas(pen) {
    const known = this.points.filter(({ sample }) => sample);
    if (known.length === 0) return;
    const base = known.map(() => 0);
    for (const one of this.series) {
      const upper = known.map(({ sample }, at) => base[at] + (sample[one.field] ?? 0));
      pen.beginPath();
      known.forEach(({ at }, index) => pen.lineTo(this.x(at), this.y(upper[index])));
      for (let index = known.length - 1; index >= 0; index -= 1) pen.lineTo(this.x(known[index].at), this.y(base[index]));
      pen.closePath();
      pen.fillStyle = this.color(one.color);
      pen.globalAlpha = 0.85;
      pen.fill();
      pen.globalAlpha = 1;
      upper.forEach((value, index) => { base[index] = value; });
    }
  }

  mark(pen, height) {
    const point = this.points[this.cursor];
    if (this.cursor === null || !point) return;
    const x = Math.round(this.x(point.at)) + 0.5;
    pen.strokeStyle = this.color("muted");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, TOP);
    pen.lineTo(x, height - BOTTOM);
    pen.stroke();
  }

  /// Shows the point nearest to a position.
  point(x) {
    if (!this.x || this.points.length === 0) return;
    let nearest = 0;
    this.points.forEach(({ at }, index) => {
      if (Math.abs(this.x(at) - x) < Math.abs(this.x(this.points[nearest].at) - x)) nearest = index;
    });
    this.show(nearest);
  }

  step(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined || this.points.length === 0) return;
    event.preventDefault();
    const last = this.points.length - 1;
    this.show(Math.min(Math.max((this.cursor ?? last) + move, 0), last));
  }

  show(cursor) {
    this.cursor = cursor;
    const point = cursor === null ? null : this.points[cursor];
    this.tip.hidden = !point;
    if (point) {
      const value = (one) => h("span", { class: "key", "data-color": one.color }, h("i", { "aria-hidden": "true" }), one.name, " ", h("b", { class: "num" }, this.format(point.sample?.[one.field] ?? null)));
      this.tip.replaceChildren(h("time", {}, time(point.at)), ...this.series.map(value));
      const [x, width] = [this.x(point.at), this.canvas.clientWidth];
      this.tip.style.left = x > width / 2 ? "auto" : `${x + 12}px`;
      this.tip.style.right = x > width / 2 ? `${width - x + 12}px` : "auto";
    }
    this.draw();
  }
}

/// A line without axes, for a cell of a table.
export function sparkline(canvas, values, color) {
  const [width, height, density] = [canvas.clientWidth || 96, canvas.clientHeight || 22, window.devicePixelRatio || 1];
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const pen = canvas.getContext("2d");
  pen.scale(density, density);
  const most = Math.max(...values, 1);
  const x = (index) => width - 1 - (values.length - 1 - index) * (width / 60);
  const y = (value) => height - 2 - (value / most) * (height - 4);
  pen.beginPath();
  values.forEach((value, index) => pen.lineTo(x(index), y(value)));
  pen.strokeStyle = color;
  pen.lineWidth = 1.25;
  pen.stroke();
  if (values.length > 1) {
    pen.lineTo(x(values.length - 1), height - 1);
    pen.lineTo(x(0), height - 1);
    pen.globalAlpha = 0.15;
    pen.fillStyle = color;
    pen.fill();
  }
}

/// The next 1, 2, 4 or 5 times a power of ten, of which the half is a short number too.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= value);
}

function decades(low, top) {
  const marks = [];
  const [least, most] = [Math.round(Math.log10(low)), Math.round(Math.log10(top))];
  const step = most - least > 3 ? 2 : 1;
  for (let power = most; power >= least; power -= step) marks.push(10 ** power);
  return marks;
}
