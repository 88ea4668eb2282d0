// The turns on the page: each is built once and then changed in place, so that nothing flickers while it grows.

import { make, setText, icon } from "./dom.js";
import { t } from "./strings.js";

const SAY_EVERY_MS = 1500; // how often a growing transcript is said to a screen reader
const NEAR_END_PX = 120;   // who has scrolled further up is reading and is left there

/** The list of turns, and what a screen reader is told of them. */
export class TurnsView {
  /** @param {HTMLElement} list @param {HTMLElement} sayUser @param {HTMLElement} sayReply live regions */
  constructor(list, sayUser, sayReply) {
    this.list = list;
    this.sayUser = sayUser;
    this.sayReply = sayReply;
    this.views = new Map();
    this.saidAt = 0;
  }

  /** Show a turn as it is now. */
  show(turn) {
    const scroller = document.scrollingElement;
    const follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    let view = this.views.get(turn);
    if (!view) {
      view = build(turn);
      this.views.set(turn, view);
      this.list.append(view.root);
    }
    update(view, turn);
    this.say(view, turn);
    if (follows) scroller.scrollTo({ top: scroller.scrollHeight });
  }

  divide() {
    if (this.list.lastElementChild?.matches(".divider")) return;
    this.list.append(make("li.divider", {}, make("span", { "data-t": "new_session" }, t("new_session"))));
  }

  /** Say everything again in the language of the page. */
  translate() {
    for (const [turn, view] of this.views) update(view, turn, true);
  }

  say(view, turn) {
    const now = performance.now();
    if (turn.text && (!turn.isPartial || now - this.saidAt > SAY_EVERY_MS) && view.saidText !== turn.text) {
      view.saidText = turn.text;
      this.saidAt = now;
      setText(this.sayUser, `${t("you")}: ${turn.text}`);
    }
    const reply = turn.replies.map(({ text }) => text).join(" ");
    const isOver = ["done", "interrupted", "failed"].includes(turn.status);
    const whole = isOver ? reply : reply.slice(0, reply.search(/[。！？!?](?=[^。！？!?]*$)/) + 1);
    if (whole && view.saidReply !== whole) {
      view.saidReply = whole;
      setText(this.sayReply, whole);
    }
  }
}

function build(turn) {
  const text = make("p.said");
  const user = make("div.user", {}, text);
  const reasoning = make("p");
  const summary = make("summary");
  const thought = make("details.thought", { open: true, hidden: true }, summary, reasoning);
  const calls = make("div.calls");
  const replies = make("div.replies");
  const note = make("p.note", { hidden: true });
  const latency = make("div.latency", { hidden: true });
  const answer = make("div.answer", {}, thought, calls, replies, note, latency);
  const root = make("li.turn", {}, user, answer);
  return { root, user, text, thought, summary, reasoning, calls, replies, note, latency, picture: null, count: 0 };
}

function update(view, turn, isTranslated = false) {
  view.root.dataset.status = turn.status;
  if (turn.picture && view.picture !== turn.picture) {
    view.picture = turn.picture;
    turn.picture.setAttribute("role", "img");
    view.user.prepend(turn.picture);
  }
  turn.picture?.setAttribute("aria-label", t("sight_picture"));
  view.text.classList.toggle("partial", turn.isPartial);
  const isEmpty = !turn.text && !turn.isPartial;
  setText(view.text, turn.text || (isEmpty ? t("nothing_heard") : "…"));
  view.text.classList.toggle("empty", !turn.text);
  view.thought.hidden = !turn.reasoning;
  setText(view.summary, t("reasoning"));
  setText(view.reasoning, turn.reasoning);
  if (isTranslated) [view.count, view.calls.textContent] = [0, ""];
  for (; view.count < turn.calls.length; view.count++) view.calls.append(callCard(turn.calls[view.count]));
  showReplies(view.replies, turn);
  showNote(view.note, turn);
  showLatency(view.latency, turn);
}

function callCard({ name, args, result }) {
  let given;
  try {
    given = Object.entries(JSON.parse(args));
  } catch {
    given = [["", args]];
  }
  const isDone = result.status === "ok";
  const outcome = isDone ? t("tool_ok") : t("tool_error", result.message);
  return make(
    "div.call", { "data-done": isDone },
    icon(isDone ? "check" : "close"),
    make("code", {}, make("b", {}, name), "(", given.map(([key, value]) => (key ? `${key}: ${JSON.stringify(value)}` : value)).join(", "), ")"),
    make("span", {}, outcome),
  );
}

function showReplies(box, turn) {
  const wanted = turn.replies.filter(({ text }) => text);
  while (box.children.length < wanted.length) box.append(make("p.reply", {}, make("span"), make("s")));
  wanted.forEach(({ text, heard }, i) => {
    const [kept, cut] = box.children[i].children;
    const isCut = heard !== null && text.startsWith(heard) && heard.length < text.length;
    setText(kept, isCut ? heard : text);
    setText(cut, isCut ? text.slice(heard.length) : "");
  });
}

function showNote(note, turn) {
  const isCut = turn.replies.some(({ text, heard }) => heard !== null && heard.length < text.length);
  const words = turn.status === "failed" || turn.error ? t("failed", turn.error)
    : turn.status === "interrupted" ? t(isCut ? "interrupted" : "stopped") : "";
  setText(note, words);
  note.hidden = !words;
}

const STAGES = ["hold", "first_token", "first_text", "first_audio", "shown", "heard"];

/** When things happened, on one line that begins where the user ended. What is heard counts more than what is shown. */
function showLatency(box, turn) {
  const { latency } = turn;
  box.hidden = latency.shown === undefined;
  if (box.hidden) return;
  const stages = STAGES.filter((name) => latency[name] >= 1 && !(name === "shown" && latency.heard));
  let reached = 0; // a thing is told a moment after its effect is felt: keep to the order in which they happen
  const parts = stages.map((name) => [name, (reached = Math.max(reached, latency[name]))]);
  const key = parts.map(([name, ms]) => `${name}${Math.round(ms)}`).join() + document.documentElement.lang;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const track = make("div.track", { "aria-hidden": "true" });
  let before = 0;
  for (const [name, ms] of parts) {
    const piece = make("i", { "data-stage": name });
    piece.style.flexGrow = String(Math.max(0, ms - before) / reached);
    track.append(piece);
    before = ms;
  }
  const list = make("dl", { "aria-label": t("latency") });
  for (const [name, ms] of parts) {
    list.append(make("div", { "data-stage": name }, make("dt", {}, t(`lat_${name}`)), make("dd", {}, duration(ms))));
  }
  box.replaceChildren(track, list);
}

/** `640 ms`, `1.2 s`. */
function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
