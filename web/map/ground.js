// What lies below the reps: the heat of visits, territories, fences, sites by tier, a day's planned route and driven track.

import { DrawnLayer } from "./drawn_layer.js";

const SITE_NAMES_FROM_ZOOM = 15;
const FENCES_FROM_ZOOM = 13;
const TIER_SIZES = { A: 3.6, B: 2.6, C: 1.8 };
const METRES_PER_PIXEL = 156_543.034;

export class Ground {
  #colour;
  #what = { heat: [], sites: [], fences: false, territories: [], track: null, routes: [], replay: null };

  constructor(colour) {
    this.#colour = colour;
    this.layer = new DrawnLayer((context, view) => this.#paint(context, view), "ground");
  }

  show(what) {
    Object.assign(this.#what, what);
    this.layer.redraw();
  }

  recolour() {
    this.layer.redraw();
  }

  #paint(context, view) {
    const { heat, territories, sites, fences, routes, track, replay } = this.#what;
    this.#heat(context, view, heat);
    for (const each of territories) this.#territory(context, view, each);
    if (fences && view.zoom >= FENCES_FROM_ZOOM) this.#fences(context, view, sites);
    this.#sites(context, view, sites);
    for (const each of routes) this.#route(context, view, each);
    if (track) this.#track(context, view, track);
    if (replay) this.#replay(context, view, replay);
  }

  /** Edges on whole pixels, so that no light falls between neighbours. */
  #heat(context, { point, size }, squares) {
    context.globalAlpha = 0.6;
    for (const { southWest, northEast, tone } of squares) {
      const [left, bottom] = point(southWest).map(Math.round);
      const [right, top] = point(northEast).map(Math.round);
      if (right < 0 || bottom < 0 || left > size.x || top > size.y) continue;
      context.fillStyle = this.#colour(`heat-${tone}`);
      context.fillRect(left, top, Math.max(right - left, 2), Math.max(bottom - top, 2));
    }
    context.globalAlpha = 1;
  }

  #territory(context, { point }, { name, corners }) {
    const flat = corners.map(point);
    trace(context, flat, true);
    context.fillStyle = this.#colour("serve");
    context.globalAlpha = 0.06;
    context.fill();
    context.globalAlpha = 0.75;
    context.setLineDash([10, 4, 2, 4]);
    context.lineWidth = 1.5;
    context.strokeStyle = this.#colour("serve-ink");
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
    const [x, y] = [0, 1].map((axis) => flat.reduce((sum, each) => sum + each[axis], 0) / flat.length);
    this.#write(context, name, x, y, { colour: "serve-ink", align: "center" });
  }

  #fences(context, { point, zoom, size }, sites) {
    context.lineWidth = 1;
    context.strokeStyle = this.#colour("serve-ink");
    context.fillStyle = this.#colour("serve");
    for (const { at, radiusM } of sites) {
      const [x, y] = point(at);
      const radius = radiusM / metresPerPixel(at[0], zoom);
      if (x < -radius || y < -radius || x > size.x + radius || y > size.y + radius) continue;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.globalAlpha = 0.07;
      context.fill();
      context.globalAlpha = 0.5;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #sites(context, { point, zoom, size }, sites) {
    const grow = Math.max(0.6, Math.min(1.6, (zoom - 8) / 4));
    for (const { at, tier, name } of sites) {
      const [x, y] = point(at);
      if (x < 0 || y < 0 || x > size.x || y > size.y) continue;
      const half = TIER_SIZES[tier] * grow;
      context.fillStyle = this.#colour(tier === "A" ? "surface" : "line-strong");
      context.strokeStyle = this.#colour("ink-3");
      context.lineWidth = 1.5;
      context.beginPath();
      context.rect(x - half, y - half, 2 * half, 2 * half);
      context.fill();
      if (tier !== "C") context.stroke();
      if (zoom >= SITE_NAMES_FROM_ZOOM) this.#write(context, name, x, y + half + 9, { colour: "ink-2", align: "center", weight: 500 });
    }
  }

  /** The way as dots between numbered stops; a thin one, of many that are seen together, has a name instead. */
  #route(context, view, { lines, stops, name = "", thin = false, faint = false }) {
    const { point } = view;
    context.globalAlpha = faint ? 0.25 : 1;
    for (const line of lines) {
      trace(context, line.map(point));
      context.lineWidth = thin ? 3 : 5;
      context.strokeStyle = this.#colour("surface");
      context.stroke();
      context.setLineDash(thin ? [] : [2, 7]);
      context.lineCap = "round";
      context.lineWidth = thin ? 1.5 : 3;
      context.strokeStyle = this.#colour("serve-ink");
      context.stroke();
      context.setLineDash([]);
      context.lineCap = "butt";
    }
    stops.forEach(({ at }, index) => this.#stop(context, point(at), index + 1, thin ? 4 : 10));
    if (thin && stops.length > 0 && !faint) {
      const [x, y] = point(stops[Math.floor(stops.length / 2)].at);
      this.#write(context, name, x + 9, y, { colour: "ink", align: "left" });
    }
    context.globalAlpha = 1;
  }

  #stop(context, [x, y], number, half) {
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, half / 2);
    context.fillStyle = this.#colour("serve");
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = this.#colour("surface");
    context.stroke();
    if (half < 10) return;
    context.font = `600 12px ${this.#colour("family")}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = this.#colour("on-strong");
    context.fillText(String(number), x, y + 0.5);
    context.textAlign = "left";
  }

  /** Segments are lines. A gap is none: both its ends are closed off and it says how long nothing was known. */
  #track(context, { point }, { segments, gaps }) {
    for (const segment of segments) {
      const flat = segment.map(point);
      trace(context, flat);
      context.lineJoin = "round";
      context.lineCap = "round";
      context.lineWidth = 7;
      context.strokeStyle = this.#colour("surface");
      context.stroke();
      context.lineWidth = 3.5;
      context.strokeStyle = this.#colour("guide-ink");
      context.stroke();
      context.lineCap = "butt";
    }
    for (const { from, until, words } of gaps) {
      const [a, b] = [point(from), point(until)];
      const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
      for (const [x, y] of [a, b]) {
        context.beginPath();
        context.moveTo(x - 8 * Math.sin(angle), y + 8 * Math.cos(angle));
        context.lineTo(x + 8 * Math.sin(angle), y - 8 * Math.cos(angle));
        context.lineWidth = 3;
        context.strokeStyle = this.#colour("ink-2");
        context.stroke();
      }
      if (Math.hypot(b[0] - a[0], b[1] - a[1]) > 60) {
        this.#write(context, words, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, { colour: "ink-2", align: "center", weight: 500 });
      }
    }
  }

  #replay(context, { point }, { at, known }) {
    const [x, y] = point(at);
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.fillStyle = this.#colour(known ? "ink" : "surface");
    context.fill();
    context.lineWidth = 3;
    context.strokeStyle = this.#colour(known ? "surface" : "ink");
    context.stroke();
  }

  #write(context, text, x, y, { colour, align, weight = 600 }) {
    context.font = `${weight} 12px ${this.#colour("family")}`;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = this.#colour("surface");
    context.strokeText(text, x, y);
    context.fillStyle = this.#colour(colour);
    context.fillText(text, x, y);
    context.textAlign = "left";
  }
}

export const metresPerPixel = (latitude, zoom) => (METRES_PER_PIXEL * Math.cos((latitude * Math.PI) / 180)) / 2 ** zoom;

function trace(context, flat, closed = false) {
  context.beginPath();
  flat.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  if (closed) context.closePath();
}
