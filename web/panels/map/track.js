// A rep's track through a day as something to ask: where was the rep at a time, and was that known?

import { metres, span, words } from "../../frame/words.js";
import { pair } from "../../map/canvas_map.js";

const t = words({
  SILENT: ["silent for {span}", "静默 {span}"],
  ON_BREAK: ["break of {span}", "休息 {span}"],
  JUMP: ["{distance} not recorded", "{distance} 未记录"],
});

export function sayGap({ reason, fromAt, untilAt, distanceM }) {
  return t(reason, { span: span((new Date(untilAt) - new Date(fromAt)) / 1000), distance: metres(distanceM) });
}

export function trackOf({ segments, gaps }) {
  const lines = segments.map(({ points }) => points.map(({ at, location }) => [Date.parse(at), pair(location)]));
  return {
    begins: lines[0][0][0],
    ends: lines.at(-1).at(-1)[0],
    lines,
    gaps: gaps.map((gap) => ({ from: Date.parse(gap.fromAt), until: Date.parse(gap.untilAt), words: sayGap(gap) })),
  };
}

/** `{ at, known, words }`: in a gap the last place before it, said to be unknown since; between fixes on their line. */
export function whereAt({ lines, gaps }, time) {
  let last = lines[0][0][1];
  for (const line of lines) {
    if (time < line[0][0]) {
      const gap = gaps.find(({ from, until }) => from <= time && time <= until);
      return { at: last, known: false, words: gap?.words ?? "" };
    }
    if (time <= line.at(-1)[0]) return { at: between(line, time), known: true, words: "" };
    last = line.at(-1)[1];
  }
  return { at: last, known: true, words: "" };
}

function between(line, time) {
  let [low, high] = [0, line.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (line[middle][0] <= time) low = middle;
    else high = middle;
  }
  const [[from, a], [until, b]] = [line[low], line[high]];
  const share = until === from ? 0 : (time - from) / (until - from);
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}
