// The key browser: search by pattern, show a record, evict.

import { call, segment } from "./api.js";
import { $, bytes, confirm, count, h, micros, moment, setText, span, toast } from "./dom.js";

const PAGE = 100;
const STATES = { value: "Value", leased: "Being loaded", intent: "Being written", evicted: "Evicted", foreign: "Foreign" };
const HIDDEN = {
  none: "The entry is a cached None: the source had no value.",
  hidden: "Values are hidden by configuration.",
  too_large: "The value is too large to show.",
  unreadable: "This service cannot decode the value.",
};

export class Keys {
  constructor() {
    this.found = new Set();
    this.turn = 0;
    $("search").addEventListener("submit", (event) => { event.preventDefault(); this.search(); });
    $("more").addEventListener("click", () => this.page());
    $("evict-pattern").addEventListener("click", () => this.evictPattern());
  }

  /// Searches when the view is first opened.
  open() {
    if (this.turn === 0) this.search();
  }

  async search() {
    this.turn += 1;
    this.pattern = $("pattern").value.trim() || "*";
    this.next = null;
    this.found.clear();
    $("key-list").replaceChildren();
    await this.page();
  }

  async page() {
    const turn = this.turn;
    $("more").disabled = true;
    try {
      const cursor = this.next ? `&cursor=${this.next}` : "";
      const page = await call("GET", `/keys?limit=${PAGE}&pattern=${encodeURIComponent(this.pattern)}${cursor}`);
      // A later search has replaced this one.
      if (turn !== this.turn) return;
      const fresh = page.keys.filter((key) => !this.found.has(key));
      for (const key of fresh) this.found.add(key);
      $("key-list").append(...fresh.map((key) => this.row(key)));
      this.next = page.next;
    } catch (error) {
      toast(error.message, "bad");
    }
    $("more").disabled = false;
    $("more").hidden = this.next === null;
    this.showCount();
  }

  showCount() {
    const shown = $("key-list").children.length;
    setText($("key-count"), `${count(shown)}${this.next ? "+" : ""} ${shown === 1 ? "key" : "keys"}`);
    if (shown === 0 && !this.next) $("key-list").replaceChildren(h("li", { class: "empty" }, "No key matches."));
  }

  row(key) {
    const open = () => this.view(key);
    return h("li", { "data-key": key }, h("button", { type: "button", class: "key", onclick: open }, h("code", {}, key)));
  }

  mark(key) {
    for (const row of $("key-list").children) {
      const current = row.dataset.key === key;
      row.firstElementChild?.setAttribute?.("aria-current", String(current));
    }
  }

  async view(key) {
    this.mark(key);
    this.shown = key;
    try {
      const seen = await call("GET", `/keys/${segment(key)}`);
      if (this.shown === key) this.show(seen);
    } catch (error) {
      if (this.shown === key) $("detail").replaceChildren(heading(key), h("p", { class: "empty" }, error.message));
    }
    if (matchMedia("(max-width: 60rem)").matches) $("detail").scrollIntoView({ block: "start" });
  }

  show(seen) {
    const { entry } = seen;
    const actions = h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => this.view(seen.key) }, "Refresh"),
      h("button", { type: "button", class: "danger", id: "evict-key", onclick: () => this.evictKey(seen.key) }, "Evict"));
    const readable = seen.segments.join(":");
    $("detail").replaceChildren(
      heading(seen.key, actions),
      readable === seen.key ? "" : h("p", { class: "hint segments" }, "Unescaped: ", h("code", {}, readable)),
      chips(seen),
      entry?.tags.length ? this.tags(entry.tags) : "",
      facts(seen),
      entry ? valueOf(entry) : "");
  }

  tags(tags) {
    const chip = ({ name, live }) => h("li", { class: live ? "chip tag" : "chip tag dead", title: live ? "Live" : "Evicted since the value was loaded" },
      h("code", {}, name),
      h("button", { type: "button", "aria-label": `Evict the tag ${name}`, onclick: () => this.evictTag(name) }, "×"));
    return h("div", { class: "tags" }, h("span", { class: "label" }, "Tags"), h("ul", {}, tags.map(chip)));
  }

  async evictKey(key) {
    const sure = await confirm({ title: "Evict the key", text: `${key} is evicted in every process. The next read loads it again.`, action: "Evict" });
    if (!sure || !(await this.evict(`/keys/${segment(key)}`, `${key} was evicted`))) return;
    for (const row of [...$("key-list").children]) if (row.dataset.key === key) row.remove();
    this.found.delete(key);
    this.shown = null;
    $("detail").replaceChildren(h("p", { class: "empty" }, `${key} was evicted.`));
    this.showCount();
  }

  async evictTag(tag) {
    const sure = await confirm({ title: "Evict the tag", text: `All values with the tag ${tag} are evicted.`, action: "Evict" });
    if (sure && (await this.evict(`/tags/${segment(tag)}`, `The tag ${tag} was evicted`)) && this.shown) await this.view(this.shown);
  }

  async evictPattern() {
    const pattern = $("pattern").value.trim();
    const sure = await confirm({ title: "Evict matching keys", text: `Every key that matches ${pattern} is evicted, by a scan of the namespace.`, action: "Evict" });
    if (sure && (await this.evict(`/patterns/${segment(pattern)}`, `The keys that match ${pattern} were evicted`))) await this.search();
  }

  async evict(path, done) {
    try {
      const { values } = await call("DELETE", path);
      toast(values === null ? done : `${done}: ${count(values)} ${values === 1 ? "value" : "values"}`);
      return true;
    } catch (error) {
      toast(error.message, "bad");
      return false;
    }
  }
}

function heading(key, actions = "") {
  return h("div", { class: "card-head" }, h("h2", { class: "mono" }, key), actions);
}

function chips(seen) {
  const { entry, lease, intent } = seen;
  const list = [[STATES[seen.state], ""]];
  if (entry && !entry.valid) list.push(["Not served: a tag was evicted", "bad"]);
  else if (entry) list.push(entry.fresh ? ["Fresh", "good"] : ["Stale", "warn"]);
  if (lease) list.push([`Lease for ${span(lease.remaining_ms)}`, "warn"]);
  if (intent) list.push([`${intent.writers} writing, at most ${span(intent.remaining_ms)}`, "warn"]);
  if (intent?.poisoned) list.push(["Poisoned: no writer may store", "bad"]);
  if (seen.closed_ms) list.push([`Closed for ${span(seen.closed_ms)}`, "warn"]);
  return h("ul", { class: "chips" }, list.map(([text, kind]) => h("li", { class: `chip ${kind}` }, text)));
}

function facts({ region, ttl_ms: ttl, entry }) {
  const rows = [["Region", region ?? "not used by this process"]];
  if (ttl !== null) rows.push(["Time to live", span(ttl)]);
  if (entry) {
    rows.push(
      ["Stored", moment(entry.created_ms)],
      ["Fresh until", moment(entry.fresh_until_ms)],
      ["Size", bytes(entry.size_bytes)],
      ["Load time", micros(entry.cost_us)],
      ["Version", entry.version ?? "none"],
      ["Codec", entry.codec ?? "unknown"],
      ["Schema", String(entry.schema)],
      ["Type", entry.fingerprint]);
  }
  return h("dl", { class: "facts two" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "num" }, value))));
}

function valueOf(entry) {
  if (entry.value_state !== "shown") return h("p", { class: "empty" }, HIDDEN[entry.value_state]);
  return h("pre", { class: "value", tabindex: "0", "aria-label": "Value" }, JSON.stringify(entry.value, null, 2));
}
