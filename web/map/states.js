// How the state of a rep is said and drawn: a word, a colour and a shape of its own, after road signs. A disc is under
// way, a square serves somebody, a diamond warns, and what is grey is not at work.

import { html } from "../vendor/htm-3.1.1/standalone.module.js";
import { words } from "../frame/words.js";

export const sayState = words({
  LIVE: ["Under way", "行进中"],
  IN_VISIT: ["At a customer", "拜访中"],
  RECENT: ["Seen within 15 min", "15 分钟内有定位"],
  STALE: ["Silent for over 15 min", "静默超过 15 分钟"],
  LOST: ["Silent for over an hour", "静默超过 1 小时"],
  LOW_BATTERY: ["Battery low", "电量低"],
  NO_PERMISSION: ["Location not allowed", "未授权定位"],
  APP_KILLED: ["App not running", "应用未运行"],
  NO_DATA: ["No position yet", "暂无定位"],
  PAUSED: ["On a break", "休息中"],
  OFF_DUTY: ["Off duty", "未上班"],
});

/** shape: disc, ring, square, diamond, frame (an open diamond), bars, dot; tone: a colour of styles/tokens.css. */
export const LOOKS = {
  LIVE: { shape: "disc", tone: "guide", group: "moving" },
  RECENT: { shape: "ring", tone: "guide", group: "moving" },
  IN_VISIT: { shape: "square", tone: "serve", group: "visiting" },
  STALE: { shape: "diamond", tone: "warn", group: "look" },
  LOW_BATTERY: { shape: "diamond", tone: "warn", group: "look" },
  LOST: { shape: "frame", tone: "warn", group: "look" },
  NO_PERMISSION: { shape: "frame", tone: "warn", group: "look" },
  APP_KILLED: { shape: "frame", tone: "warn", group: "look" },
  NO_DATA: { shape: "frame", tone: "warn", group: "look" },
  PAUSED: { shape: "bars", tone: "ink-3", group: "off" },
  OFF_DUTY: { shape: "dot", tone: "ink-3", group: "off" },
};

export const GROUPS = ["look", "visiting", "moving", "off"];

export const sayGroup = words({
  look: ["Needs a look", "需关注"],
  visiting: ["At a customer", "拜访中"],
  moving: ["Under way", "行进中"],
  off: ["Not at work", "未在工作"],
});

export const lookOf = (state) => LOOKS[state] ?? LOOKS.NO_DATA;

const PATHS = {
  disc: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z",
  ring: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z",
  square: "M6 3.5h8A2.5 2.5 0 0 1 16.5 6v8a2.5 2.5 0 0 1-2.5 2.5H6A2.5 2.5 0 0 1 3.5 14V6A2.5 2.5 0 0 1 6 3.5Z",
  diamond: "M10 1.8 18.2 10 10 18.2 1.8 10Z",
  frame: "M10 1.8 18.2 10 10 18.2 1.8 10Z",
  bars: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z",
  dot: "M10 6a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
};
const OPEN = new Set(["ring", "frame", "bars"]);

/** The shape beside words: `<Shape state="LIVE" />`. */
export function Shape({ state }) {
  const { shape, tone } = lookOf(state);
  return html`
    <svg class="shape" data-tone=${tone} data-open=${OPEN.has(shape) || null} viewBox="0 0 20 20" aria-hidden="true">
      <path d=${PATHS[shape]} />${shape === "bars" && html`<path d="M8 8v4m4-4v4" />`}
    </svg>`;
}

/** The same shape on a canvas of `size` pixels, with a rim that lifts it off the map. */
export function paintShape(context, state, size, colour) {
  const { shape, tone } = lookOf(state);
  const path = new Path2D(PATHS[shape]);
  context.save();
  context.scale(size / 20, size / 20);
  context.lineJoin = "round";
  context.strokeStyle = colour("surface");
  context.lineWidth = 4;
  context.stroke(path);
  context.fillStyle = OPEN.has(shape) ? colour("surface") : colour(tone);
  context.fill(path);
  if (OPEN.has(shape)) {
    context.strokeStyle = colour(tone);
    context.lineWidth = shape === "ring" ? 3.4 : 2.2;
    context.stroke(new Path2D(shape === "ring" ? "M10 4.4a5.6 5.6 0 1 0 0 11.2 5.6 5.6 0 0 0 0-11.2Z" : PATHS[shape]));
    if (shape === "bars") context.stroke(new Path2D("M8 8v4m4-4v4"));
  } else if (tone === "warn") {
    context.strokeStyle = colour("warn-ink");
    context.lineWidth = 1;
    context.stroke(path);
  }
  context.restore();
}
