// The conversation as the page sees it: the protocol's events gathered into turns. Nothing here touches the document.

import { encodePcm } from "./resample.js";
import { WIRE_HZ } from "./sound.js";
import { message, newId, newTurn, sessionUpdate, words } from "./wire.js";

const MAX_FOLLOW_UPS = 4; // rounds of tool calls in one turn: a model that never stops calling is stopped here
const HARMLESS = new Set([
  "response_cancel_not_active", "item_truncate_invalid_item_id", "item_retrieve_invalid_item_id", "cannot_update_voice",
]); // we were a moment too late
const VOICED = 0.06; // of the loudest so far, 24 dB below it: where the page takes speech to have ended

/** Events: `turn` (detail: the turn that changed), `gate` (weights), `sight`, `problem` (message), `phase`, `divider`. */
export class Conversation extends EventTarget {
  constructor(session, speaker, car) {
    super();
    this.session = session;
    this.speaker = speaker;
    this.car = car;
    this.turns = [];
    this.settings = null;
    this.picture = null; // {uri, thumbnail}: shown and not used by a turn yet
    this.sentMs = 0;
    session.addEventListener("event", ({ detail }) => this.take(detail));
    session.addEventListener("state", ({ detail }) => { if (detail === "closed") this.lost(); });
    speaker.addEventListener("start", ({ detail }) => this.onSound(detail));
    speaker.addEventListener("end", () => this.settle());
    this.begin();
  }

  begin() {
    this.byItem = new Map();
    this.byResponse = new Map();
    this.expecting = null; // the turn whose answer was asked for
    this.activeResponse = null;
    this.hasSpoken = false;
    this.sentMs = 0;
    this.voicedMs = 0;
    this.loudest = 0;
  }

  get phase() {
    if (this.speaker.isPlaying) return "speaking";
    const turn = this.turns.at(-1);
    if (turn?.status === "listening") return "listening";
    return this.activeResponse || turn?.status === "waiting" ? "thinking" : "idle";
  }

  // --- What the user does --------------------------------------------------------------------------------------------

  /** Be connected, with these settings. Throws NoSession. */
  async open() {
    if (this.session.state !== "closed") return;
    await this.session.open(this.settings.key);
    this.configure(this.settings);
    if (this.picture) this.show(this.picture);
  }

  /** Take settings; a running session is told. */
  configure(settings) {
    this.settings = settings;
    this.session.send(sessionUpdate(settings, { mayChooseVoice: !this.hasSpoken }));
  }

  /** Sound from the microphone or a file, 24 kHz. */
  hear(samples) {
    if (!samples.length || this.session.state === "closed") return;
    this.sentMs += (samples.length * 1000) / WIRE_HZ;
    const loudness = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.loudest = Math.max(0.999 * this.loudest, loudness);
    if (loudness > VOICED * this.loudest) this.voicedMs = this.sentMs;
    this.session.send({ type: "input_audio_buffer.append", audio: encodePcm(samples) });
  }

  /** The end of a turn by hand, where turn detection is off. */
  commit() {
    this.expecting = null;
    this.session.send({ type: "input_audio_buffer.commit" });
    this.session.send({ type: "response.create" });
    this.commitAt = performance.now();
  }

  /** Show a picture: a frame of which the next turn uses the newest. */
  show(picture) {
    this.picture = picture;
    this.session.send(message(newId(), { type: "input_image", image_url: picture.uri }));
  }

  /** Say something in writing. What is being answered is interrupted. */
  async write(text) {
    await this.stop();
    const turn = this.newTurn({ text, endedAt: performance.now() });
    const itemId = this.own(turn);
    turn.itemIds.push(itemId);
    this.usePicture(turn);
    this.session.send(message(itemId, { type: "input_text", text }));
    this.respond(turn);
    this.changed(turn);
  }

  /** Stop the answer: its making and its sound. */
  async stop() {
    if (this.activeResponse) this.session.send({ type: "response.cancel", response_id: this.activeResponse });
    await this.silence();
  }

  /** Be silent, and tell the server what was heard of what it had sent. */
  async silence() {
    for (const { item, ms } of await this.speaker.stop()) {
      const turn = this.byItem.get(item);
      if (turn) {
        turn.status = turn.status === "failed" ? turn.status : "interrupted";
        this.changed(turn);
      }
      this.session.send({
        type: "conversation.item.truncate", item_id: item, content_index: 0, audio_end_ms: Math.round(ms),
      });
    }
    this.settle();
    this.tellPhase();
  }

