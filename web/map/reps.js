// The reps on the map: glides each from where it was to where it is, and writes names where there is room.

import { DrawnLayer } from "./drawn_layer.js";
import { paintShape } from "./states.js";

const SIZE = 22;
const GLIDE_MS = 900;
const LONGEST_GLIDE_PX = 240;
const NAMES_FROM_ZOOM = 12;
const MOST_NAMES = 120;
const REACH_PX = 16;

export class Reps {
  #reps = new Map();
  #sprites = new Map();
  #widths = new Map();
  #chosen = null;
  #hovered = null;
  #dimmed = false;
  #places = [];
  #colour;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(colour) {
    this.#colour = colour;
    this.layer = new DrawnLayer((context, view) => this.#paint(context, view), "reps");
  }

  /** Each `{ id, name, state, at: [latitude, longitude], heading }`; those without a place are left out. */
  show(reps) {
    const time = performance.now();
    const known = this.#reps;
    this.#reps = new Map();
    for (const rep of reps) {
      const old = known.get(rep.id);
      const from = old ? where(old, time) : rep.at;
      const moved = old && (old.at[0] !== rep.at[0] || old.at[1] !== rep.at[1]);
      this.#reps.set(rep.id, { ...rep, from: moved ? from : (old?.from ?? rep.at), since: moved ? time : (old?.since ?? -GLIDE_MS) });
    }
    this.layer.redraw();
  }

  mark({ chosen = this.#chosen, hovered = this.#hovered, dimmed = this.#dimmed }) {
    this.#chosen = chosen;
    this.#hovered = hovered;
    this.#dimmed = dimmed;
    this.layer.redraw();
  }

  recolour() {
    this.#sprites.clear();
    this.layer.redraw();
  }

  /** The rep at a pixel of the map, or null. */
  at(x, y) {
    let best = null;
    let nearest = REACH_PX ** 2;
    for (const [id, px, py] of this.#places) {
      const squared = (px - x) ** 2 + (py - y) ** 2;
      if (squared <= nearest) [best, nearest] = [id, squared];
    }
    return best;
  }

  #sprite(state) {
    if (!this.#sprites.has(state)) {
      const scale = devicePixelRatio || 1;
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = (SIZE + 8) * scale;
      const context = canvas.getContext("2d");
      context.scale(scale, scale);
      context.translate(4, 4);
      paintShape(context, state, SIZE, this.#colour);
      this.#sprites.set(state, canvas);
    }
    return this.#sprites.get(state);
  }

  #paint(context, { point, size, zoom, time }) {
    let gliding = false;
    const drawn = [];
    for (const rep of this.#reps.values()) {
      let [x, y] = point(rep.at);
      const share = (time - rep.since) / GLIDE_MS;
      if (share < 1 && !this.#calm.matches) {
        const [fx, fy] = point(rep.from);
        if (Math.hypot(x - fx, y - fy) < LONGEST_GLIDE_PX) {
          const eased = 1 - (1 - Math.max(0, share)) ** 2;
          [x, y] = [fx + (x - fx) * eased, fy + (y - fy) * eased];
          gliding = true;
        }
      }
      if (x > -40 && y > -40 && x < size.x + 40 && y < size.y + 40) drawn.push({ rep, x, y });
    }
    const first = (id) => (id === this.#chosen ? 2 : id === this.#hovered ? 1 : 0);
    drawn.sort((a, b) => first(a.rep.id) - first(b.rep.id) || a.y - b.y);
    context.globalAlpha = 1;
    for (const { rep, x, y } of drawn) {
      const chosen = rep.id === this.#chosen;
      context.globalAlpha = this.#dimmed && !chosen ? 0.35 : 1;
      if (chosen) this.#halo(context, x, y);
      if (rep.heading != null && rep.state === "LIVE") this.#wedge(context, x, y, rep.heading);
      const half = (SIZE + 8) / 2;
      context.drawImage(this.#sprite(rep.state), x - half, y - half, SIZE + 8, SIZE + 8);
    }
    this.#names(context, drawn.reverse(), zoom);
    this.#places = drawn.map(({ rep, x, y }) => [rep.id, x, y]);
    return gliding;
  }

  #halo(context, x, y) {
    context.beginPath();
    context.arc(x, y, 17, 0, 2 * Math.PI);
    context.fillStyle = this.#colour("surface");
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = this.#colour("ink");
    context.stroke();
  }

  #wedge(context, x, y, heading) {
    context.save();
    context.translate(x, y);
    context.rotate((heading * Math.PI) / 180);
    context.beginPath();
    context.moveTo(0, -15);
    context.lineTo(5, -8);
    context.lineTo(-5, -8);
    context.closePath();
    context.fillStyle = this.#colour("guide");
    context.fill();
    context.restore();
  }

  /** Names from the most important down, each only where it covers no other name or rep. */
  #names(context, drawn, zoom) {
    const all = zoom >= NAMES_FROM_ZOOM || drawn.length <= 40;
    context.font = `600 12px ${this.#colour("family")}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = this.#colour("surface");
    context.fillStyle = this.#colour("ink");
    const taken = [];
    let written = 0;
    for (const { rep, x, y } of drawn) {
      const marked = rep.id === this.#chosen || rep.id === this.#hovered;
      if (!marked && (!all || written === MOST_NAMES)) continue;
      const width = this.#width(context, rep.name);
      const left = x + (rep.id === this.#chosen ? 21 : 15);
      const box = [left - 2, y - 8, left + 2 + width, y + 8];
      if (!marked && taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      written += 1;
      context.globalAlpha = this.#dimmed && !marked ? 0.35 : 1;
      context.strokeText(rep.name, left, y);
      context.fillText(rep.name, left, y);
    }
    context.globalAlpha = 1;
  }

  #width(context, name) {
    if (!this.#widths.has(name)) this.#widths.set(name, context.measureText(name).width);
    return this.#widths.get(name);
  }
}

function where({ at, from, since }, time) {
  const share = Math.min(1, (time - since) / GLIDE_MS);
  const eased = 1 - (1 - share) ** 2;
  return [from[0] + (at[0] - from[0]) * eased, from[1] + (at[1] - from[1]) * eased];
}
