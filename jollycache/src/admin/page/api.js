// The API: calls with the token in a header (never in a URL), and the stream of events.

const BASE = document.querySelector('meta[name="jollycache-api"]').content;
const STORED = "jollycache-admin-token";

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/// The token, in the storage of this tab, which ends with the tab.
export const token = {
  get: () => sessionStorage.getItem(STORED),
  set: (value) => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.removeItem(STORED),
};

const headers = () => ({ authorization: `Bearer ${token.get()}` });

/// Called when the token is refused.
let refused = () => {};
export const onRefused = (callback) => { refused = callback; };

/// Parses JSON. Numbers keep all their digits, if the browser supports it.
export function parse(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    const exact = typeof value !== "number" || !context?.source || String(value) === context.source;
    return exact ? value : JSON.rawJSON(context.source);
  });
}

async function failure(response) {
  let body = {};
  try { body = await response.json(); } catch { /* a proxy answered, not the API */ }
  const error = new ApiError(response.status, body.code ?? "", body.error ?? `the response has status ${response.status}`);
  if (error.status === 401) refused(error);
  return error;
}

/// Calls the API and returns the data of its response.
export async function call(method, path) {
  let response;
  try {
    response = await fetch(BASE + path, { method, headers: headers(), cache: "no-store" });
  } catch {
    throw new ApiError(0, "unreachable", "the service cannot be reached");
  }
  if (!response.ok) throw await failure(response);
  return parse(await response.text()).data;
}

export const segment = (name) => encodeURIComponent(name).replace(/\./g, "%2E");

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

/// Listens until `signal` aborts, and reconnects when the connection is lost. An EventSource cannot send the header.
export async function listen(signal, { onEvent, onState }) {
  let tries = 0;
  while (!signal.aborted) {
    try {
      const response = await fetch(`${BASE}/events`, { headers: headers(), signal, cache: "no-store" });
      if (!response.ok) throw await failure(response);
      onState("live");
      tries = 0;
      await read(response.body, onEvent);
      onState("lost");
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
      onState("lost", error.status ? error.message : undefined);
    }
    tries += 1;
    await pause(Math.min(500 * 2 ** tries, 8_000), signal);
  }
}

/// Reads server-sent events, in the format of the HTML standard.
async function read(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) dispatch(event, onEvent);
  }
}

function dispatch(event, onEvent) {
  let name = "message";
  const data = [];
  for (const line of event.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  if (data.length > 0) onEvent(name, JSON.parse(data.join("\n")));
}
