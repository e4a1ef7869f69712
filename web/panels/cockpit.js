// The cockpit: the nightly reports as a chart and a table, over days, by whatever a report tells apart, down to the
// records behind a cell.

import { html, useEffect, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { ask, askAll, useRead } from "../api/asking.js";
import { Head, Nothing, Shown } from "../frame/parts.js";
import { SaveAs } from "../frame/save_as.js";
import { clock, day, daysBefore, language, words } from "../frame/words.js";
import { Chart } from "./cockpit/chart.js";
import { Records } from "./cockpit/records.js";
import { Table } from "./cockpit/table.js";
import { sayDimension } from "./cockpit/words.js";

const t = words({
  title: ["Cockpit", "驾驶舱"],
  reports: ["Reports", "报表"],
  period: ["Days", "天数"],
  days: [({ n }) => (n === 1 ? "Latest day" : `${n} days`), ({ n }) => (n === 1 ? "最近一天" : `近 ${n} 天`)],
  team: ["Team", "团队"],
  everybody: ["All my teams", "我的所有团队"],
  by: ["By", "按"],
  crossed: ["{one} and day", "{one}与日期"],
  asOf: ["As of {at}", "截至 {at}"],
  span: ["{from} to {to}", "{from} 至 {to}"],
  missing: [({ n }) => (n === 1 ? "1 day does not stand yet" : `${n} days do not stand yet`), "{n} 天尚未生成"],
  none: ["No day stands yet", "尚无报表"],
  noneWhy: ["Reports are counted each night. The first one is here by six in the morning.", "报表每晚生成，首份报表将于早上六点前提供。"],
  empty: ["Nothing happened", "没有数据"],
  emptyWhy: ["In these days and teams nothing happened that this report counts.", "所选日期和团队内没有该报表统计的事件。"],
});

const PERIODS = [1, 7, 28, 91];
const CROSSED = "REGION×DAY";
const DRAWN_FIRST = { REACH: "contacts", NEWCOMERS: "visits_a_day" };

const titleOf = (each) => (language() === "zh-CN" ? each.titleZh : each.titleEn);

/** What a report's lines can be told apart by here; a heat map where it knows regions. */
function choices(report, days) {
  const single = [...report.dimensions, "TEAM"];
  if (days === 1) return single;
  return ["DAY", ...single, ...(report.dimensions.includes("REGION") ? [CROSSED] : [])];
}

async function readTotals(report, days, by, teamId) {
  const { reportSnapshot: latest } = await ask("cockpit/Latest", { key: report.key });
  if (latest === null) return "none";
  const variables = { key: report.key, since: daysBefore(latest.until, days - 1), until: latest.until, by: by.split("×"), teamId };
  return (await ask("cockpit/Totals", variables)).reportTotals ?? "none";
}

function List({ reports, current }) {
  return html`
    <nav class="report-list" aria-label=${t("reports")}>
      ${reports.map((each) => html`
        <a href="#/cockpit?report=${each.key}" aria-current=${each.key === current ? "true" : null} key=${each.key}>${titleOf(each)}</a>`)}
    </nav>`;
}

function Period({ table, days, zone }) {
  const shown = table.asOf && t("asOf", { at: `${day(table.asOf, zone)} ${clock(table.asOf, zone)}` });
  const between = days === 1 ? day(`${table.until}T12:00:00Z`, "UTC") : t("span", { from: day(`${table.since}T12:00:00Z`, "UTC"), to: day(`${table.until}T12:00:00Z`, "UTC") });
  const missing = days - table.days;
  return html`<p class="quiet small">${[between, shown, missing > 0 && t("missing", { n: missing })].filter(Boolean).join(" · ")}</p>`;
}

function ReportView({ report, days, teamId, zone, controls }) {
  const [by, setBy] = useState(null);
  const [measure, setMeasure] = useState(null);
  const [cell, setCell] = useState(null);
  useEffect(() => {
    setBy(null);
    setMeasure(null);
    setCell(null);
  }, [report.key]);
  const offered = choices(report, days);
  const chosenBy = offered.includes(by) ? by : offered[0];
  const shown = report.measures.find((each) => each.key === (measure ?? DRAWN_FIRST[report.key])) ?? report.measures.at(-1);
  const read = useRead(() => readTotals(report, days, chosenBy, teamId), [report.key, days, chosenBy, teamId]);
  const sayBy = (each) => (each === CROSSED ? t("crossed", { one: sayDimension("REGION") }) : sayDimension(each));
  return html`
    <section class="report" aria-label=${titleOf(report)} tabindex="0">
      <header>
        <h2>${titleOf(report)}</h2>
        <div class="choice" role="group" aria-label=${t("by")}>
          ${offered.map((each) => html`<button aria-pressed=${each === chosenBy} onClick=${() => setBy(each)} key=${each}>${sayBy(each)}</button>`)}
        </div>
      </header>
      <${Shown} of=${read} rows=${8}>${(table) =>
        table === "none" ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
          <div class="about"><${Period} table=${table} days=${days} zone=${zone} />
            <${SaveAs} name=${report.key} parameters=${{ since: table.since, until: table.until, by: chosenBy.replace("×", ","), teamId }} /></div>
          ${table.rows.length === 0 ? html`<${Nothing} title=${t("empty")}>${t("emptyWhy")}<//>` : html`
            <${Chart} table=${table} by=${chosenBy.split("×")} measure=${shown} title=${`${titleOf(report)}: ${titleOf(shown)}`} />
            <${Table} table=${table} by=${chosenBy.split("×")} measures=${report.measures} shown=${shown.key} titleOf=${titleOf}
              onMeasure=${setMeasure} onOpen=${setCell} oneDay=${days === 1 ? table.until : null} />`}`}
      <//>
      ${cell && html`<${Records} report=${report} cell=${cell} teamId=${teamId} zone=${zone} title=${titleOf(cell.measure)} onClose=${() => setCell(null)} key=${JSON.stringify(cell)} />`}
    </section>`;
}

async function readFrame() {
  const [{ reports, organization }, teams] = await Promise.all([ask("cockpit/Reports"), askAll("cockpit/Teams", {}, 500)]);
  return { reports, zone: organization?.timeZone, teams: teams ?? [] };
}

export default function CockpitPanel({ query }) {
  const [days, setDays] = useState(7);
  const [teamId, setTeamId] = useState(null);
  const frame = useRead(readFrame, []);
  const teams = frame.data?.teams ?? [];
  return html`
    <${Head} title=${t("title")}>
      <div class="choice" role="group" aria-label=${t("period")}>
        ${PERIODS.map((n) => html`<button aria-pressed=${n === days} onClick=${() => setDays(n)} key=${n}>${t("days", { n })}</button>`)}
      </div>
      ${teams.length > 1 && html`<label><span class="unseen">${t("team")}</span>
        <select class="select" value=${teamId ?? ""} onChange=${(event) => setTeamId(event.target.value || null)}>
          <option value="">${t("everybody")}</option>
          ${teams.map((each) => html`<option value=${each.id} key=${each.id}>${each.name}</option>`)}
        </select></label>`}
    <//>
    <div class="body cockpit">
      <${Shown} of=${frame} rows=${10}>${({ reports, zone }) => {
        const report = reports.find((each) => each.key === query.get("report")) ?? reports[0];
        return html`
          <${List} reports=${reports} current=${report.key} />
          <${ReportView} report=${report} days=${days} teamId=${teamId} zone=${zone} />`;
      }}<//>
    </div>`;
}
