// What went wrong, in words, and what to do about it: one notice at a time, the newest.

import { setText } from "./dom.js";
import { t } from "./strings.js";

const SHORT_MS = 4000; // good news needs no dismissal

/** The banner under the bar. */
export class Notices {
  constructor({ box, text, act, close }) {
    Object.assign(this, { box, text, act, closeButton: close });
    this.timer = 0;
    close.addEventListener("click", () => this.clear());
    act.addEventListener("click", () => this.action?.());
  }

  /** @param {string} key of the words @param {{kind?, values?, action?: [string, () => void], isShort?}} options */
  show(key, { kind = "problem", values = [], action = null, isShort = false } = {}) {
    this.clear();
    this.key = key;
    this.values = values;
    this.action = action?.[1] ?? null;
    this.actionKey = action?.[0] ?? null;
    this.box.dataset.kind = kind;
    this.box.dataset.key = key;
    this.box.hidden = false;
    this.translate();
    if (isShort) this.timer = setTimeout(() => this.clear(), SHORT_MS);
  }

  /**
   * A notice that counts down and then tries again.
   * @param {() => void} again
   */
  countDown(key, seconds, again) {
    const tryAgain = () => { this.clear(); again(); };
    const step = (left) => {
      if (left <= 0) return tryAgain();
      if (this.box.hidden || this.key !== key) this.show(key, { values: [left], action: ["try_now", tryAgain] });
      this.values = [left];
      this.translate();
      this.timer = setTimeout(() => step(left - 1), 1000);
    };
    this.clear();
    step(Math.max(1, Math.ceil(seconds)));
  }

  clear(key = null) {
    if (key && this.key !== key) return;
    clearTimeout(this.timer);
    this.box.hidden = true;
    this.key = null;
  }

  translate() {
    if (!this.key) return;
    setText(this.text, t(this.key, ...this.values));
    this.act.hidden = !this.actionKey;
    if (this.actionKey) setText(this.act, t(this.actionKey));
  }
}
