// A day played again: a strip of what is known (driven, gaps, visits) and a slider over it.

import { html, useEffect, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { Icon } from "../../frame/icons.js";
import { clock, words } from "../../frame/words.js";
import { whereAt } from "./track.js";

const t = words({
  replay: ["Replay", "轨迹回放"],
  play: ["Play", "播放"],
  pause: ["Pause", "暂停"],
  time: ["Time of day", "时刻"],
  onTheWay: ["position known", "有定位"],
  legend: ["The strip: driven in green, visits in blue, hatched where nothing is known.", "色条：绿色为行驶，蓝色为拜访，斜线表示未知。"],
});

const WHOLE_DAY_MS = 20_000; // the whole strip plays in so long
const STEP_MS = 15_000;

export function Replay({ map, track, visits, zone }) {
  const [time, setTime] = useState(track.ends);
  const [playing, setPlaying] = useState(false);
  const length = Math.max(1, track.ends - track.begins);
  // A slider stops at whole steps alone, so its last one lies at the end or just behind it.
  const last = track.begins + Math.ceil(length / STEP_MS) * STEP_MS;
  const spot = whereAt(track, Math.min(time, track.ends));
  useEffect(() => {
    map.showGround({ replay: time >= track.ends ? null : spot });
  }, [time, track]);
  useEffect(() => {
    if (!playing) return undefined;
    let frame = null;
    let before = performance.now();
    const step = (stamp) => {
      const passed = ((stamp - before) / WHOLE_DAY_MS) * length;
      before = stamp;
      setTime((old) => Math.min(track.ends, old + passed));
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [playing]);
  useEffect(() => {
    if (playing && time >= track.ends) setPlaying(false);
  }, [time]);
  const toggle = () => {
    if (!playing && time >= track.ends) setTime(track.begins);
    setPlaying(!playing);
  };
  const x = (at) => Math.max(0, Math.min(1000, ((at - track.begins) / length) * 1000));
  const band = (from, until, kind) => html`<rect class=${kind} x=${x(from)} width=${Math.max(2, x(until) - x(from))} y=${kind === "stay" ? 3 : 8} height=${kind === "stay" ? 18 : 8} />`;
  const said = `${clock(time, zone)}, ${spot.known ? t("onTheWay") : spot.words}`;
  return html`
    <section class="replay" aria-label=${t("replay")}>
      <div class="line"><h3>${t("replay")}</h3><output>${clock(time, zone)}${!spot.known && html`<span class="quiet"> · ${spot.words}</span>`}</output>
        <button class="button tight" onClick=${toggle} aria-label=${playing ? t("pause") : t("play")}><${Icon} name=${playing ? "pause" : "play"} /></button></div>
      <div class="strip">
        <svg viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
          <defs><pattern id="unknown" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(35)"><line x1="0" y1="0" x2="0" y2="9" /></pattern></defs>
          ${track.lines.map((line) => band(line[0][0], line.at(-1)[0], "driven"))}
          ${track.gaps.map((gap) => band(gap.from, gap.until, "gap"))}
          ${visits.filter(({ openedAt }) => openedAt).map(({ openedAt, closedAt }) => band(Date.parse(openedAt), closedAt ? Date.parse(closedAt) : track.ends, "stay"))}
        </svg>
        <input type="range" min=${track.begins} max=${last} step=${STEP_MS} value=${time >= track.ends ? last : time} aria-label=${t("time")} aria-valuetext=${said}
          onInput=${(event) => { setPlaying(false); setTime(Math.min(track.ends, Number(event.target.value))); }} />
      </div>
      <div class="line quiet small"><span>${clock(track.begins, zone)}</span><span>${clock(track.ends, zone)}</span></div>
      <p class="unseen">${t("legend")}</p>
    </section>`;
}
