// History: one sample for each second of the last ten minutes, from the differences of counters.

/// Maximum number of samples: one a second for ten minutes.
export const LONGEST = 600;

/// A second without any call.
const IDLE = { hits: 0, stale: 0, misses: 0, reads: 0, writes: 0, hitRate: null, p50: null, p99: null };

const READS = ["hits", "stale_reads", "misses"];

/// One second of a region, or of the total.
function sampleOf(now, before, recent, seconds) {
  const per = (field) => Math.max(0, now[field] - (before?.[field] ?? 0)) / seconds;
  const [hits, stale, misses] = READS.map(per);
  const reads = hits + stale + misses;
  return {
    hits, stale, misses, reads,
    writes: per("puts") + per("evicted_keys") + per("evicted_tags") + per("evicted_patterns"),
    hitRate: reads > 0 ? (hits + stale) / reads : null,
    p50: recent?.count ? recent.p50_us : null,
    p99: recent?.count ? recent.p99_us : null,
  };
}

export class History {
  constructor() {
    this.samples = [];
    this.last = null;
  }

  /// Adds an overview. Returns whether it made a new sample.
  add(overview) {
    const last = this.last;
    if (last && overview.at_ms <= last.at_ms) return false;
    this.last = overview;
    // The process was restarted, or another one answers: its counters cannot be compared with the last ones.
    if (!last || overview.uptime_ms < last.uptime_ms) {
      if (last) this.samples.push({ at: overview.at_ms, total: null, regions: {} });
      return false;
    }
    const seconds = (overview.at_ms - last.at_ms) / 1_000;
    const regions = {};
    for (const [name, stats] of Object.entries(overview.stats.regions)) {
      const sample = sampleOf(stats, last.stats.regions[name], overview.recent.regions[name], seconds);
      // There may be a thousand regions: idle ones are left out to save memory.
      if (sample.reads > 0 || sample.writes > 0) regions[name] = sample;
    }
    const total = sampleOf(overview.stats.total, last.stats.total, overview.recent.total, seconds);
    this.samples.push({ at: overview.at_ms, total, regions });
    if (this.samples.length > LONGEST) this.samples.splice(0, this.samples.length - LONGEST);
    return true;
  }

  /// The samples of a region, or of all without one: `{ at, sample }`, where a sample may be null.
  of(region) {
    const pick = (sample) => (region && sample.total ? sample.regions[region] ?? IDLE : sample.total);
    return this.samples.map((sample) => ({ at: sample.at, sample: pick(sample) }));
  }

  /// The mean of a rate over the last seconds; null without a value.
  mean(field, seconds, region = "") {
    const values = this.of(region).slice(-seconds).map(({ sample }) => sample?.[field]);
    const known = values.filter((value) => value !== null && value !== undefined);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  }

  /// The hit rate over the last seconds, weighted by reads and not by seconds.
  hitRate(seconds, region = "") {
    let [served, reads] = [0, 0];
    for (const { sample } of this.of(region).slice(-seconds)) {
      served += (sample?.hits ?? 0) + (sample?.stale ?? 0);
      reads += sample?.reads ?? 0;
    }
    return reads > 0 ? served / reads : null;
  }

  /// The maximum over the last seconds; null without a value.
  max(field, seconds, region = "") {
    const values = this.of(region).slice(-seconds).map(({ sample }) => sample?.[field] ?? null);
    return values.reduce((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
  }
}
