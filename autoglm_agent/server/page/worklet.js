// The audio thread: takes what the microphone hears, plays what is queued and counts what was really played.
// Rates are the context's; resampling is done outside, in `resample.js`.

const REPORT_S = 0.05;   // how often a count is sent: fine enough for a barge-in and a moving bar
const FADE_SAMPLES = 240; // 5 ms at 48 kHz: a cut without a click

/** Sends the microphone's samples in blocks of `blockSize`, mono. */
class Capture extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.block = new Float32Array(options.processorOptions.blockSize);
    this.filled = 0;
    this.alive = true;
    this.port.onmessage = () => { this.alive = false; };
  }

  process([input]) {
    const samples = input[0];
    if (!samples) return this.alive;
    for (let from = 0; from < samples.length;) {
      const count = Math.min(samples.length - from, this.block.length - this.filled);
      this.block.set(samples.subarray(from, from + count), this.filled);
      this.filled += count;
      from += count;
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block.slice());
        this.filled = 0;
      }
    }
    return this.alive;
  }
}

/**
 * Plays pieces in order. A piece belongs to an item; `played` counts the item's samples that left this queue, so a gap
 * between pieces counts for nothing. Messages in: {push, item} · {end: item} · {clear: ticket}. Messages out:
 * {item, played, done} · {cleared: ticket, item, played}.
 */
class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.offset = 0;
    this.item = null;
    this.played = 0;
    this.ended = new Set();
    this.fade = 0;
    this.last = 0;
    this.reportAt = 0;
    this.port.onmessage = ({ data }) => this.receive(data);
  }

  receive(message) {
    if (message.push) {
      this.queue.push(message);
    } else if (message.end) {
      this.ended.add(message.end);
      if (!this.queue.some((piece) => piece.item === message.end)) this.finish(message.end);
    } else if (message.clear) {
      const playing = this.queue.length > 0;
      this.queue = [];
      this.offset = 0;
      this.ended.clear();
      this.fade = playing ? FADE_SAMPLES : 0;
      this.port.postMessage({ cleared: message.clear, item: this.item, played: this.played });
      this.item = null;
    }
  }

  finish(item) {
    this.ended.delete(item);
    const played = item === this.item ? this.played : 0;
    if (item === this.item) this.item = null;
    this.port.postMessage({ item, played, done: true });
  }

  process(_inputs, [output]) {
    const out = output[0];
    let filled = 0;
    while (filled < out.length && this.queue.length) {
      const { push, item } = this.queue[0];
      if (item !== this.item) {
        this.item = item;
        this.played = 0;
        this.reportAt = 0;
      }
      const count = Math.min(out.length - filled, push.length - this.offset);
      out.set(push.subarray(this.offset, this.offset + count), filled);
      filled += count;
      this.offset += count;
      this.played += count;
      if (this.offset === push.length) {
        this.queue.shift();
        this.offset = 0;
        if (this.ended.has(item) && !this.queue.some((piece) => piece.item === item)) this.finish(item);
      }
    }
    if (filled) this.last = out[filled - 1];
    for (; filled < out.length && this.fade > 0; filled++, this.fade--) {
      out[filled] = this.last * (this.fade / FADE_SAMPLES);
    }
    for (let channel = 1; channel < output.length; channel++) output[channel].set(out);
    if (this.item && currentTime >= this.reportAt) {
      this.reportAt = currentTime + REPORT_S;
      this.port.postMessage({ item: this.item, played: this.played, done: false });
    }
    return true;
  }
}

registerProcessor("capture", Capture);
registerProcessor("playback", Playback);
