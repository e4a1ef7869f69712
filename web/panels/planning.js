// A team's day: the reps' plans side by side on the map and on one time line, what is left out and why, and publishing.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { act, ask, askAll, useRead } from "../api/asking.js";
import { now } from "../api/server_time.js";
import { explain, Head, Nothing, Shown } from "../frame/parts.js";
import { localDate, metres, words } from "../frame/words.js";
import { CanvasMap, DATUM, pair } from "../map/canvas_map.js";
import { Lanes } from "./planning/lanes.js";
import { LeftOut } from "./planning/left_out.js";
import { Consequence } from "./planning/consequence.js";

const t = words({
  title: ["Planning", "日程规划"],
  team: ["Team", "团队"],
  date: ["Date", "日期"],
  plan: ["Plan the day", "规划当天"],
  again: ["Plan again", "重新规划"],
  publish: ["Publish all", "全部发布"],
  working: ["Working …", "处理中…"],
  map: ["Map of the plans. The time line below says the same.", "计划地图。下方时间轴显示相同内容。"],
  none: ["Not planned yet", "尚未规划"],
  noneWhy: ["Plan the day to share out the team's visits among those who work on that date. Nothing reaches a phone before you publish.", "规划当天会将团队的拜访分配给当日上班的人员。发布之前不会推送到手机。"],
  SOLVING: ["The planner is at work.", "正在计算方案。"],
  DRAFT: ["A draft: nobody has been told.", "草稿：尚未通知任何人。"],
  PUBLISHED: ["Published.", "已发布。"],
  FAILED: ["The planner failed. Plan again.", "规划失败，请重试。"],
  facts: ["{visits} visits, {distance}, {left} left out", "{visits} 次拜访，{distance}，未安排 {left} 个"],
  moved: ["{n} go to somebody else than usual", "{n} 个由他人代访"],
  published: ["Published. The reps have been told.", "已发布并通知销售代表。"],
  promised: ["{site} is promised for {name}. Plan again to fit the rest around it.", "已为{name}预约 {site}，请重新规划以安排其余拜访。"],
  NOBODY_ON_DUTY: ["Nobody of this team works on that date.", "该团队当天无人上班。"],
  TOO_MANY_REPS: ["The team is too large to be planned in one go.", "团队人数过多，无法一次规划。"],
  TEAM_DAY_NOT_READY: ["Still being planned. Wait a moment.", "仍在规划中，请稍候。"],
});

const SOLVING_MS = 1500;
const OWN_WORDS = new Set(["NOBODY_ON_DUTY", "TOO_MANY_REPS", "TEAM_DAY_NOT_READY"]);
const sayRefusal = (refusal) => (OWN_WORDS.has(refusal.code) ? t(refusal.code) : explain(refusal));

const routeOf = (plan, chosen) => ({
  name: plan.rep?.name ?? "",
  thin: plan.id !== chosen,
  faint: chosen !== null && plan.id !== chosen,
  lines: (plan.legs ?? []).map(({ line }) => line.coordinates.map(([longitude, latitude]) => [latitude, longitude])),
  stops: plan.stops.filter(({ site }) => site).map(({ site }) => ({ at: pair(site.location) })),
});

function PlanMap({ day, chosen }) {
  const element = useRef(null);
  const [map, setMap] = useState(null);
  const fitted = useRef(null);
  useEffect(() => {
    const made = new CanvasMap(element.current, { label: t("map"), onPick: () => undefined });
    setMap(made);
    return () => made.remove();
  }, []);
  useEffect(() => {
    if (map === null) return;
    const plans = day?.plans ?? [];
    const left = plans.flatMap(({ dropped }) => dropped).filter(({ site }) => site);
    map.showGround({
      // The one that is looked at lies on top.
      routes: [...plans].sort((a, b) => (a.id === chosen) - (b.id === chosen)).map((plan) => routeOf(plan, chosen)),
      sites: left.map(({ site }) => ({ at: pair(site.location), tier: site.tier, name: site.name })),
    });
    if (day && fitted.current !== day.id) {
      fitted.current = day.id;
      map.fit(plans.flatMap((plan) => routeOf(plan, null)).flatMap(({ lines, stops }) => [...lines.flat(), ...stops.map(({ at }) => at)]), { top: 24, bottom: 24 });
    }
  }, [map, day, chosen]);
  return html`<div class="stage"><div class="canvas" ref=${element}></div></div>`;
}

