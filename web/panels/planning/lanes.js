// One lane for each rep over the hours of the day. A visit can be dragged to another lane, or chosen and given there.

import { html, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { clock, metres, words } from "../../frame/words.js";

const t = words({
  lanes: ["The day by rep", "按人员的日程"],
  facts: [({ n, distance }) => `${n} ${n === 1 ? "visit" : "visits"}, ${distance}`, "{n} 次拜访，{distance}"],
  idle: ["nothing planned", "没有安排"],
  publish: ["Publish", "发布"],
  DRAFT: ["draft", "草稿"],
  PUBLISHED: ["published", "已发布"],
  SUPERSEDED: ["replaced", "已被替换"],
  SOLVING: ["being planned", "规划中"],
  FAILED: ["failed", "失败"],
  visit: ["{number}. {site}, {from} to {until}", "{number}. {site}，{from} 至 {until}"],
  visitKey: ["visit", "拜访"],
  fixed: ["appointment", "预约"],
  from: ["instead of {name}", "代替{name}"],
  give: ["Give to somebody else", "转给他人"],
  lunch: ["lunch", "午休"],
  drag: ["Drag a visit to another lane, or choose it, to see what it would mean for somebody else.", "将拜访拖到他人的日程，或点选拜访，即可查看转给他人的影响。"],
  map: ["Show {name} on the map", "在地图上突出显示{name}"],
});

const HOUR_MS = 3_600_000;

function scaleOf(plans) {
  const from = Math.floor(Math.min(...plans.map((each) => Date.parse(each.shiftStartAt))) / HOUR_MS) * HOUR_MS;
  const until = Math.ceil(Math.max(...plans.map((each) => Math.max(Date.parse(each.shiftEndAt), Date.parse(each.endAt ?? each.shiftEndAt)))) / HOUR_MS) * HOUR_MS;
  const hours = Array.from({ length: (until - from) / HOUR_MS + 1 }, (_, index) => from + index * HOUR_MS);
  return { hours, x: (at) => ((Date.parse(at) - from) / (until - from)) * 1000 };
}

function Stop({ plan, stop, number, scale, chosen, onChoose }) {
  const zone = plan.rep?.timeZone;
  const name = stop.site?.name ?? "";
  const label = t("visit", { number, site: name, from: clock(stop.startAt, zone), until: clock(stop.leaveAt, zone) });
  const asides = [stop.fixed && t("fixed"), stop.fromRep && t("from", { name: stop.fromRep.name })].filter(Boolean);
  const drag = (event) => event.dataTransfer.setData("text/plain", JSON.stringify({ planId: plan.id, siteId: stop.site?.id }));
  const place = { left: `${scale.x(stop.startAt) / 10}%`, width: `${(scale.x(stop.leaveAt) - scale.x(stop.startAt)) / 10}%` };
  return html`
    <button class=${stop.fixed ? "stop fixed" : "stop"} style=${place} draggable="true" onDragStart=${drag} aria-pressed=${chosen}
      aria-label=${[label, ...asides].join(", ")} title=${[label, ...asides].join(", ")} onClick=${onChoose}>
      <b>${number}</b><span>${name}</span></button>`;
}

function Lane({ plan, scale, marked, onMark, onGive, onPublish, working }) {
  const [chosen, setChosen] = useState(null);
  const [over, setOver] = useState(false);
  const zone = plan.rep?.timeZone;
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const dragged = JSON.parse(event.dataTransfer.getData("text/plain"));
    if (dragged.planId !== plan.id || dragged.dropped) onGive({ ...dragged, repId: plan.rep?.id });
  };
  const hatch = (from, until, kind, title) => from && until && html`<rect class=${kind} x=${scale.x(from)} width=${scale.x(until) - scale.x(from)} y="0" height="40"><title>${title}</title></rect>`;
  const taken = plan.stops[chosen];
  return html`
    <li class="lane" data-over=${over || null}>
      <div class="who">
        <button class="name" aria-pressed=${marked} aria-label=${t("map", { name: plan.rep?.name ?? "" })} onClick=${onMark}>${plan.rep?.name ?? "–"}</button>
        <span class="quiet small">${plan.stops.length === 0 ? t("idle") : t("facts", { n: plan.stops.length, distance: metres(plan.distanceM) })}</span>
        ${plan.state === "DRAFT" ? html`<button class="button tight" disabled=${working} onClick=${() => onPublish(plan)}>${t("publish")}</button>` : html`<span class=${plan.state === "PUBLISHED" ? "tag guide" : "tag"}>${t(plan.state)}</span>`}
      </div>
      <div class="track" onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
        <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
          ${hatch(plan.shiftStartAt, plan.shiftEndAt, "shift", "")}
          ${hatch(plan.lunchStartAt, plan.lunchEndAt, "lunch", t("lunch"))}
          ${scale.hours.map((at) => html`<line x1=${scale.x(new Date(at).toISOString())} x2=${scale.x(new Date(at).toISOString())} y1="0" y2="40" />`)}
        </svg>
        ${plan.stops.map((stop, index) => html`
          <${Stop} plan=${plan} stop=${stop} number=${index + 1} scale=${scale} chosen=${index === chosen} onChoose=${() => setChosen(index === chosen ? null : index)} key=${stop.site?.id ?? index} />`)}
      </div>
      ${taken && html`
        <p class="taken"><b>${taken.site?.name}</b> ${clock(taken.startAt, zone)}–${clock(taken.leaveAt, zone)}
          ${taken.fixed && html`<span class="tag">${t("fixed")}</span>`} ${taken.fromRep && html`<span class="tag">${t("from", { name: taken.fromRep.name })}</span>`}
          <button class="button tight" onClick=${() => onGive({ planId: plan.id, siteId: taken.site?.id, repId: null })}>${t("give")}</button></p>`}
    </li>`;
}

export function Lanes({ plans, chosen, onChoose, ...lane }) {
  if (plans.length === 0) return null;
  const scale = scaleOf(plans);
  const zone = plans[0].rep?.timeZone;
  const sorted = [...plans].sort((a, b) => (a.rep?.name ?? "").localeCompare(b.rep?.name ?? ""));
  return html`
    <section class="lanes" aria-label=${t("lanes")}>
      <div class="hours" aria-hidden="true">${scale.hours.slice(0, -1).map((at) => html`<span key=${at}>${clock(at, zone)}</span>`)}</div>
      <ul>${sorted.map((plan) => html`<${Lane} plan=${plan} scale=${scale} marked=${plan.id === chosen} onMark=${() => onChoose(plan.id)} ...${lane} key=${plan.id} />`)}</ul>
      <p class="key small quiet"><span>${t("visitKey")}</span><span class="fixed">${t("fixed")}</span><span class="lunch">${t("lunch")}</span>${t("drag")}</p>
    </section>`;
}