  // --- What the server tells -----------------------------------------------------------------------------------------

  take(event) {
    const [room, ...rest] = event.type.split(".");
    if (room === "response") this.takeAnswer(event);
    else if (room === "autoglm") this.takePerception(event, rest.join("."));
    else if (room === "input_audio_buffer") this.takeAudio(event, rest.join("."));
    else if (room === "conversation") this.takeItem(event, rest.join("."));
    else if (event.type === "session.resync_required") this.resync(event.items);
    else if (event.type === "error" && !HARMLESS.has(event.error.code)) this.problem(event.error.message);
    this.tellPhase();
  }

  takeAudio(event, kind) {
    if (kind === "speech_started") {
      void this.silence();
      const turn = this.newTurn({ status: "listening", isPartial: true });
      this.own(turn, event.item_id);
      turn.itemIds.push(event.item_id);
      this.changed(turn);
    } else if (kind === "speech_stopped") {
      const turn = this.byItem.get(event.item_id);
      if (!turn) return;
      // `audio_end_ms` has the hold in it; how long that was is only known where the settings say so.
      const isFixed = this.settings.vad === "server_vad";
      turn.latency.hold = isFixed
        ? this.settings.silenceMs + Math.max(0, this.sentMs - event.audio_end_ms)
        : this.sentMs - this.voicedMs;
      turn.endedAt = performance.now() - turn.latency.hold;
      this.changed(turn);
    } else if (kind === "committed") {
      const turn = this.byItem.get(event.item_id) ?? this.newTurn({ isPartial: true });
      if (!turn.itemIds.includes(event.item_id)) turn.itemIds.push(this.own(turn, event.item_id));
      turn.status = "waiting";
      turn.endedAt ??= this.commitAt ?? performance.now();
      this.usePicture(turn);
      this.changed(turn);
    }
  }

  takeItem(event, kind) {
    const turn = this.byItem.get(event.item_id ?? event.item?.id);
    if (!turn) return;
    if (kind === "item.input_audio_transcription.delta") {
      turn.text += event.delta;
      turn.partials += 1;
    } else if (kind === "item.input_audio_transcription.completed") {
      turn.text = event.transcript;
      turn.isPartial = false;
    } else if (kind === "item.input_audio_transcription.failed") {
      turn.isPartial = false;
      turn.error = event.error.message;
    } else if (kind === "item.truncated") {
      this.session.send({ type: "conversation.item.retrieve", item_id: event.item_id });
      return;
    } else if (kind === "item.retrieved") {
      const reply = turn.replies.find(({ itemId }) => itemId === event.item.id);
      if (reply) reply.heard = words(event.item);
    } else {
      return;
    }
    this.changed(turn);
  }

  takePerception(event, kind) {
    const turn = this.byResponse.get(this.activeResponse) ?? this.turns.at(-1);
    if (kind === "fusion.updated") {
      this.dispatchEvent(new CustomEvent("gate", { detail: event.weights }));
    } else if (kind === "vision.frame_encoded" && !event.skipped) {
      this.sightMs = event.latency_ms;
      this.dispatchEvent(new Event("sight"));
    } else if (kind === "latency" && turn) {
      turn.latency[event.stage] ??= turn.begunMs + event.ms;
      this.changed(turn);
    }
  }

  takeAnswer(event) {
    if (event.type === "response.created") {
      const turn = this.expecting ?? this.turns.at(-1) ?? this.newTurn({});
      this.expecting = null;
      this.activeResponse = event.response.id;
      this.byResponse.set(event.response.id, turn);
      turn.status = "answering";
      turn.endedAt ??= performance.now();
      turn.begunMs = performance.now() - turn.endedAt; // what the server measures counts from here
      this.changed(turn);
      return;
    }
    const turn = this.byResponse.get(event.response_id ?? event.response?.id);
    if (!turn) return;
    const kind = event.type.slice("response.".length);
    if (kind === "output_item.added") {
      turn.itemIds.push(this.own(turn, event.item.id));
      if (event.item.type === "message") turn.replies.push({ itemId: event.item.id, text: "", heard: null });
    } else if (kind === "reasoning_text.delta") {
      turn.reasoning += event.delta;
    } else if (kind === "output_text.delta" || kind === "output_audio_transcript.delta") {
      const reply = turn.replies.find(({ itemId }) => itemId === event.item_id);
      if (reply) reply.text += event.delta;
      turn.latency.shown ??= performance.now() - turn.endedAt;
    } else if (kind === "output_audio.delta") {
      this.hasSpoken = true;
      void this.speaker.push(event.item_id, event.delta);
      return;
    } else if (kind === "output_audio.done") {
      void this.speaker.end(event.item_id);
      return;
    } else if (kind === "function_call_arguments.done") {
      this.callTool(turn, event);
    } else if (kind === "done") {
      this.finish(turn, event.response);
    } else {
      return;
    }
    this.changed(turn);
  }

