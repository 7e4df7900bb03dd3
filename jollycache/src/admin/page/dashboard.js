// The overview: numbers, charts, regions, and the state of the protocol.

import { Chart, sparkline } from "./chart.js";
import { $, bytes, count, h, micros, percent, rate, setText, span } from "./dom.js";
import { History } from "./history.js";

/// The period of the large numbers, in seconds.
const RECENT = 10;

/// Maximum rows of the table of regions.
const MOST_ROWS = 100;

const OUTCOMES = [
  { field: "hits", name: "Hits", color: "hit" },
  { field: "stale", name: "Stale", color: "stale" },
  { field: "misses", name: "Misses", color: "miss" },
];

const NUMBERS = [
  ["rate", "Hit rate"], ["ops", "Reads / s"], ["p99", "p99 latency"],
  ["waiting", "Waiting"], ["pending", "Pending evictions"], ["refused", "Refused fills"],
];

/// The columns of the regions: id, heading, value to sort by, text. Those marked `wide` are hidden on a small screen.
const COLUMNS = [
  { id: "name", title: "Region", value: (row) => row.name, text: (row) => row.name },
  { id: "activity", title: "Last minute", value: (row) => row.reads },
  { id: "rate", title: "Hit rate", value: (row) => row.hitRate ?? -1, text: (row) => percent(row.hitRate) },
  { id: "reads", title: "Reads / s", value: (row) => row.reads, text: (row) => rate(row.reads) },
  { id: "p99", title: "p99", value: (row) => row.p99, text: (row) => micros(row.p99 || null) },
  { id: "hits", title: "Hits", value: (row) => row.stats.hits, text: (row) => count(row.stats.hits) },
  { id: "misses", title: "Misses", value: (row) => row.stats.misses, text: (row) => count(row.stats.misses) },
  { id: "stale", title: "Stale", wide: true, value: (row) => row.stats.stale_reads, text: (row) => count(row.stats.stale_reads) },
  { id: "loads", title: "Loads", wide: true, value: (row) => row.stats.loads, text: (row) => count(row.stats.loads) },
  { id: "refused", title: "Refused", wide: true, value: (row) => row.stats.refused_fills, text: (row) => count(row.stats.refused_fills) },
  { id: "evicted", title: "Evicted", wide: true, value: evictions, text: (row) => count(evictions(row)) },
  { id: "errors", title: "Errors", wide: true, value: errors, text: (row) => count(errors(row)) },
];

function evictions({ stats }) {
  return stats.evicted_keys + stats.evicted_tags + stats.evicted_patterns;
}

function errors({ stats }) {
  return stats.load_errors + stats.backend_errors;
}

const FACTS = [
  ["Loads in progress", (overview) => count(overview.stats.loading), "Loads of this process that other callers can join"],
  ["Waits for other processes", (overview) => count(overview.stats.total.lease_waits), "A lease of another process was live"],
  ["Joined loads", (overview) => count(overview.stats.total.flight_joins), "Reads that waited for a load of this process"],
  ["Refused fills", (overview) => count(overview.stats.total.refused_fills), "Loaded values not stored because of an eviction or a write in between"],
  ["Refused puts", (overview) => count(overview.stats.total.refused_puts), "Written values not stored because of another writer"],
  ["Values not stored", (overview) => count(overview.stats.total.rejected_values + overview.stats.total.lossy_values), "Too large, not encodable, with too many tags, or changed by encoding", (overview) => overview.stats.total.rejected_values + overview.stats.total.lossy_values > 0],
  ["Expired intents", (overview) => count(overview.stats.total.expired_intents), "Writes that took longer than their intent", (overview) => overview.stats.total.expired_intents > 0],
  ["Bypasses", (overview) => count(overview.stats.total.bypasses), "Calls that bypassed the cache"],
  ["Backend errors", (overview) => count(overview.stats.total.backend_errors), "Operations that failed or timed out", (overview) => overview.stats.total.backend_errors > 0],
  ["Load errors", (overview) => count(overview.stats.total.load_errors), "Loads that failed", (overview) => overview.stats.total.load_errors > 0],
  ["Consistency", (overview) => `${overview.stats.total.consistency_score.toFixed(1)} of 100`, "Errors of the backend and findings of audits lower it", (overview) => overview.stats.total.consistency_score < 99],
  ["Audited, differing", (overview) => `${count(overview.stats.total.audited)}, ${count(overview.stats.total.consistency_errors)}`, "Entries compared with their source", (overview) => overview.stats.total.consistency_errors > 0],
  ["Events sent, lost", (overview) => `${count(overview.stats.events_sent)}, ${count(overview.stats.events_lost)}`, "Invalidations published to other processes", (overview) => overview.stats.events_lost > 0],
];

