// Where visits were made in the last days, as squares under everything else, and what their colours mean.

import { html, useEffect, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { now } from "../../api/server_time.js";
import { Failed } from "../../frame/parts.js";
import { daysBefore, figure, localDate, words } from "../../frame/words.js";
import { DATUM, pair } from "../../map/canvas_map.js";

const t = words({
  title: ["Visits made", "已完成拜访"],
  period: ["Days", "天数"],
  days: ["{n} days", "近 {n} 天"],
  waiting: ["Counting", "统计中"],
  none: ["No visits in these days.", "这些天没有拜访。"],
  sum: [({ made, n }) => (made === "1" ? "1 visit" : `${made} visits`) + (n === "0" ? "" : `, ${n} missed`), ({ made, n }) => `共 ${made} 次` + (n === "0" ? "" : `，未完成 ${n} 次`)],
  elsewhere: [({ n }) => (n === "1" ? "1 is at a customer you do not see" : `${n} are at customers you do not see`), "其中 {n} 次在您无权查看的门店"],
  one: ["{n}", "{n} 次"],
  range: ["{from} to {to}", "{from} 至 {to} 次"],
});

const PERIODS = [7, 28];
const KEPT = "fieldbeat.map-heat-days";
// Few enough to have several visits in each, so that a city has a pattern rather than its customers again.
const MOST_SQUARES = 80;

function keptDays() {
  const kept = Number(localStorage.getItem(KEPT));
  return PERIODS.includes(kept) ? kept : PERIODS[0];
}

/** The highest count of each colour: one each for few visits, else an eighth, a quarter, a half and all of the most. */
export function stepsOf(most) {
  if (most <= 4) return Array.from({ length: most }, (_, index) => index + 1);
  return [...new Set([8, 4, 2, 1].map((part) => Math.round(most / part)))];
}

// Few steps are the deeper colours, as the highest always is.
const toneOf = (steps, index) => index + 1 + (4 - steps.length);

/** `{ days, choose, read, steps }`; draws the squares of the team while `shown`. */
export function useHeat(map, { shown, teamId, me }) {
  const [days, setDays] = useState(keptDays);
  const today = localDate(now(), me.timeZone);
  const read = useRead(async () => {
    if (!shown) return null;
    const asked = { since: daysBefore(today, days - 1), until: today, teamId, most: MOST_SQUARES, datum: DATUM };
    return (await ask("map/Heat", asked)).visitHeat;
  }, [shown, days, teamId, today]);
  const squares = shown ? (read.data?.squares ?? []).filter(({ made }) => made > 0) : [];
  const steps = squares.length > 0 ? stepsOf(squares[0].made) : [];
  useEffect(() => {
    map?.showGround({
      heat: squares.map(({ southWest, northEast, made }) => ({
        southWest: pair(southWest), northEast: pair(northEast), tone: toneOf(steps, steps.findIndex((step) => made <= step)),
      })),
    });
  }, [map, shown, read.data]);
  const choose = (chosen) => {
    localStorage.setItem(KEPT, String(chosen));
    setDays(chosen);
  };
  return { days, choose, read, steps };
}

export function HeatKey({ heat: { days, choose, read, steps } }) {
  const { data, error, reload } = read;
  const ranges = steps.map((to, index) => ({ from: (steps[index - 1] ?? 0) + 1, to, tone: toneOf(steps, index) }));
  return html`
    <section class="heat-key" aria-label=${t("title")}>
      <header><h2>${t("title")}</h2>
        <div class="choice" role="group" aria-label=${t("period")}>
          ${PERIODS.map((n) => html`<button key=${n} aria-pressed=${n === days} onClick=${() => choose(n)}>${t("days", { n })}</button>`)}
        </div>
      </header>
      ${error && html`<${Failed} error=${error} reload=${reload} />`}
      ${steps.length > 0 && html`
        <ol>${ranges.map(({ from, to, tone }) => html`
          <li key=${to}><i class="heat-${tone}"></i>${from === to ? t("one", { n: figure(to) }) : t("range", { from: figure(from), to: figure(to) })}</li>`)}</ol>`}
      ${!error && html`<p class="quiet" role="status">
        ${data === null ? t("waiting") : steps.length === 0 ? t("none") : t("sum", { made: figure(data.made), n: figure(data.missed) })}
        ${data !== null && data.elsewhere > 0 && html`<br />${t("elsewhere", { n: figure(data.elsewhere) })}`}</p>`}
    </section>`;
}
