// One rep's day: the state in words, what was planned and driven, the visits, and a replay by a slider.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { now } from "../../api/server_time.js";
import { Icon } from "../../frame/icons.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { clock, day, distance, localDate, metres, span, words } from "../../frame/words.js";
import { DATUM, pair } from "../../map/canvas_map.js";
import { sayState, Shape } from "../../map/states.js";
import { Replay } from "./replay.js";
import { sayGap, trackOf } from "./track.js";

const t = words({
  close: ["Close", "关闭"],
  day: ["Day", "日期"],
  today: ["Today", "今天"],
  shift: ["Shift", "班次"],
  since: ["since {from}", "{from} 起"],
  fromTo: ["{from} to {to}", "{from} 至 {to}"],
  none: ["none", "无"],
  driven: ["Driven", "实际行驶"],
  planned: ["Planned", "计划行驶"],
  gaps: ["Not known", "未知路段"],
  seen: ["Last position", "最后定位"],
  accuracy: ["{time}, within {m}", "{time}，误差 {m}"],
  battery: ["Battery", "电量"],
  visits: ["Visits", "拜访"],
  noVisits: ["No visits that day", "当天没有拜访"],
  noVisitsWhy: ["Nothing was planned or done. A plan for the day brings visits here.", "没有计划或完成的拜访。发布当天计划后会显示在这里。"],
  watched: ["{name} can see that you looked.", "{name}可以看到您查看过。"],
  verified: ["verified", "已核实"],
  PLANNED: ["planned", "待访"],
  OPEN: ["there now", "拜访中"],
  DONE: ["done", "已完成"],
  TOUCH: ["too short", "时间过短"],
  MISSED: ["missed", "错过"],
  CANCELLED: ["cancelled", "已取消"],
  RESCHEDULED: ["moved", "已改期"],
  AUTO_CLOSED: ["not checked out", "未签退"],
});

const TONES = { OPEN: "serve", DONE: "guide", MISSED: "warn", TOUCH: "warn", AUTO_CLOSED: "warn" };
const DAY_MS = 86_400_000;

const daySpan = (date) => {
  // A day's visits by any zone lie within a day and a half around its noon in UTC; what is of other dates is left out.
  const noon = Date.parse(`${date}T12:00:00Z`);
  return [new Date(noon - 1.1 * DAY_MS).toISOString(), new Date(noon + 1.1 * DAY_MS).toISOString()];
};

async function readDay(repId, date, zone) {
  const [from, before] = daySpan(date);
  const { track, routePlans, visits } = await ask("map/Day", { repId, date, from, before, datum: DATUM });
  const ofDay = visits.nodes.filter((each) => localDate(each.openedAt ?? each.scheduledAt, zone) === date);
  ofDay.sort((a, b) => (a.openedAt ?? a.scheduledAt).localeCompare(b.openedAt ?? b.scheduledAt));
  return { track, plan: routePlans.nodes[0] ?? null, visits: ofDay };
}

function draw(map, { track, plan }) {
  map.showGround({
    track: track && {
      segments: track.segments.map(({ points }) => points.map(({ location }) => pair(location))),
      gaps: track.gaps.map((gap, index) => ({
        from: pair(track.segments[index].points.at(-1).location),
        until: pair(track.segments[index + 1].points[0].location),
        words: sayGap(gap),
      })),
    },
    routes: plan === null ? [] : [{
      lines: (plan.legs ?? []).map(({ line }) => line.coordinates.map(([longitude, latitude]) => [latitude, longitude])),
      stops: plan.stops.filter(({ site }) => site).map(({ site }) => ({ at: pair(site.location) })),
    }],
  });
}

const placesOf = ({ track, plan }) => [
  ...(track?.segments ?? []).flatMap(({ points }) => points.map(({ location }) => pair(location))),
  ...(plan?.stops ?? []).filter(({ site }) => site).map(({ site }) => pair(site.location)),
];

