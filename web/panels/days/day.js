// One rep's day: its visits one after another, the note, and for the rep the signature.

import { html, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { act, ask, useRead } from "../../api/asking.js";
import { Icon } from "../../frame/icons.js";
import { explain, Nothing, Shown } from "../../frame/parts.js";
import { clock, moment, words } from "../../frame/words.js";

const t = words({
  close: ["Close", "关闭"],
  visits: ["Visits", "拜访"],
  none: ["No visits", "没有拜访"],
  noneWhy: ["Neither planned nor made on this day.", "当天既无计划也无拜访。"],
  note: ["Note", "备注"],
  noNote: ["The rep has added nothing.", "销售代表没有补充。"],
  save: ["Save the note", "保存备注"],
  sign: ["Sign", "签署"],
  signed: ["Signed {at}", "{at} 签署"],
  verified: ["verified", "已核实"],
  next: ["Next: {step}", "下一步：{step}"],
  UNPLANNED: ["unplanned", "计划外"],
  APPOINTMENT: ["appointment", "预约"],
  PLANNED: ["planned", "计划中"],
  OPEN: ["under way", "进行中"],
  DONE: ["done", "已完成"],
  TOUCH: ["too short", "停留过短"],
  MISSED: ["missed", "未完成"],
  CANCELLED: ["called off", "已取消"],
  RESCHEDULED: ["moved", "已改期"],
  AUTO_CLOSED: ["ended with the shift", "随班次结束"],
  ORDER: ["order", "下单"],
  PROGRESS: ["a step forward", "有进展"],
  NO_INTEREST: ["no interest", "无意向"],
  SERVICE: ["service", "服务"],
  NOBODY_THERE: ["nobody there", "无人接待"],
  OTHER: ["other", "其他"],
});

function Visit({ visit, zone }) {
  const about = [
    t(visit.state),
    visit.verified && t("verified"),
    visit.kind !== "PLANNED" && t(visit.kind),
    visit.outcome && t(visit.outcome),
  ].filter(Boolean);
  const time = visit.openedAt ? `${clock(visit.openedAt, zone)}${visit.closedAt ? `–${clock(visit.closedAt, zone)}` : ""}` : "–";
  return html`
    <li class=${visit.state === "MISSED" ? "warn" : ""}>
      <span class="time">${time}</span>
      <p>${visit.site?.name ?? visit.account?.name ?? "–"}</p>
      <p class="quiet small">${about.join(", ")}</p>
      ${visit.nextStep && html`<p class="small">${t("next", { step: visit.nextStep })}</p>`}
    </li>`;
}

function Note({ report, mine, onChanged }) {
  const [note, setNote] = useState(report.note);
  const [problem, setProblem] = useState(null);
  const done = async (acting) => {
    try {
      const answer = await acting;
      setProblem(answer.code ? explain(answer) : null);
      if (!answer.code) await onChanged();
      return answer;
    } catch (error) {
      return setProblem(explain(error));
    }
  };
  const save = () => done(act("days/Note", { id: report.id, note, expectedVersion: report.version }));
  const sign = async () => {
    const saved = note === report.note ? report : await save();
    if (saved?.version) await done(act("days/Sign", { id: report.id, expectedVersion: saved.version }));
  };
  if (!mine || report.state === "SIGNED") return html`<p class=${report.note ? "" : "quiet"}>${report.note || t("noNote")}</p>`;
  return html`
    <label class="field"><span class="unseen">${t("note")}</span><textarea class="input" rows="4" maxlength="4000" value=${note} onInput=${(event) => setNote(event.target.value)}></textarea></label>
    ${problem && html`<p class="tag warn" role="alert">${problem}</p>`}
    <div class="actions"><button class="button" onClick=${save} disabled=${note === report.note}>${t("save")}</button><button class="button strong" onClick=${sign}>${t("sign")}</button></div>`;
}

export function Day({ report, mine, onClose, onChanged }) {
  const zone = report.rep?.timeZone;
  const read = useRead(async () => (await ask("days/Visits", { date: report.date, repId: report.repId })).dailyReport?.visits ?? [], [report.id, report.version]);
  return html`
    <aside class="day" aria-label=${report.rep?.name ?? t("visits")}>
      <header>
        <div><h2>${report.rep?.name ?? "–"}</h2><p class="quiet small">${report.date}${report.signedAt && ` · ${t("signed", { at: moment(report.signedAt, zone) })}`}</p></div>
        <button class="button bare" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("visits")}>
        <h3>${t("note")}</h3>
        <${Note} report=${report} mine=${mine} onChanged=${onChanged} key=${report.version} />
        <h3>${t("visits")}</h3>
        <${Shown} of=${read} rows=${6}>${(visits) => visits.length === 0 ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
          <ol>${visits.map((each) => html`<${Visit} visit=${each} zone=${zone} key=${each.visitId} />`)}</ol>`}
        <//>
      </div>
    </aside>`;
}
