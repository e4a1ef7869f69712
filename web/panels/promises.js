// The SLA board: which promises are broken, which fall due soon, who used up the time, and what can be done about it.

import { html, useEffect, useMemo, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { act, ask, askAll, useRead } from "../api/asking.js";
import { live } from "../api/live.js";
import { heard } from "../api/server_time.js";
import { explain, Head, Nothing, Pulse, Shown } from "../frame/parts.js";
import { figure, words } from "../frame/words.js";
import { ByRep } from "./promises/by_rep.js";
import { PromiseRow } from "./promises/row.js";
import { Reassign } from "./promises/reassign.js";
import { Timeline } from "./promises/timeline.js";

const t = words({
  title: ["Promises", "服务承诺"],
  within: ["Due within", "即将到期范围"],
  hours: ["{n} h", "{n} 小时"],
  broken: ["Broken and still open", "已违约且未完成"],
  soon: ["Due within {n} h", "{n} 小时内到期"],
  kept: ["No broken promise", "没有违约"],
  keptWhy: ["Everything promised so far was kept or still has time.", "所有承诺均已履行或尚在期限内。"],
  calm: ["Nothing falls due soon", "近期没有到期"],
  calmWhy: ["No promise falls due in the hours chosen above.", "所选时段内没有到期的承诺。"],
  only: ["Only of {name}", "仅看{name}"],
  everybody: ["Show everybody", "显示全部"],
  promise: ["Promise", "承诺"],
  used: ["Who used the time", "时间由谁占用"],
  due: ["Due", "到期"],
  actions: ["What to do", "操作"],
  acknowledged: ["Taken on. Nobody else is told about it.", "已接手，不再提醒其他人。"],
  reassigned: ["{lead} now is with {name}.", "{lead} 已转给 {name}。"],
});

const HOURS = [4, 24, 72];
const EVERY_MS = 15_000;
const MOST = 200;
const SLA_NOTICES = ["SLA_REMINDER", "SLA_BREACHED", "SLA_ESCALATED", "SLA_REASSIGN_PROPOSED"];

async function readBoard(withinHours, ownerId) {
  const board = (part) => askAll("promises/Board", { part, withinHours, ownerId }, MOST);
  const [red, soon, byRep, ...told] = await Promise.all([
    board("RED"),
    board("DUE_SOON"),
    askAll("promises/ByRep", { withinHours }, 500),
    ...SLA_NOTICES.map((kind) => ask("promises/MyNotices", { kind })),
  ]);
  for (const each of [...red, ...soon].slice(0, 1)) heard(each.serverNow);
  // What I was told of each clock and nobody has taken on yet: by that I acknowledge.
  const notices = new Map();
  for (const { notices: { nodes } } of told) {
    for (const each of nodes) {
      if (each.clockId && !each.acknowledgedAt && !each.takenOnAt && !each.resolvedAt) notices.set(each.clockId, each.id);
    }
  }
  return { red, soon, byRep, notices };
}

/** Reads again as soon as a notice says that something happened, and every quarter of a minute in any case. */
function useBoard(withinHours, ownerId) {
  const board = useRead(() => readBoard(withinHours, ownerId), [withinHours, ownerId], { everyMs: EVERY_MS });
  useEffect(() => {
    let first = true;
    return live.subscribe("promises/Inbox", {}, () => {
      if (!first) board.reload();
      first = false;
    });
  }, [board.reload]);
  return board;
}

function Part({ kind, title, rows, empty, ...row }) {
  return html`
    <section class="part ${kind}" aria-label=${title}>
      <h2><b>${rows.length === MOST ? `${figure(MOST)}+` : figure(rows.length)}</b>${title}</h2>
      ${rows.length === 0 ? empty : html`
        <table class="table promises">
          <thead><tr><th scope="col">${t("promise")}</th><th scope="col">${t("used")}</th><th scope="col">${t("due")}</th><th scope="col"><span class="unseen">${t("actions")}</span></th></tr></thead>
          <tbody>${rows.map((clock) => html`<${PromiseRow} clock=${clock} ...${row} key=${clock.id} />`)}</tbody>
        </table>`}
    </section>`;
}

export default function PromisesPanel({ query }) {
  const [withinHours, setWithinHours] = useState(24);
  const [ownerId, setOwnerId] = useState(query.get("rep"));
  const [opened, setOpened] = useState(query.get("lead"));
  const [moving, setMoving] = useState(null);
  const [said, setSaid] = useState(null);
  const board = useBoard(withinHours, ownerId);
  const names = useMemo(() => new Map((board.data?.byRep ?? []).map((each) => [each.ownerId, each.owner?.name])), [board.data]);

  const acknowledge = async (noticeId) => {
    try {
      const answer = await act("promises/Acknowledge", { id: noticeId });
      setSaid(answer.code ? { problem: explain(answer) } : { text: t("acknowledged") });
    } catch (error) {
      setSaid({ problem: explain(error) });
    }
    board.reload();
  };
  const moved = (lead, name) => {
    setMoving(null);
    setSaid({ text: t("reassigned", { lead: lead.name, name }) });
    board.reload();
  };
  const row = { names, notices: board.data?.notices, onAcknowledge: acknowledge, onReassign: setMoving, onOpen: setOpened };
  return html`
    <${Head} title=${t("title")}>
      <${Pulse} />
      <div class="choice" role="group" aria-label=${t("within")}>
        ${HOURS.map((n) => html`<button aria-pressed=${n === withinHours} onClick=${() => setWithinHours(n)} key=${n}>${t("hours", { n })}</button>`)}
      </div>
    <//>
    <div class="body board">
      <div class="lists" tabindex="0" role="region" aria-label=${t("title")}>
        <p class=${said?.problem ? "said problem" : "said"} role="status">${said?.problem ?? said?.text}</p>
        ${ownerId && html`<p class="only"><span class="tag outline">${t("only", { name: names.get(ownerId) ?? "" })}</span>
          <button class="button tight" onClick=${() => setOwnerId(null)}>${t("everybody")}</button></p>`}
        <${Shown} of=${board} rows=${8}>${({ red, soon }) => html`
          <${Part} kind="red" title=${t("broken")} rows=${red} ...${row} empty=${html`<${Nothing} title=${t("kept")}>${t("keptWhy")}<//>`} />
          <${Part} kind="soon" title=${t("soon", { n: withinHours })} rows=${soon} ...${row} empty=${html`<${Nothing} title=${t("calm")}>${t("calmWhy")}<//>`} />`}
        <//>
      </div>
      ${board.data && html`<${ByRep} rows=${board.data.byRep} withinHours=${withinHours} chosen=${ownerId} onChoose=${(id) => setOwnerId(id === ownerId ? null : id)} />`}
      ${opened && html`<${Timeline} leadId=${opened} onClose=${() => setOpened(null)} key=${opened} />`}
      ${moving && html`<${Reassign} clock=${moving} people=${board.data?.byRep ?? []} onClose=${() => setMoving(null)} onMoved=${moved} />`}
    </div>`;
}
