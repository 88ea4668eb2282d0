// The gate's weights as a moving picture: three bands that fill the height, the newest at the right edge.

const WINDOW_S = 16;
const EASE_S = 0.18; // a new weight is reached over this time, so that the edge glides
const IDLE_S = 2.5;  // so long after the last change the picture stands still
export const PARTS = ["text", "image", "speech"];

export class GateChart {
  /** @param {SVGSVGElement} svg with a path for each part  @param {(weights) => void} onWeights */
  constructor(svg, onWeights) {
    this.svg = svg;
    this.onWeights = onWeights;
    this.paths = Object.fromEntries(PARTS.map((part) => [part, svg.querySelector(`[data-part=${part}]`)]));
    this.points = []; // {at, text, image, speech}: `at` in seconds of movement, eased values
    this.weights = null; // the newest, as the server told them
    this.shown = null;
    this.now = 0;
    this.changedAt = -IDLE_S;
    this.frame = 0;
    this.updates = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** @param {{text: number, image: number, speech: number}} weights that sum to 1 */
  push(weights) {
    this.weights = weights;
    this.updates += 1;
    this.changedAt = this.now;
    this.onWeights(weights);
    if (!this.shown || this.calm.matches) this.shown = { ...weights };
    if (this.calm.matches) {
      this.now += 0.5;
      this.points.push({ at: this.now, ...this.shown });
      this.draw();
    } else if (!this.frame) {
      this.last = null;
      this.frame = requestAnimationFrame((ms) => this.tick(ms));
    }
  }

  /** Begin anew. */
  clear() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.points = [];
    this.weights = this.shown = null;
    this.draw();
  }

  tick(ms) {
    const passed = this.last === null ? 0 : Math.min(0.1, (ms - this.last) / 1000);
    this.last = ms;
    this.now += passed;
    const share = 1 - Math.exp(-passed / EASE_S);
    for (const part of PARTS) this.shown[part] += (this.weights[part] - this.shown[part]) * share;
    this.points.push({ at: this.now, ...this.shown });
    while (this.points.length > 2 && this.points[1].at < this.now - WINDOW_S) this.points.shift();
    this.draw();
    this.frame = this.now - this.changedAt < IDLE_S ? requestAnimationFrame((next) => this.tick(next)) : 0;
  }

  draw() {
    const { width, height } = this.svg.viewBox.baseVal;
    const x = (point) => width - ((this.now - point.at) / WINDOW_S) * width;
    let floor = this.points.map(() => 0);
    for (const part of PARTS) {
      const top = this.points.map((point, i) => floor[i] + point[part]);
      const up = this.points.map((point, i) => `${x(point).toFixed(1)} ${((1 - top[i]) * height).toFixed(1)}`);
      const down = this.points.map((point, i) => `${x(point).toFixed(1)} ${((1 - floor[i]) * height).toFixed(1)}`);
      this.paths[part].setAttribute("d", up.length > 1 ? `M${up.join("L")}L${down.reverse().join("L")}Z` : "");
      floor = top;
    }
  }
}