function Summary({ day, said }) {
  if (said) return html`<p class=${said.problem ? "said problem" : "said"} role="status">${said.problem ?? said.text}</p>`;
  const visits = day.plans.reduce((sum, { stops }) => sum + stops.length, 0);
  const left = day.plans.reduce((sum, { dropped }) => sum + dropped.length, 0);
  return html`
    <p class="summary" role="status"><b>${t(day.state)}</b>
      ${day.plans.length > 0 && html`<span>${t("facts", { visits, distance: metres(day.distanceM), left })}</span>`}
      ${day.moved > 0 && html`<span>${t("moved", { n: day.moved })}</span>`}</p>`;
}

export default function PlanningPanel({ me, query }) {
  const [date, setDate] = useState(query.get("date") ?? localDate(now(), me.timeZone));
  const [teamId, setTeamId] = useState(query.get("team"));
  const [chosen, setChosen] = useState(null);
  const [asked, setAsked] = useState(null);
  const [working, setWorking] = useState(false);
  const [said, setSaid] = useState(null);
  const teams = useRead(() => askAll("planning/TeamsToPlan", {}), []);
  // Reps are in the teams below: of several, the last by name is rarely the top.
  const team = teamId ?? teams.data?.at(-1)?.id ?? null;
  const read = useRead(
    async () => (team === null ? null : ((await ask("planning/TeamDay", { teamId: team, date, datum: DATUM })).teamDays.nodes[0] ?? "none")),
    [team, date],
  );
  const day = read.data === "none" ? null : read.data;
  useEffect(() => {
    if (day?.state !== "SOLVING") return undefined;
    const timer = setTimeout(() => read.reload(), SOLVING_MS);
    return () => clearTimeout(timer);
  }, [read.data]);
  useEffect(() => setSaid(null), [team, date]);

  const change = async (name, variables, done) => {
    setWorking(true);
    setSaid(null);
    try {
      const answer = await act(name, variables);
      setSaid(answer.code ? { problem: sayRefusal(answer) } : done && { text: done });
    } catch (error) {
      setSaid({ problem: explain(error) });
    }
    setWorking(false);
    read.reload();
  };
  const names = useMemo(() => new Map((day?.plans ?? []).flatMap(({ stops, dropped }) => [...stops, ...dropped]).filter(({ site }) => site).map(({ site }) => [site.id, site.name])), [day]);
  const drafts = (day?.plans ?? []).some(({ state }) => state === "DRAFT");
  return html`
    <${Head} title=${t("title")}>
      ${teams.data?.length > 1 && html`
        <label><span class="unseen">${t("team")}</span><select class="select" value=${team ?? ""} onChange=${(event) => setTeamId(event.target.value)}>
          ${teams.data.map(({ id, name }) => html`<option value=${id} key=${id}>${name}</option>`)}</select></label>`}
      <label><span class="unseen">${t("date")}</span><input class="input" type="date" value=${date} required onChange=${(event) => event.target.value && setDate(event.target.value)} /></label>
      <button class=${day ? "button" : "button strong"} disabled=${working || team === null} onClick=${() => change("planning/PlanTeam", { teamId: team, date })}>
        ${working ? t("working") : day ? t("again") : t("plan")}</button>
      ${drafts && html`<button class="button strong" disabled=${working} onClick=${() => change("planning/PublishTeam", { id: day.id, expectedVersion: day.version }, t("published"))}>${t("publish")}</button>`}
    <//>
    <div class=${day ? "body planning" : "body planning blank"}>
      ${day && html`<${PlanMap} day=${day} chosen=${chosen} />`}
      <div class="below">
        ${said && !day && html`<${Summary} said=${said} />`}
        <${Shown} of=${read} rows=${6}>${() => day === null ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
          <${Summary} day=${day} said=${said} />
          <${Lanes} plans=${day.plans} chosen=${chosen} onChoose=${(id) => setChosen(id === chosen ? null : id)} onGive=${setAsked} working=${working}
            onPublish=${(plan) => change("planning/PublishPlan", { id: plan.id, expectedVersion: plan.version }, t("published"))} />`}
        <//>
      </div>
      ${day && html`<${LeftOut} plans=${day.plans} onAsk=${setAsked} />`}
      ${asked && html`
        <${Consequence} asked=${asked} plans=${day?.plans ?? []} names=${names} onClose=${() => setAsked(null)}
          onPromise=${(input, facts) => { setAsked(null); change("planning/Promise", { input }, t("promised", facts)); }} />`}
    </div>`;
}
