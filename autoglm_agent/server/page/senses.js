// The panel beside the talk: what it sees, what the gate attends to, the car.

import { $, setText } from "./dom.js";
import { GateChart, PARTS } from "./chart.js";
import { t } from "./strings.js";

const THUMBNAIL = 320;

/** A small copy of what is shown, for the turn that uses it. */
export function thumbnail(source, width, height) {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, THUMBNAIL / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export class Senses {
  constructor(conversation, car) {
    this.conversation = conversation;
    this.car = car;
    this.chart = new GateChart($("chart"), (weights) => this.showWeights(weights));
    conversation.addEventListener("gate", ({ detail }) => this.chart.push(detail));
    conversation.addEventListener("sight", () => this.showSight());
    car.addEventListener("change", ({ detail }) => this.showCar(detail));
  }

  /** @param {"none" | "camera" | "picture"} kind */
  look(kind, bitmap = null) {
    this.kind = kind;
    $("video").hidden = kind !== "camera";
    $("still").hidden = kind !== "picture";
    $("sight-none").hidden = kind !== "none";
    $("sight-remove").hidden = kind !== "picture";
    $("sight").dataset.kind = kind;
    if (bitmap) {
      const still = $("still");
      const scale = Math.min(still.width / bitmap.width, still.height / bitmap.height);
      const [width, height] = [bitmap.width * scale, bitmap.height * scale];
      const context = still.getContext("2d");
      context.clearRect(0, 0, still.width, still.height);
      context.drawImage(bitmap, (still.width - width) / 2, (still.height - height) / 2, width, height);
    }
    this.conversation.sightMs = undefined;
    this.showSight();
  }

  showSight() {
    const ms = this.conversation.sightMs;
    setText($("sight-ms"), ms === undefined || this.kind === "none" ? "" : t("sight_ms", Math.round(ms)));
    $("video").setAttribute("aria-label", t("sight_camera"));
    $("still").setAttribute("aria-label", t("sight_picture"));
  }

  showWeights(weights) {
    $("gate-none").hidden = true;
    document.body.classList.add("has-gate");
    for (const part of PARTS) setText($(`w-${part}`), `${Math.round(100 * weights[part])}%`);
  }

  showCar(changed = null) {
    const { temperature, light, open } = this.car.state;
    setText($("car-climate"), `${temperature} °C`);
    setText($("car-light"), t(light ? "car_on" : "car_off"));
    const names = Object.keys(open).filter((name) => open[name]).map((name) => t(`car_${name}`));
    setText($("car-windows"), names.length ? names.join(" · ") : t("car_closed"));
    $("car").querySelector("[data-tool=light_switch]").classList.toggle("on", light);
    $("car").querySelector("[data-tool=control_window]").classList.toggle("on", names.length > 0);
    for (const row of $("car").querySelectorAll("[data-tool]")) row.classList.toggle("fresh", row.dataset.tool === changed);
  }

  translate() {
    this.showSight();
    this.showCar();
  }
}