export class Dashboard {
  constructor() {
    this.history = new History();
    this.region = "";
    this.sort = { id: "reads", down: true };
    this.rows = new Map();
    this.numbers = new Map(NUMBERS.map(([id, title]) => [id, tile($("numbers"), id, title)]));
    this.facts = FACTS.map(([title, , hint]) => fact($("facts"), title, hint));
    this.charts = [
      new Chart($("chart-rate"), { series: [{ field: "hitRate", name: "Now", color: "hit" }], format: percent, max: 1 }),
      new Chart($("chart-ops"), { series: OUTCOMES, format: rate, stacked: true }),
      new Chart($("chart-latency"), { series: [{ field: "p50", name: "p50", color: "p50" }, { field: "p99", name: "p99", color: "p99" }], format: micros, log: true }),
    ];
    $("region").addEventListener("change", () => this.pick($("region").value));
    this.head();
  }

  /// Shows an overview from the stream.
  update(overview) {
    this.overview = overview;
    this.history.add(overview);
    this.showNumbers();
    this.showHeader();
    this.showFacts();
    this.showRegions();
    this.showCharts();
  }

  /// Redraws after a change of the theme or the layout.
  redraw() {
    if (!this.overview) return;
    this.showCharts();
    this.showRegions();
  }

  pick(region) {
    this.region = region;
    $("region").value = region;
    this.showCharts();
    for (const [name, row] of this.rows) row.button.setAttribute("aria-pressed", String(name === region));
  }

  showNumbers() {
    const { overview: { stats }, history } = this;
    const set = (id, value, detail, bad = false) => {
      const { number, note, tile } = this.numbers.get(id);
      setText(number, value);
      setText(note, detail);
      tile.classList.toggle("bad", bad);
    };
    const reads = stats.total.hits + stats.total.stale_reads + stats.total.misses;
    set("rate", percent(history.hitRate(RECENT)), `${reads ? percent(stats.total.hit_rate) : "–"} since start`);
    set("ops", rate(history.mean("reads", RECENT)), `${count(reads)} since start`);
    set("p99", micros(history.max("p99", RECENT)), `p50 ${micros(history.mean("p50", RECENT))}`);
    set("waiting", count(stats.waiting), `${count(stats.loading)} loading`);
    set("pending", count(stats.pending_invalidations), stats.pending_invalidations ? "bypassed until delivered" : "all delivered", stats.pending_invalidations > 0);
    const { fills, refused_fills: refused } = stats.total;
    set("refused", count(refused), fills + refused ? `${percent(refused / (fills + refused))} of fills` : "of no fills");
  }

  showHeader() {
    const { overview } = this;
    setText($("namespace"), overview.namespace);
    setText($("backend"), [overview.backend, overview.server?.version].filter(Boolean).join(" "));
    const { used_memory_bytes: used, max_memory_bytes: most } = overview.server ?? {};
    setText($("memory"), most ? `${bytes(used)} of ${bytes(most)}` : bytes(used));
    setText($("uptime"), span(overview.uptime_ms));
  }

  showFacts() {
    FACTS.forEach(([, text, , bad], at) => {
      setText(this.facts[at], text(this.overview));
      this.facts[at].classList.toggle("warn", bad?.(this.overview) ?? false);
    });
    const breaker = { closed: "Breaker closed", open: "Breaker open", half_open: "Breaker half-open" }[this.overview.breaker];
    setText($("breaker"), breaker);
    $("breaker").dataset.state = this.overview.breaker;
  }