function VisitRow({ visit, zone }) {
  const begun = visit.openedAt ?? visit.plannedStartAt ?? visit.scheduledAt;
  return html`
    <li class="visit">
      <span class="at">${clock(begun, zone)}</span>
      <span class="where"><b>${visit.site?.name}</b>${visit.dwellSeconds != null && html`<span class="quiet small"> ${span(visit.dwellSeconds)}</span>`}</span>
      <span class="tag ${TONES[visit.state] ?? ""}">${t(visit.state)}${visit.verified ? ` · ${t("verified")}` : ""}</span>
    </li>`;
}

function Facts({ entry, data, zone }) {
  const { latest } = entry;
  const { track, plan } = data;
  const planned = track?.plannedM ?? plan?.distanceM ?? null;
  return html`
    <dl class="facts">
      <dt>${t("shift")}</dt>
      <dd>${track?.startedAt ? (track.endedAt ? t("fromTo", { from: clock(track.startedAt, zone), to: clock(track.endedAt, zone) }) : t("since", { from: clock(track.startedAt, zone) })) : t("none")}</dd>
      ${planned != null && html`<dt>${t("planned")}</dt><dd>${metres(planned)}</dd>`}
      ${track && html`<dt>${t("driven")}</dt><dd>${metres(track.drivenM)}</dd>`}
      ${track?.gaps.length > 0 && html`<dt>${t("gaps")}</dt><dd>${metres(track.gapM)}</dd>`}
      ${latest && html`<dt>${t("seen")}</dt><dd>${t("accuracy", { time: distance(latest.at, now()), m: metres(latest.accuracyM) })}</dd>`}
      ${latest?.batteryPct != null && html`<dt>${t("battery")}</dt><dd>${Math.round(latest.batteryPct)} %</dd>`}
    </dl>`;
}

export function RepDay({ map, entry, onClose }) {
  const zone = entry.person?.timeZone;
  const today = localDate(now(), zone);
  const [date, setDate] = useState(today);
  // A visit that opens or ends changes the day at once; positions come along with the next look.
  const read = useRead(() => readDay(entry.personId, date, zone), [entry.personId, date, entry.openVisit?.id], { everyMs: date === today ? 30_000 : null });
  const fitted = useRef(null);
  useEffect(() => {
    if (read.data === null) return;
    draw(map, read.data);
    // Once for each day that is opened: what comes later must not move the map away under the reader.
    if (fitted.current !== date) map.fit(placesOf(read.data));
    fitted.current = date;
  }, [read.data]);
  useEffect(() => () => map.showGround({ track: null, routes: [], replay: null }), []);
  const earliest = localDate(now() - 59 * DAY_MS, zone);
  return html`
    <aside class="rep-day" aria-label=${entry.person?.name}>
      <header>
        <div><h2>${entry.person?.name}</h2><p class="state-line"><${Shape} state=${entry.state} />${sayState(entry.state)}</p></div>
        <button class="button bare" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("day")}>
        <label class="date"><span class="quiet">${t("day")}</span>
          <input class="input" type="date" value=${date} min=${earliest} max=${today} required onChange=${(event) => event.target.value && setDate(event.target.value)} />
          <span class="quiet small">${date === today ? t("today") : day(`${date}T12:00:00Z`, "UTC")}</span></label>
        <${Shown} of=${read} rows=${7}>${(data) => html`
          <${Facts} entry=${entry} data=${data} zone=${zone} />
          ${data.track?.segments.length > 0 && html`<${Replay} map=${map} track=${trackOf(data.track)} visits=${data.visits} zone=${zone} key=${date} />`}
          <h3>${t("visits")}</h3>
          ${data.visits.length === 0 ? html`<${Nothing} title=${t("noVisits")}>${t("noVisitsWhy")}<//>` : html`
            <ol class="visits">${data.visits.map((each) => html`<${VisitRow} visit=${each} zone=${zone} key=${each.id} />`)}</ol>`}`}
        <//>
      </div>
      <p class="quiet small note">${t("watched", { name: entry.person?.name })}</p>
    </aside>`;
}
