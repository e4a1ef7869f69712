// The records behind a cell: what each is, whose, and what it adds.

import { html, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { Icon } from "../../frame/icons.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { day, metres, moment, words } from "../../frame/words.js";
import { sayMetric } from "../promises/words.js";
import { sayValue } from "./words.js";

const t = words({
  title: ["What is behind it", "明细"],
  close: ["Close", "关闭"],
  more: ["Show more", "显示更多"],
  none: ["Nothing you may see", "没有可见的记录"],
  noneWhy: ["The records belong to people who are not in your teams any more.", "相关记录属于已不在您团队中的人员。"],
  gone: ["A record that is not yours to see", "您无权查看的记录"],
  visit: ["Visit at {name}", "拜访 {name}"],
  clock: ["{metric} for {name}", "{name} 的{metric}"],
  shift: ["Shift", "班次"],
  plan: ["Plan of {day}", "{day} 的路线"],
  verified: ["verified", "已核实"],
  PLANNED: ["planned", "计划中"],
  OPEN: ["under way", "进行中"],
  DONE: ["done", "已完成"],
  TOUCH: ["too short", "停留过短"],
  MISSED: ["missed", "未完成"],
  CANCELLED: ["called off", "已取消"],
  RESCHEDULED: ["moved", "已改期"],
  AUTO_CLOSED: ["ended with the shift", "随班次结束"],
  CALL: ["Call", "电话"],
  EMAIL: ["E-mail", "邮件"],
  MESSAGE: ["Message", "消息"],
  MEETING: ["Meeting", "会面"],
  NOTE: ["Note", "备注"],
  VISIT: ["Visit", "拜访"],
});

const PAGE = 20;

function describe(node, zone) {
  switch (node?.__typename) {
    case "Visit":
      return { title: t("visit", { name: node.site?.name ?? "–" }), at: node.scheduledAt, text: [t(node.state), node.verified && t("verified")].filter(Boolean).join(", ") };
    case "Lead":
      return { title: node.name, at: node.occurredAt, text: node.stage, lead: node.id };
    case "Activity":
      return { title: `${t(node.kind)}: ${node.lead?.name ?? "–"}`, at: node.occurredAt, lead: node.lead?.id };
    case "SlaClock":
      return { title: t("clock", { metric: sayMetric(node.metric), name: node.lead?.name ?? "–" }), at: node.dueAt, lead: node.lead?.id };
    case "Shift":
      return { title: t("shift"), at: node.startedAt };
    case "RoutePlan":
      return { title: t("plan", { day: day(`${node.date}T12:00:00Z`, "UTC") }), text: metres(node.distanceM) };
    default:
      return { title: t("gone") };
  }
}

async function readPage(variables) {
  const { reportRecords: page } = await ask("cockpit/Records", { ...variables, first: PAGE });
  const nodes = page?.nodes ?? [];
  const records = await Promise.all(nodes.map(async (each) => ({ ...each, node: (await ask("cockpit/Record", { id: each.recordId })).node })));
  return { records, after: page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null };
}

async function readPages(variables, pages) {
  const records = [];
  let after = null;
  for (let page = 0; page < pages; page += 1) {
    const found = await readPage({ ...variables, after });
    records.push(...found.records);
    after = found.after;
    if (after === null) break;
  }
  return { records, after };
}

function Record({ record, unit, zone }) {
  const { title, at, text, lead } = describe(record.node, zone);
  return html`
    <li>
      <p>${lead ? html`<a href="#/promises?lead=${lead}">${title}</a>` : title}</p>
      <p class="quiet small">${[record.rep?.name, at && moment(at, zone), text].filter(Boolean).join(" · ")}</p>
      <b>${sayValue(record.value, unit)}</b>
    </li>`;
}

export function Records({ report, cell, teamId, zone, title, onClose }) {
  const [pages, setPages] = useState(1);
  const labels = cell.labels.map(({ dimension, value }) => ({ dimension, value }));
  const read = useRead(() => readPages({ key: report.key, day: cell.day, measure: cell.measure.key, labels, teamId }, pages), [pages]);
  return html`
    <aside class="records" aria-label=${t("title")}>
      <header>
        <div><h2>${title}</h2><p class="quiet small">${cell.about} · ${day(`${cell.day}T12:00:00Z`, "UTC")}</p></div>
        <button class="button bare" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("title")}>
        <${Shown} of=${read} rows=${8}>${({ records, after }) => html`
          ${records.length === 0 ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
            <ul>${records.map((each) => html`<${Record} record=${each} unit=${cell.measure.unit} zone=${zone} key=${each.recordId} />`)}</ul>`}
          ${after && html`<button class="button" onClick=${() => setPages(pages + 1)}>${t("more")}</button>`}`}
        <//>
      </div>
    </aside>`;
}
