// What it would cost to make a visit after all, or to let somebody else make it; asked before anything is changed.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { Shown } from "../../frame/parts.js";
import { clock, metres, words } from "../../frame/words.js";

const t = words({
  title: ["What if {site} were visited?", "如果拜访 {site}？"],
  by: ["By", "由谁"],
  later: ["The shift ends later by", "下班推迟"],
  minutes: ["{n} min", "{n} 分钟"],
  notLater: ["not at all", "不推迟"],
  fits: ["It fits", "可以安排"],
  not: ["It does not fit", "无法安排"],
  start: ["Visit at", "拜访时间"],
  end: ["Back at", "返回时间"],
  drive: ["Driving", "行驶"],
  more: ["{now} instead of {before}", "{now}（原 {before}）"],
  out: ["Left out for it", "因此舍弃"],
  nothing: ["nothing", "无"],
  unproven: ["A better way may exist: the planner had no time to rule it out.", "规划时间有限，可能存在更优方案。"],
  gone: ["The plan has changed meanwhile.", "计划已发生变化。"],
  promise: ["Make it an appointment", "设为预约"],
  close: ["Close", "关闭"],
});

const LATER = [0, 30, 60, 120];

function Answer({ answer, names }) {
  const zone = answer.rep?.timeZone;
  const out = answer.leavesOutSiteIds.map((id) => names.get(id) ?? id);
  return html`
    <p><span class=${answer.fits ? "tag guide" : "tag warn"}>${answer.fits ? t("fits") : t("not")}</span> ${answer.explanation}</p>
    ${answer.startAt && html`
      <dl class="facts">
        <dt>${t("start")}</dt><dd>${clock(answer.startAt, zone)}</dd>
        <dt>${t("end")}</dt><dd>${clock(answer.endAt, zone)}</dd>
        <dt>${t("drive")}</dt><dd>${t("more", { now: metres(answer.distanceM), before: metres(answer.distanceWithoutM) })}</dd>
        <dt>${t("out")}</dt><dd>${out.length > 0 ? out.join(", ") : t("nothing")}</dd>
      </dl>`}
    ${!answer.proven && html`<p class="quiet small">${t("unproven")}</p>`}`;
}

export function Consequence({ asked, plans, names, onClose, onPromise }) {
  const dialog = useRef(null);
  const own = plans.find(({ id }) => id === asked.planId);
  const [repId, setRepId] = useState(asked.repId ?? own?.rep?.id ?? null);
  const [laterEndMinutes, setLater] = useState(0);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const read = useRead(
    async () => (await ask("planning/WhatIf", { planId: asked.planId, siteId: asked.siteId, repId, laterEndMinutes })).whatIf ?? "gone",
    [repId, laterEndMinutes],
  );
  const site = names.get(asked.siteId) ?? "";
  const answer = read.data === "gone" ? null : read.data;
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="what-if">
      <div>
        <h2 id="what-if">${t("title", { site })}</h2>
        <div class="choices">
          <label class="field"><span>${t("by")}</span><select class="select" value=${repId} onChange=${(event) => setRepId(event.target.value)}>
            ${plans.filter(({ rep }) => rep).map(({ rep }) => html`<option value=${rep.id} key=${rep.id}>${rep.name}</option>`)}</select></label>
          <label class="field"><span>${t("later")}</span><select class="select" value=${laterEndMinutes} onChange=${(event) => setLater(Number(event.target.value))}>
            ${LATER.map((n) => html`<option value=${n} key=${n}>${n === 0 ? t("notLater") : t("minutes", { n })}</option>`)}</select></label>
        </div>
        <div class="answer"><${Shown} of=${read} rows=${4}>${() => answer ? html`<${Answer} answer=${answer} names=${names} />` : html`<p>${t("gone")}</p>`}<//></div>
        <div class="actions">
          <button class="button" onClick=${() => dialog.current.close()}>${t("close")}</button>
          ${answer?.fits && answer.startAt && html`
            <button class="button strong" onClick=${() => onPromise({ siteId: asked.siteId, startAt: answer.startAt, repId }, { site, name: answer.rep?.name ?? "" })}>${t("promise")}</button>`}
        </div>
      </div>
    </dialog>`;
}
