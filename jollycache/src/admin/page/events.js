// The list of invalidations, newest first.

import { $, h, setText, time } from "./dom.js";

const MOST = 300;
/// Maximum names of one event that are shown.
const NAMES = 12;

export class EventList {
  constructor() {
    this.events = [];
    this.paused = false;
    this.waiting = 0;
    $("event-filter").addEventListener("input", () => this.show());
    $("event-pause").addEventListener("click", () => this.pause());
    this.show();
  }

  add(event) {
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, MOST);
    if (this.paused) {
      this.waiting += 1;
      setText($("event-pause"), `Resume (${this.waiting})`);
      return;
    }
    // The list is drawn at most five times a second, whatever the rate of events.
    this.due ??= setTimeout(() => {
      this.due = undefined;
      if (!this.paused) this.show();
    }, 200);
  }

  invalidated(event) {
    const names = [
      ...(event.keys ?? []).map((name) => ["key", name]),
      ...(event.tags ?? []).map((name) => ["tag", name]),
      ...(event.patterns ?? []).map((name) => ["pattern", name]),
      ...(event.all ? [["region", event.region ?? "everything"]] : []),
    ];
    this.add({ at: event.at_ms, names, more: event.omitted ?? 0, region: event.region, own: event.own });
  }

  missed(event) {
    const many = event.count === null ? "Events may have been lost" : `${event.count} events were lost`;
    this.add({ at: event.at_ms, names: [], note: many });
  }

  pause() {
    this.paused = !this.paused;
    this.waiting = 0;
    $("event-pause").setAttribute("aria-pressed", String(this.paused));
    setText($("event-pause"), this.paused ? "Resume" : "Pause");
    if (!this.paused) this.show();
  }

  show() {
    const wanted = $("event-filter").value.trim().toLowerCase();
    const matches = ({ names, region, note }) => !wanted
      || [region ?? "", note ?? "", ...names.flat()].some((text) => text.toLowerCase().includes(wanted));
    const rows = this.events.filter(matches).map(row);
    const nothing = this.events.length > 0 ? "No event matches." : this.quiet ?? "No eviction since the page was opened.";
    $("events").replaceChildren(...(rows.length > 0 ? rows : [h("li", { class: "empty" }, nothing)]));
  }

  /// Sets whether this process publishes events; if not, an empty list explains how to change that.
  setPublishes(publishes) {
    const quiet = publishes ? undefined : "This process publishes no events: build its cache with events(true).";
    if (quiet === this.quiet) return;
    this.quiet = quiet;
    this.show();
  }
}

function row(event) {
  const shown = event.names.slice(0, NAMES);
  const more = event.names.length - shown.length + (event.more ?? 0);
  const names = shown.map(([kind, name]) => h("span", { class: "name" }, h("b", { class: `kind ${kind}` }, kind), h("code", {}, name)));
  const origin = event.note ?? [event.region, event.own ? null : "another process"].filter(Boolean).join(" · ");
  return h("li", event.note ? { class: "note" } : {},
    h("time", { class: "num" }, time(event.at)),
    h("div", {}, names, more > 0 ? h("span", { class: "hint" }, `and ${more} more`) : null, h("span", { class: "hint" }, origin)));
}
