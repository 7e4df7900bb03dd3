// Jobs of an operator: warm-up, audit, flush.

import { call } from "./api.js";
import { $, confirm, count, setText, span, toast } from "./dom.js";

export class Jobs {
  constructor() {
    $("warm-up").addEventListener("click", () => this.warmUp());
    $("audit").addEventListener("click", () => this.audit());
    $("flush").addEventListener("click", () => this.flush());
  }

  update(overview) {
    this.namespace = overview.namespace;
    const progress = overview.warm_up;
    $("warm-up").disabled = !progress || progress.running || progress.loaders === undefined;
    $("audit").disabled = this.auditing || overview.audits === 0;
    if (overview.audits === 0) setText($("audit-text"), "No audit is registered.");
    if (progress) this.show(progress);
    else setText($("warm-up-text"), "No warm-up is registered.");
  }

  show(progress) {
    const bar = $("warm-up-progress");
    bar.max = Math.max(progress.total, 1);
    bar.value = progress.done + progress.failed;
    const counts = `${count(progress.done)} of ${count(progress.total)} keys${progress.failed ? `, ${count(progress.failed)} failed` : ""}`;
    const text = progress.running ? `Running: ${counts}`
      : progress.started_at_ms === null ? "Loads the registered entries."
        : `${progress.cancelled ? "Cancelled" : "Done"}: ${counts} in ${span(progress.took_ms)}`;
    setText($("warm-up-text"), text);
  }

  async warmUp() {
    try {
      this.show(await call("POST", "/warm-up"));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async audit() {
    this.auditing = true;
    $("audit").disabled = true;
    setText($("audit-text"), "Running…");
    try {
      const { total } = await call("POST", "/audit");
      setText($("audit-text"), `${count(total.audited)} compared, ${count(total.differences)} differed, ${count(total.repaired)} repaired`);
    } catch (error) {
      setText($("audit-text"), error.message);
    }
    this.auditing = false;
    $("audit").disabled = false;
  }

  async flush() {
    const sure = await confirm({
      title: "Flush the namespace",
      text: "All its entries are evicted, and its counters deleted. Every first read of an entry will be a miss.",
      action: "Flush",
      typed: this.namespace,
    });
    if (!sure) return;
    try {
      const { values } = await call("DELETE", `?confirm=${encodeURIComponent(this.namespace)}`);
      toast(`${count(values)} values were evicted`);
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}
