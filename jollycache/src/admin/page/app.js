// The page: logs in, listens to the events, and passes them to the views.

import { call, listen, onRefused, token } from "./api.js";
import { Dashboard } from "./dashboard.js";
import { $, setText } from "./dom.js";
import { EventList } from "./events.js";
import { Jobs } from "./jobs.js";
import { Keys } from "./keys.js";

const THEMES = ["auto", "light", "dark"];

let listening = null;
let parts = null;

function showLogin(message = "") {
  listening?.abort();
  listening = null;
  $("app").hidden = $("where").hidden = $("logout").hidden = true;
  $("login").hidden = false;
  setText($("login-error"), message);
  $("token").value = "";
  $("token").focus();
}

async function logIn(event) {
  event.preventDefault();
  const typed = $("token").value.trim();
  // Other characters are not allowed in a header: fetch would fail without a status.
  if (!/^[\x21-\x7e]+$/.test(typed)) return showLogin("The token is wrong.");
  token.set(typed);
  try {
    await call("GET", "/regions");
    open();
  } catch (error) {
    token.forget();
    showLogin(error.status === 401 ? "The token is wrong." : error.message);
  }
}

function open() {
  $("login").hidden = true;
  $("app").hidden = $("where").hidden = $("logout").hidden = false;
  $("token").value = "";
  parts ??= { dashboard: new Dashboard(), events: new EventList(), jobs: new Jobs(), keys: new Keys() };
  listening?.abort();
  listening = new AbortController();
  status("connecting", "Connecting");
  listen(listening.signal, { onEvent: receive, onState: (state, why) => {
    if (state === "lost") status("lost", why ?? "Reconnecting");
  } });
}

function receive(name, data) {
  const { dashboard, events, jobs } = parts;
  if (name === "invalidated") events.invalidated(data);
  else if (name === "missed") events.missed(data);
  else if (name === "overview") {
    if (data.stats.connected) status("live", "Connected");
    else status("degraded", "Degraded: cache bypassed");
    dashboard.update(data);
    jobs.update(data);
    events.setPublishes(data.publishes_events);
  }
}

function status(state, text) {
  $("status").dataset.state = state;
  setText($("status-text"), text);
}

function choose(view) {
  for (const name of ["overview", "keys"]) {
    const chosen = name === view;
    $(`tab-${name}`).setAttribute("aria-selected", String(chosen));
    $(`tab-${name}`).tabIndex = chosen ? 0 : -1;
    $(name).hidden = !chosen;
  }
  if (view === "keys") parts?.keys.open();
  else parts?.dashboard.redraw();
}

function tabs() {
  for (const name of ["overview", "keys"]) {
    $(`tab-${name}`).addEventListener("click", () => choose(name));
    $(`tab-${name}`).addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = name === "keys" ? "overview" : "keys";
      choose(other);
      $(`tab-${other}`).focus();
    });
  }
}

function theme() {
  const stored = localStorage.getItem("jollycache-theme");
  let current = THEMES.includes(stored) ? stored : "auto";
  const apply = () => {
    document.documentElement.dataset.theme = current;
    setText($("theme"), `Theme: ${current}`);
    parts?.dashboard.redraw();
  };
  $("theme").addEventListener("click", () => {
    current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
    localStorage.setItem("jollycache-theme", current);
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

theme();
tabs();
onRefused(() => {
  token.forget();
  showLogin("The token is wrong.");
});
// The base of relative links is the folder of the files, so a link to `#main` would leave the page.
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("login").addEventListener("submit", logIn);
$("logout").addEventListener("click", () => {
  token.forget();
  showLogin();
});
if (token.get()) open();
else showLogin();
