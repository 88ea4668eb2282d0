// A realtime session that outlives its socket: reconnects, has the session resumed and repeats what was lost.
// The server's side of the bargain is in `server/realtime.py`; the same in Python is `client/resuming.py`.

const KEPT_CHARS = 4 << 20;  // a minute of audio: longer than a dead connection goes unnoticed
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 2000;
const LOST_CODES = new Set([1006, 1012, 1013]); // no close frame, a restart, a client that was too slow for a while
const TAKEN_OVER = 4001;
const EXPIRED = 1001;
const NORMAL = 1000;

/** @typedef {"full" | "key" | "unreachable" | "loading" | "elsewhere" | "expired" | "closed" | "lost"} Reason */

/** Why there is no session. `retryAfterS` says when another try makes sense. */
export class NoSession extends Error {
  /** @param {Reason} reason */
  constructor(reason, retryAfterS = 0) {
    super(reason);
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

/** What the server says of itself. Throws NoSession("unreachable"). */
export async function askStatus(key, resume) {
  const url = new URL("page/status", document.baseURI);
  if (resume) url.searchParams.set("resume", resume);
  try {
    const reply = await fetch(url, { headers: key ? { Authorization: `Bearer ${key}` } : {}, cache: "no-store" });
    if (!reply.ok) throw new Error(String(reply.status));
    return await reply.json();
  } catch {
    throw new NoSession("unreachable");
  }
}

/** The address at which realtime clients find this server. */
export function realtimeUrl() {
  const url = new URL("v1/realtime", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

/**
 * Events: `event` (detail: the server's event), `state` (detail: "open" | "lost" | "closed"; `reason` says why closed).
 */
export class Session extends EventTarget {
  constructor() {
    super();
    this.state = "closed";
    this.reason = null;
    this.opening = null;
    this.forget();
  }

  forget() {
    this.socket = null;
    this.token = null;
    this.graceMs = 0;
    this.lastEvent = null;
    this.frames = [];
    this.chars = 0;
    this.sent = 0;
    this.expired = false;
  }

  /** Open a session unless one is open. Throws NoSession. */
  async open(key) {
    if (this.state !== "closed") return;
    this.opening ??= this.begin(key).finally(() => { this.opening = null; });
    await this.opening;
  }

  async begin(key) {
    this.key = key;
    const status = await askStatus(key);
    if (status.key === "missing" || status.key === "wrong") throw new NoSession("key");
    if (!status.ready) throw new NoSession("loading", 2);
    if (!status.has_place) throw new NoSession("full", status.retry_after_s);
    this.forget();
    const socket = await this.connect({ model: status.model, autoglm: "resume" }).catch(async () => {
      const again = await askStatus(key); // somebody took the last place between the question and the call
      throw again.has_place ? new NoSession("unreachable") : new NoSession("full", again.retry_after_s);
    });
    this.adopt(socket);
    this.become("open");
  }

  /** Send an event, now or when the connection is back. */
  send(event) {
    if (this.state === "closed") return;
    const text = JSON.stringify(event);
    this.frames.push(text);
    this.chars += text.length;
    this.sent += 1;
    while (this.chars > KEPT_CHARS && this.frames.length > 1) this.chars -= this.frames.shift().length;
    if (this.state === "open") this.socket.send(text);
  }

  /** Say goodbye: the server frees the place at once. */
  close() {
    if (this.state === "closed") return;
    const socket = this.socket;
    this.end("closed");
    socket?.close(NORMAL);
  }

  connect(parameters) {
    const url = realtimeUrl();
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const socket = new WebSocket(url, ["realtime", ...(this.key ? [`openai-insecure-api-key.${this.key}`] : [])]);
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket);
      socket.onclose = (event) => reject(event);
    });
  }

  adopt(socket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => this.receive(socket, JSON.parse(data));
    socket.onclose = ({ code }) => { if (socket === this.socket) this.lose(code); };
  }

  receive(socket, event) {
    if (socket !== this.socket) return;
    this.lastEvent = event.event_id ?? this.lastEvent;
    const offer = event.session?.autoglm?.resume;
    if (offer?.token) {
      this.token = offer.token;
      this.graceMs = offer.grace_seconds * 1000;
    }
    if (event.type === "error" && event.error.code === "session_expired") this.expired = true;
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  // --- Coming back ---------------------------------------------------------------------------------------------------

  lose(code) {
    if (code === TAKEN_OVER) this.end("elsewhere");
    else if (this.expired) this.end("expired");
    else if (!LOST_CODES.has(code) && code !== EXPIRED) this.end("closed");
    else if (!this.token) this.end("lost");
    else void this.comeBack();
  }

  async comeBack() {
    this.socket = null;
    this.become("lost");
    const until = performance.now() + this.graceMs;
    for (let delay = FIRST_DELAY_MS; this.state === "lost"; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
      try {
        await this.resume();
        return;
      } catch (error) {
        if (error instanceof NoSession && error.reason === "lost") break;
      }
      if (performance.now() > until) break;
      await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random() / 2)));
    }
    if (this.state === "lost") this.end("lost");
  }

  /** One attempt. The server counts our frames, so each of them arrives once; it repeats what we have not seen. */
  async resume() {
    const status = await askStatus(this.key, this.token);
    if (!status.can_resume) throw new NoSession("lost");
    const seen = this.lastEvent ? { last_event: this.lastEvent } : {};
    const socket = await this.connect({ resume: this.token, ...seen });
    const welcome = await new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(JSON.parse(data));
      socket.onclose = reject;
    });
    if (this.state !== "lost") return socket.close(NORMAL);
    const first = this.sent - this.frames.length;
    if (welcome.received_events < first) throw new NoSession("lost");
    for (const text of this.frames.slice(welcome.received_events - first)) socket.send(text);
    this.adopt(socket);
    this.become("open");
    this.receive(socket, welcome);
  }

  /** @param {Reason} reason */
  end(reason) {
    this.socket = null;
    this.reason = reason;
    this.become("closed");
  }

  become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
