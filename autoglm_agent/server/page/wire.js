// What the conversation is made of: the events the page sends, and the turns it shows.

import { TOOLS } from "./tools.js";

const EVENTS = ["response.reasoning_text", "autoglm.fusion.updated", "autoglm.vision.frame_encoded", "autoglm.latency"];
const MAX_OUTPUT_TOKENS = 512; // the longest answers have below 100; one that does not end is stopped here

/**
 * @typedef {object} Turn
 * @property {"listening" | "waiting" | "answering" | "done" | "interrupted" | "failed"} status
 * @property {string} text what the user said or wrote; a partial while `isPartial`
 * @property {{itemId: string, text: string, heard: string | null}[]} replies `heard`: what is left after an interruption
 * @property {{callId: string, name: string, args: string, result: object}[]} calls
 * @property {Record<string, number>} latency milliseconds by stage, from the end of what the user said; `hold`: of silence
 */

/** A turn of which nothing is known yet. @returns {Turn} */
export function newTurn(fields) {
  return {
    text: "", isPartial: false, partials: 0, status: "waiting", picture: null, reasoning: "", replies: [], calls: [],
    latency: {}, error: "", itemIds: [], followUps: 0, endedAt: undefined, begunMs: 0, ...fields,
  };
}

/** The `session.update` for the page's settings. The voice is fixed once something was said with it. */
export function sessionUpdate(settings, { mayChooseVoice }) {
  return {
    type: "session.update",
    session: {
      type: "realtime",
      output_modalities: [settings.speak ? "audio" : "text"],
      max_output_tokens: MAX_OUTPUT_TOKENS,
      tools: settings.car ? TOOLS : [],
      audio: {
        input: { transcription: { model: "nano" }, turn_detection: turnDetection(settings) },
        output: mayChooseVoice ? { voice: settings.voice } : {},
      },
      autoglm: { enable_thinking: settings.think, chunk_ms: settings.chunkMs, events: EVENTS },
    },
  };
}

/** Null: turns are ended by hand. */
function turnDetection({ vad, silenceMs, eagerness }) {
  if (vad === "manual") return null;
  return vad === "semantic_vad" ? { type: vad, eagerness } : { type: vad, silence_duration_ms: silenceMs };
}

/** The event that adds a user's message of one part. */
export function message(id, part) {
  return { type: "conversation.item.create", item: { id, type: "message", role: "user", content: [part] } };
}

/** An id for an item of ours, at most 32 characters. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `item_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The words of a message item. */
export function words(item) {
  return item.content.map((part) => part.text ?? part.transcript ?? "").join("");
}
