// Microphone and loudspeaker of the page, over one AudioContext. The wire's rate is 24 kHz; the context's is its own.

import { Resampler, decodePcm } from "./resample.js";

export const WIRE_HZ = 24000;
const PACKET_S = 0.02; // the packet of every telephone and browser

let shared = null;

/** The context, running. Call it from a click or a key first: browsers start sound only then. */
export async function audioContext() {
  if (!shared) {
    const context = new AudioContext({ latencyHint: "interactive" });
    shared = context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url)).then(() => context);
    shared.catch(() => { shared = null; });
    void context.resume();
  }
  const context = await shared;
  if (context.state !== "running") void context.resume();
  return context;
}

/** The microphone, or a file in its place: 24 kHz packets to `onSamples`, an `AnalyserNode` for the level. */
export class Microphone {
  /** @param {(samples: Float32Array) => void} onSamples @param {() => void} onEnd the device was taken away */
  constructor(onSamples, onEnd) {
    this.onSamples = onSamples;
    this.onEnd = onEnd;
    this.analyser = null;
    this.isOn = false;
  }

  /** Ask for the device and begin. Throws what `getUserMedia` throws; "NoDevices" where the browser has no such thing. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("not a secure page", "NoDevices");
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    const [stream, context] = await Promise.all([navigator.mediaDevices.getUserMedia({ audio }), audioContext()]);
    const blockSize = Math.round(context.sampleRate * PACKET_S);
    const resampler = new Resampler(context.sampleRate, WIRE_HZ);
    this.stream = stream;
    this.source = context.createMediaStreamSource(stream);
    this.analyser = new AnalyserNode(context, { fftSize: 512, smoothingTimeConstant: 0.6 });
    this.node = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit", processorOptions: { blockSize },
    });
    this.node.port.onmessage = ({ data }) => this.isOn && this.onSamples(resampler.push(data));
    this.source.connect(this.analyser);
    this.source.connect(this.node);
    this.isOn = true;
    stream.getAudioTracks()[0].addEventListener("ended", () => { if (this.isOn) { this.stop(); this.onEnd(); } });
  }

  stop() {
    this.isOn = false;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.source?.disconnect();
    this.node?.port.postMessage("stop");
    this.node?.disconnect();
    this.stream = this.source = this.node = this.analyser = null;
  }
}

/** The loudspeaker: plays the answer's items in order and knows, to the sample, what was heard of them. */
export class Speaker extends EventTarget {
  constructor() {
    super();
    this.analyser = null;
    this.item = null;        // what is being played
    this.playedMs = 0;       // of it
    this.totalMs = 0;        // ever played on this page
    this.queued = new Map(); // item → ms received and not yet known to be played
    this.tickets = new Map();
    this.ready = null;
  }

  async open() {
    this.ready ??= this.build();
    return this.ready;
  }

  async build() {
    const context = await audioContext();
    this.context = context;
    this.node = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.analyser = new AnalyserNode(context, { fftSize: 2048 });
    this.node.connect(this.analyser).connect(context.destination);
    this.node.port.onmessage = ({ data }) => this.receive(data);
    this.resampler = new Resampler(WIRE_HZ, context.sampleRate);
  }

  get isPlaying() { return this.queued.size > 0; }

  /** Queue a piece of an item's voice: base64 of s16le at 24 kHz. */
  async push(item, base64) {
    const samples = decodePcm(base64);
    this.queued.set(item, (this.queued.get(item) ?? 0) + (samples.length * 1000) / WIRE_HZ);
    await this.open();
    if (!this.queued.has(item)) return; // cut off while the device opened
    const push = this.resampler.push(samples);
    this.node.port.postMessage({ push: push.slice(), item });
  }

  /** No more of this item comes. */
  async end(item) {
    if (!this.queued.has(item)) return;
    await this.open();
    if (!this.queued.has(item)) return;
    this.node.port.postMessage({ push: this.resampler.flush().slice(), item });
    this.node.port.postMessage({ end: item });
  }

  /**
   * Be silent at once. Resolves to what had been heard: [{item, ms}], with 0 ms for what was queued behind it. The
   * device's own delay is taken off: what is still in its buffer was not heard.
   */
  async stop() {
    const items = [...this.queued.keys()];
    this.queued.clear();
    this.item = null;
    if (!items.length) return [];
    await this.open();
    this.resampler.reset();
    const { item, played } = await new Promise((resolve) => {
      const ticket = this.tickets.size + 1 + Math.random();
      this.tickets.set(ticket, resolve);
      this.node.port.postMessage({ clear: ticket });
    });
    const delayMs = 1000 * ((this.context.outputLatency || 0) + (this.context.baseLatency || 0));
    this.dispatchEvent(new Event("change"));
    return items.map((id) => ({ item: id, ms: id === item ? Math.max(0, this.ms(played) - delayMs) : 0 }));
  }

  receive(message) {
    if (message.cleared) {
      this.tickets.get(message.cleared)?.(message);
      this.tickets.delete(message.cleared);
      return;
    }
    if (!this.queued.has(message.item)) return;
    const isFirst = this.item !== message.item;
    if (isFirst) this.playedMs = 0;
    this.item = message.item;
    const ms = this.ms(message.played);
    this.totalMs += Math.max(0, ms - this.playedMs);
    this.playedMs = Math.max(this.playedMs, ms);
    if (isFirst) this.dispatchEvent(new CustomEvent("start", { detail: message.item }));
    if (message.done) {
      this.queued.delete(message.item);
      this.item = null;
      this.dispatchEvent(new CustomEvent("end", { detail: message.item }));
    }
    this.dispatchEvent(new Event("change"));
  }

  ms(samples) { return (samples * 1000) / this.context.sampleRate; }
}

/** How loud it is, 0…1, on a scale on which speech moves. */
export function level(analyser) {
  if (!analyser) return 0;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibel = 10 * Math.log10(sum / samples.length + 1e-9);
  return Math.max(0, Math.min(1, (decibel + 55) / 40));
}

/** A file as 24 kHz mono. Throws when the browser cannot decode it. */
export async function readSound(buffer) {
  const offline = new OfflineAudioContext(1, 1, WIRE_HZ); // decodes to its own rate
  const decoded = await offline.decodeAudioData(buffer);
  const mono = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    const samples = decoded.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / decoded.numberOfChannels;
  }
  return mono;
}
