// Microphone, camera, files and the examples: what the user may give, and what is said when it cannot be had.

import { $ } from "./dom.js";
import { Camera, readPicture } from "./picture.js";
import { Microphone, WIRE_HZ, readSound } from "./sound.js";
import { thumbnail } from "./senses.js";

const PIECE = WIRE_HZ / 50;     // a recording is sent as a microphone gives it, in 20 ms
const SILENCE_MS = 1200;        // behind a recording, so that the turn ends for sure

/** Events: `change` when a device went on or off. */
export class Inputs extends EventTarget {
  /** @param {{conversation, senses, notices, connect: () => Promise<boolean>}} parts */
  constructor({ conversation, senses, notices, connect }) {
    super();
    Object.assign(this, { conversation, senses, notices, connect });
    this.playing = null;
    this.microphone = new Microphone(
      (samples) => { if (!this.playing) this.conversation.hear(samples); },
      () => { notices.show("device_gone"); this.changed(); },
    );
    this.camera = new Camera(
      $("video"),
      (uri) => this.conversation.show({ uri, thumbnail: thumbnail($("video"), $("video").videoWidth, $("video").videoHeight) }),
      () => { notices.show("device_gone"); this.leaveCamera(); },
    );
    conversation.addEventListener("turn", ({ detail }) => {
      if (detail.status === "listening" && detail !== this.lookedFor) {
        this.lookedFor = detail; // the frame of this very moment, not of up to a second ago
        this.camera.look();
      }
    });
  }

  get isManual() { return this.conversation.settings.vad === "manual"; }

  async toggleMicrophone() {
    if (this.microphone.isOn) {
      this.microphone.stop();
      if (this.isManual) this.conversation.commit();
      return this.changed();
    }
    try {
      await this.microphone.start();
    } catch (error) {
      this.refused("mic", error);
      return;
    }
    if (!(await this.connect(() => this.toggleMicrophone()))) this.microphone.stop();
    else if (this.isManual) await this.conversation.stop();
    this.changed();
  }

  async toggleCamera() {
    if (this.camera.isOn) return this.leaveCamera();
    if (!(await this.connect(() => this.toggleCamera()))) return;
    try {
      await this.camera.start();
      this.senses.look("camera");
    } catch (error) {
      this.refused("camera", error);
    }
    this.changed();
  }

  leaveCamera() {
    this.camera.stop();
    this.conversation.picture = null;
    this.senses.look("none");
    this.changed();
  }

  /** A file somebody chose or dropped. */
  async take(file) {
    if (file.type.startsWith("image/")) await this.showPicture(file);
    else if (file.type.startsWith("audio/")) await this.play(await file.arrayBuffer());
    else this.notices.show("bad_file");
  }

  async showPicture(blob) {
    let picture;
    try {
      picture = await readPicture(blob);
    } catch {
      this.notices.show("bad_picture");
      return;
    }
    if (this.camera.isOn) this.leaveCamera();
    this.senses.look("picture", picture.bitmap);
    this.changed();
    const shown = { uri: picture.uri, thumbnail: thumbnail(picture.bitmap, picture.bitmap.width, picture.bitmap.height) };
    if (await this.connect()) this.conversation.show(shown);
    else this.conversation.picture = shown; // shown as soon as there is a connection
  }

  /** Send a recording as if it were being said; the microphone's own sound waits meanwhile. */
  async play(buffer) {
    let samples;
    try {
      samples = await readSound(buffer);
    } catch {
      this.notices.show("bad_sound");
      return;
    }
    await this.say(samples);
  }

  async say(samples) {
    if (!(await this.connect(() => this.say(samples)))) return;
    await this.conversation.stop();
    const ticket = {};
    this.playing = ticket;
    this.changed();
    const silence = this.isManual ? 0 : (WIRE_HZ * SILENCE_MS) / 1000;
    const all = new Float32Array(samples.length + silence);
    all.set(samples);
    const start = performance.now();
    for (let from = 0; from < all.length && this.playing === ticket; from += PIECE) {
      const wait = start + (from * 1000) / WIRE_HZ - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      this.conversation.hear(all.subarray(from, from + PIECE));
    }
    if (this.playing !== ticket) return;
    this.playing = null;
    if (this.isManual) this.conversation.commit();
    this.changed();
  }

  stopPlaying() {
    this.playing = null;
    this.changed();
  }

  /** One of the examples of the first screen. */
  async example(name, settings) {
    settings.set("car", name === "car");
    if (!(await this.connect(() => this.example(name, settings)))) return;
    if (name === "who") return this.conversation.write("你是谁？");
    const fetched = async (file) => (await fetch(new URL(`page/${file}`, document.baseURI))).blob();
    if (name === "toys") await this.showPicture(await fetched("sample.png"));
    const recording = await fetched(name === "toys" ? "sample.flac" : "car.flac");
    await this.play(await recording.arrayBuffer());
  }

  /** Say why there is no device. */
  refused(device, error) {
    const kind = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", OverconstrainedError: "missing" };
    this.notices.show(error.name === "NoDevices" ? "not_secure" : `no_${device}_${kind[error.name] ?? "busy"}`);
  }

  changed() { this.dispatchEvent(new Event("change")); }
}