  showCharts() {
    const points = this.history.of(this.region);
    for (const chart of this.charts) chart.set(points);
    const ms = points.length > 1 ? points.at(-1).at - points[0].at : 0;
    setText($("span"), ms <= 60_000 ? "minute" : `${Math.min(10, Math.ceil(ms / 60_000))} minutes`);
  }

  head() {
    const cell = (column) => {
      const sort = () => {
        const down = this.sort.id === column.id ? !this.sort.down : column.id !== "name";
        this.sort = { id: column.id, down };
        this.showRegions();
      };
      return h("th", { scope: "col", class: classOf(column), "data-column": column.id }, h("button", { type: "button", onclick: sort }, column.title));
    };
    $("regions").tHead.rows[0].append(...COLUMNS.map(cell));
  }

  showRegions() {
    const { stats } = this.overview;
    const rows = Object.entries(stats.regions).map(([name, region]) => ({
      name,
      stats: region,
      reads: this.history.mean("reads", RECENT, name) ?? 0,
      hitRate: region.hits + region.stale_reads + region.misses > 0 ? region.hit_rate : null,
      p99: Math.max(region.hit_latency.p99_us, region.miss_latency.p99_us),
    }));
    const { value } = COLUMNS.find((column) => column.id === this.sort.id);
    const sign = this.sort.down ? -1 : 1;
    const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
    rows.sort((one, other) => sign * order(value(one), value(other)) || order(one.name, other.name));
    for (const heading of $("regions").tHead.rows[0].cells) {
      const sorted = heading.dataset.column === this.sort.id;
      heading.setAttribute("aria-sort", sorted ? (this.sort.down ? "descending" : "ascending") : "none");
    }
    const body = $("regions").tBodies[0];
    const color = getComputedStyle(body).getPropertyValue("--hit").trim();
    const left = rows.length - MOST_ROWS;
    setText($("regions-hint"), `since the start of this process${left > 0 ? `; ${left} more in another order` : ""}`);
    for (const { name } of rows.splice(MOST_ROWS)) this.rows.get(name)?.element.remove();
    rows.forEach((row, at) => {
      const shown = this.rows.get(row.name) ?? this.addRow(row.name);
      // A row that is moved loses the focus, so it is moved only if its position changes.
      if (body.rows[at] !== shown.element) body.insertBefore(shown.element, body.rows[at] ?? null);
      for (const [column, cell] of shown.cells) setText(cell, column.text(row));
      const values = this.history.of(row.name).slice(-60).map(({ sample }) => sample?.reads ?? 0);
      sparkline(shown.line, values, color);
    });
  }

  addRow(name) {
    const line = h("canvas", { class: "spark", "aria-hidden": "true" });
    const button = h("button", { type: "button", class: "link", "aria-pressed": "false", title: "Show in the charts", onclick: () => this.pick(this.region === name ? "" : name) }, name);
    const cells = [];
    const cell = (column) => {
      if (column.id === "name") return h("th", { scope: "row" }, button);
      if (column.id === "activity") return h("td", { class: "activity" }, line);
      const element = h("td", { class: classOf(column) });
      cells.push([column, element]);
      return element;
    };
    const row = { element: h("tr", {}, COLUMNS.map(cell)), cells, line, button };
    this.rows.set(name, row);
    const options = [...$("region").options].map((option) => option.value);
    if (!options.includes(name)) $("region").append(h("option", { value: name }, name));
    return row;
  }
}

function classOf(column) {
  return [column.id === "name" || column.id === "activity" ? "" : "num", column.wide ? "wide" : ""].join(" ").trim();
}

function tile(parent, id, title) {
  const [number, note] = [h("strong", { class: "num", id: `number-${id}` }, "–"), h("small", {}, "–")];
  const tile = h("div", { class: "number card", role: "group", "aria-label": title }, h("span", { class: "label" }, title), number, note);
  parent.append(tile);
  return { tile, number, note };
}

function fact(parent, title, hint) {
  const value = h("dd", { class: "num" }, "–");
  parent.append(h("div", { title: hint }, h("dt", {}, title), value));
  return value;
}
