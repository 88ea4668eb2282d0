// Streaming resampling and PCM. Any chunking of the input gives the same output.

const ZERO_CROSSINGS = 16; // of the windowed sinc on each side: flat to 0.9 of the band, 70 dB down beyond it
const ROLLOFF = 0.94;

/** A mono resampler with state, by windowed sinc at exact rational positions. */
export class Resampler {
  /** @param {number} from rate in Hz  @param {number} to rate in Hz */
  constructor(from, to) {
    const divisor = gcd(from, to);
    this.step = from / divisor;   // an output sample is `step / phases` input samples further on
    this.phases = to / divisor;
    this.cutoff = Math.min(1, to / from) * ROLLOFF;
    this.half = Math.ceil(ZERO_CROSSINGS / this.cutoff);
    this.filters = new Map();
    this.reset();
  }

  /** Forget what was heard: the next samples begin something new. */
  reset() {
    this.history = new Float32Array(this.half - 1);
    this.phase = 0;
    this.position = this.half - 1;
  }

  /** @param {Float32Array} samples @returns {Float32Array} what can be told by now; a few ms lag behind */
  push(samples) {
    if (this.step === this.phases) return samples;
    const input = new Float32Array(this.history.length + samples.length);
    input.set(this.history);
    input.set(samples, this.history.length);
    const out = new Float32Array(Math.max(0, Math.ceil(((input.length - this.position) * this.phases) / this.step)) + 1);
    let count = 0;
    while (this.position + this.half < input.length) {
      const filter = this.filter(this.phase);
      const start = this.position - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < filter.length; tap++) sum += filter[tap] * input[start + tap];
      out[count++] = sum;
      this.phase += this.step;
      this.position += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const keepFrom = Math.min(input.length, this.position - this.half + 1);
    this.history = input.slice(keepFrom);
    this.position -= keepFrom;
    return out.subarray(0, count);
  }

  /** What was held back, as if silence followed. */
  flush() {
    const rest = this.push(new Float32Array(this.half + 1));
    this.reset();
    return rest;
  }

  filter(phase) {
    let filter = this.filters.get(phase);
    if (!filter) {
      filter = new Float32Array(2 * this.half);
      for (let tap = 0; tap < filter.length; tap++) {
        const distance = tap - this.half + 1 - phase / this.phases;
        const window = Math.abs(distance) < this.half ? 0.5 + 0.5 * Math.cos((Math.PI * distance) / this.half) : 0;
        filter[tap] = this.cutoff * sinc(this.cutoff * distance) * window;
      }
      this.filters.set(phase, filter);
    }
    return filter;
  }
}

/** @param {Float32Array} samples in -1…1 @returns {string} base64 of s16le */
export function encodePcm(samples) {
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(2 * i, Math.round(Math.max(-1, Math.min(1, samples[i])) * 32767), true);
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** @param {string} base64 of s16le @returns {Float32Array} samples in -1…1 */
export function decodePcm(base64) {
  const text = atob(base64);
  const samples = new Float32Array(text.length >> 1);
  for (let i = 0; i < samples.length; i++) {
    const value = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
    samples[i] = (value > 32767 ? value - 65536 : value) / 32768;
  }
  return samples;
}

const gcd = (a, b) => (b ? gcd(b, a % b) : a);
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
