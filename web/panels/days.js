// Daily reports: what each rep's day added up to, with the rep's note and signature.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { askAll, useRead } from "../api/asking.js";
import { now } from "../api/server_time.js";
import { Head, Nothing, Shown } from "../frame/parts.js";
import { SaveAs } from "../frame/save_as.js";
import { clock, figure, localDate, words } from "../frame/words.js";
import { Day } from "./days/day.js";

const t = words({
  title: ["Daily reports", "日报"],
  date: ["Date", "日期"],
  none: ["No shift has ended on this date", "当天没有结束的班次"],
  noneWhy: ["A report writes itself when a rep's shift ends.", "销售代表下班后，日报会自动生成。"],
  rep: ["Rep", "销售代表"],
  hours: ["Shift", "班次"],
  done: ["Done of planned", "完成 / 计划"],
  missed: ["Missed", "未完成"],
  unplanned: ["Unplanned", "计划外"],
  customers: ["Customers", "客户"],
  orders: ["Orders", "订单"],
  contacts: ["Calls and messages", "电话与消息"],
  insights: ["Insights", "洞察"],
  state: ["State", "状态"],
  DRAFT: ["Not signed yet", "未签署"],
  SIGNED: ["Signed", "已签署"],
  note: ["has a note", "有备注"],
});

const EVERY_MS = 60_000;

function Line({ report, chosen, onChoose }) {
  const { figures, rep } = report;
  return html`
    <tr aria-selected=${chosen}>
      <th scope="row"><button class="name" onClick=${() => onChoose(report.id)}>${rep?.name ?? "–"}</button><span class="quiet small">${[rep?.team?.name, report.note && t("note")].filter(Boolean).join(" · ")}</span></th>
      <td>${clock(report.startedAt, rep?.timeZone)}–${clock(report.endedAt, rep?.timeZone)}</td>
      <td class="number">${figure(figures.done)} / ${figure(figures.planned)}</td>
      <td class="number">${figure(figures.missed)}</td>
      <td class="number">${figure(figures.unplanned)}</td>
      <td class="number">${figure(figures.customers)}</td>
      <td class="number">${figure(figures.orders)}</td>
      <td class="number">${figure(figures.calls + figures.emails + figures.messages + figures.meetings)}</td>
      <td class="number">${figure(figures.insights)}</td>
      <td><span class=${report.state === "SIGNED" ? "tag guide" : "tag outline"}>${t(report.state)}</span></td>
    </tr>`;
}

export default function DaysPanel({ me, query }) {
  const [date, setDate] = useState(query.get("date") ?? localDate(now(), me.timeZone));
  const [chosen, setChosen] = useState(null);
  const read = useRead(() => askAll("days/Days", { date }, 500), [date], { everyMs: EVERY_MS });
  const report = read.data?.find((each) => each.id === chosen);
  const columns = ["hours", "done", "missed", "unplanned", "customers", "orders", "contacts", "insights", "state"];
  return html`
    <${Head} title=${t("title")}>
      <label><span class="unseen">${t("date")}</span>
        <input class="input" type="date" value=${date} max=${localDate(now(), me.timeZone)} onChange=${(event) => event.target.value && setDate(event.target.value)} /></label>
      <${SaveAs} name="daily-reports" parameters=${{ since: date, until: date }} />
    <//>
    <div class="body days">
      <div class="lists" tabindex="0" role="region" aria-label=${t("title")}>
        <${Shown} of=${read} rows=${8}>${(reports) => reports.length === 0 ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
          <table class="table">
            <thead><tr><th scope="col">${t("rep")}</th>${columns.map((each) => html`<th scope="col" class=${each === "hours" || each === "state" ? "" : "number"} key=${each}>${t(each)}</th>`)}</tr></thead>
            <tbody>${reports.map((each) => html`<${Line} report=${each} chosen=${each.id === chosen} onChoose=${setChosen} key=${each.id} />`)}</tbody>
          </table>`}
        <//>
      </div>
      ${report && html`<${Day} report=${report} mine=${report.repId === me.id} onClose=${() => setChosen(null)} onChanged=${read.reload} key=${report.id} />`}
    </div>`;
}