  callTool(turn, { call_id: callId, name, arguments: args }) {
    const result = this.car.call(name, args);
    turn.calls.push({ callId, name, args, result });
    const item = { id: this.own(turn), type: "function_call_output", call_id: callId, output: JSON.stringify(result) };
    turn.itemIds.push(item.id);
    turn.owes = true;
    this.session.send({ type: "conversation.item.create", item });
  }

  finish(turn, response) {
    if (this.activeResponse === response.id) this.activeResponse = null;
    this.byResponse.delete(response.id);
    const owes = turn.owes;
    turn.owes = false;
    if (response.status === "failed") {
      turn.status = "failed";
      turn.error = response.status_details?.error?.message ?? "";
    } else if (response.status === "cancelled") {
      turn.status = "interrupted";
    } else if (owes && turn.followUps < MAX_FOLLOW_UPS) {
      turn.followUps += 1;
      this.respond(turn);
    } else {
      turn.status = turn.status === "interrupted" ? turn.status : "done";
    }
    this.settle();
  }

  onSound(item) {
    const turn = this.byItem.get(item);
    if (turn) {
      turn.latency.heard ??= performance.now() - turn.endedAt;
      this.changed(turn);
    }
    this.tellPhase();
  }

  // --- Coming and going ----------------------------------------------------------------------------------------------

  /** The session is over; what was said stays to be read. */
  lost() {
    void this.speaker.stop();
    for (const turn of this.turns) {
      if (["listening", "waiting", "answering"].includes(turn.status)) {
        turn.status = "interrupted";
        turn.isPartial = false;
        this.changed(turn);
      }
    }
    if (this.turns.length) this.dispatchEvent(new Event("divider"));
    this.begin();
    this.tellPhase();
  }

  /** Events were missed for good: take the texts as the server has them. */
  resync(items) {
    for (const item of items) {
      const turn = this.byItem.get(item.id);
      if (!turn || item.type !== "message") continue;
      const reply = turn.replies.find(({ itemId }) => itemId === item.id);
      if (reply) reply.text = words(item);
      else if (item.role === "user") [turn.text, turn.isPartial] = [words(item) || turn.text, false];
    }
    for (const turn of this.turns) {
      if (["listening", "waiting"].includes(turn.status)) turn.status = "done";
      this.changed(turn);
    }
  }

  /**
   * With the car, a turn that is over leaves the model's memory: nano reads an order right when it stands alone, and
   * takes earlier orders for part of it.
   */
  settle() {
    if (!this.settings?.car || this.speaker.isPlaying || this.activeResponse) return;
    for (const turn of this.turns) {
      if (!turn.calls.length || turn.isForgotten || !["done", "interrupted"].includes(turn.status)) continue;
      turn.isForgotten = true;
      for (const itemId of turn.itemIds) {
        this.byItem.delete(itemId);
        this.session.send({ type: "conversation.item.delete", item_id: itemId });
      }
    }
    this.tellPhase();
  }

  respond(turn) {
    this.expecting = turn;
    this.session.send({ type: "response.create" });
  }

  newTurn(fields) {
    const turn = newTurn(fields);
    this.turns.push(turn);
    return turn;
  }

  usePicture(turn) {
    if (!this.picture) return;
    turn.picture = this.picture.thumbnail;
    this.picture = null;
  }

  own(turn, itemId = newId()) {
    this.byItem.set(itemId, turn);
    return itemId;
  }

  changed(turn) { this.dispatchEvent(new CustomEvent("turn", { detail: turn })); }

  problem(message) { this.dispatchEvent(new CustomEvent("problem", { detail: message })); }

  tellPhase() { this.dispatchEvent(new Event("phase")); }
}
