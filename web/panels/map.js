// The team map: who is where and in which state, live; one rep's day beside it, with a replay.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { askAll, useRead } from "../api/asking.js";
import { live } from "../api/live.js";
import { heard, now } from "../api/server_time.js";
import { Icon } from "../frame/icons.js";
import { Failed, Head, Nothing, Pulse, Waiting } from "../frame/parts.js";
import { distance, span, words } from "../frame/words.js";
import { CanvasMap, DATUM, pair } from "../map/canvas_map.js";
import { GROUPS, LOOKS, lookOf, sayGroup, sayState, Shape } from "../map/states.js";
import { RepDay } from "./map/rep_day.js";
import { HeatKey, useHeat } from "./map/heat.js";
import { useGround } from "./map/layers.js";

const t = words({
  title: ["Team map", "团队地图"],
  map: ["Map of the team. The list beside it says the same in words.", "团队地图。旁边的列表以文字显示相同内容。"],
  people: ["Reps", "销售代表"],
  find: ["Find a rep", "查找销售代表"],
  all: ["All", "全部"],
  team: ["Team", "团队"],
  everybody: ["All my teams", "我的所有团队"],
  nobody: ["Nobody here", "这里没有人"],
  nobodyWhy: ["There is no rep in this team yet. An administrator invites people and puts them in teams.", "该团队还没有销售代表，管理员可邀请人员并分配团队。"],
  noneFound: ["Nobody fits", "没有匹配的人"],
  noneFoundWhy: ["No name or state fits what you chose.", "没有符合条件的姓名或状态。"],
  at: ["{site}, since {time}", "{site}，{time}起"],
  seen: ["Last seen {time}", "最后定位于{time}"],
  unseen: ["No position today", "今天没有定位"],
  fit: ["Show everybody", "显示全部"],
  closer: ["Closer", "放大"],
  farther: ["Farther", "缩小"],
  layers: ["On the map", "地图图层"],
  sites: ["Customers", "客户门店"],
  fences: ["Fences", "围栏"],
  territories: ["Territories", "区域"],
  visits: ["Visits made", "已完成拜访"],
  noPosition: ["{n} without a position", "{n} 人暂无定位"],
  closerForFences: ["Zoom in to see the fences", "放大后可见围栏"],
  battery: ["{n} %", "{n}%"],
});

const REFRESH_MS = 60_000;

/** The map's entries by person, kept true by the subscription; begun anew each minute, because states age. */
function useTeam(teamId) {
  const [state, setState] = useState({ entries: null, error: null });
  const [round, again] = useState(0);
  useEffect(() => setState({ entries: null, error: null }), [teamId]);
  useEffect(() => {
    const stop = live.subscribe(
      "map/Watch",
      { teamId, datum: DATUM },
      ({ teamMapChanged: change }) => {
        heard(change.at);
        setState(({ entries }) => {
          const next = new Map(change.isFull ? [] : entries);
          for (const id of change.removedIds) next.delete(id);
          for (const each of change.entries) next.set(each.personId, each);
          return { entries: next, error: null };
        });
      },
      (error) => setState(({ entries }) => ({ entries, error })),
    );
    const timer = setTimeout(() => again((n) => n + 1), REFRESH_MS);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [teamId, round]);
  return { ...state, reload: () => again((n) => n + 1) };
}

const nameOf = (entry) => entry.person?.name ?? entry.personId;

function says(entry) {
  const { openVisit, latest } = entry;
  if (openVisit && lookOf(entry.state).group === "visiting") {
    return t("at", { site: openVisit.site?.name ?? "", time: distance(openVisit.openedAt, now()) });
  }
  return latest ? t("seen", { time: distance(latest.at, now()) }) : t("unseen");
}

function Row({ entry, chosen, onChoose, onPoint }) {
  const low = entry.state === "LOW_BATTERY" && entry.latest?.batteryPct != null;
  return html`
    <li>
      <button class="rep" aria-pressed=${chosen} onClick=${() => onChoose(entry.personId)}
        onMouseEnter=${() => onPoint(entry.personId)} onMouseLeave=${() => onPoint(null)}>
        <${Shape} state=${entry.state} />
        <span class="name">${nameOf(entry)}</span>
        <span class="word">${sayState(entry.state)}${low && ` · ${t("battery", { n: Math.round(entry.latest.batteryPct) })}`}</span>
        <span class="since">${says(entry)}</span>
      </button>
    </li>`;
}

function People({ entries, chosen, onChoose, onPoint }) {
  const [sought, setSought] = useState("");
  const [group, setGroup] = useState(null);
  const sorted = useMemo(() => [...entries].sort((a, b) => nameOf(a).localeCompare(nameOf(b))), [entries]);
  const counts = Object.fromEntries(GROUPS.map((each) => [each, entries.filter(({ state }) => lookOf(state).group === each).length]));
  const fits = (entry) =>
    nameOf(entry).toLowerCase().includes(sought.trim().toLowerCase()) && (group === null || lookOf(entry.state).group === group);
  const shown = sorted.filter(fits);
  return html`
    <section class="people" aria-label=${t("people")}>
      <div class="sift">
        <label class="seek"><${Icon} name="search" /><span class="unseen">${t("find")}</span>
          <input class="input" type="search" placeholder=${t("find")} value=${sought} onInput=${(event) => setSought(event.target.value)} /></label>
        <div class="counts" role="group" aria-label=${t("people")}>
          ${GROUPS.map((each) => html`
            <button class="count ${each}" aria-pressed=${group === each} disabled=${counts[each] === 0 && group !== each} key=${each}
              onClick=${() => setGroup(group === each ? null : each)}><b>${counts[each]}</b><span>${sayGroup(each)}</span></button>`)}
        </div>
      </div>
      ${entries.length === 0 && html`<${Nothing} title=${t("nobody")}>${t("nobodyWhy")}<//>`}
      ${entries.length > 0 && shown.length === 0 && html`<${Nothing} title=${t("noneFound")}>${t("noneFoundWhy")}<//>`}
      <div class="scroll" tabindex="0" role="region" aria-label=${t("people")}>
        ${GROUPS.map((each) => {
          const rows = shown.filter(({ state }) => lookOf(state).group === each);
          return rows.length > 0 && html`
            <h3 key=${each}>${sayGroup(each)}</h3>
            <ul key=${`${each} list`}>${rows.map((entry) => html`
              <${Row} entry=${entry} chosen=${entry.personId === chosen} onChoose=${onChoose} onPoint=${onPoint} key=${entry.personId} />`)}</ul>`;
        })}
      </div>
    </section>`;
}

function Controls({ map, layers, ground, onFit }) {
  return html`
    <div class="controls">
      <div class="stack">
        <button class="button" aria-label=${t("closer")} title=${t("closer")} onClick=${() => map.zoom(1)}><${Icon} name="plus" /></button>
        <button class="button" aria-label=${t("farther")} title=${t("farther")} onClick=${() => map.zoom(-1)}><${Icon} name="minus" /></button>
        <button class="button" aria-label=${t("fit")} title=${t("fit")} onClick=${onFit}><${Icon} name="fit" /></button>
      </div>
      <details class="layers">
        <summary class="button" aria-label=${t("layers")} title=${t("layers")}><${Icon} name="layers" /></summary>
        <fieldset><legend>${t("layers")}</legend>
          ${layers.map((each) => html`
            <label key=${each.id}><input type="checkbox" checked=${ground.shown.has(each.id)} onChange=${() => ground.toggle(each.id)} /> ${each.name}
              ${each.note && html`<span class="quiet small">${each.note}</span>`}</label>`)}
        </fieldset>
      </details>
    </div>`;
}

function Legend({ entries }) {
  const states = Object.keys(LOOKS).filter((state) => entries.some((each) => each.state === state && each.latest));
  const missing = entries.filter((each) => !each.latest).length;
  return html`
    <ul class="legend" aria-hidden="true">
      ${states.map((state) => html`<li key=${state}><${Shape} state=${state} />${sayState(state)}</li>`)}
      ${missing > 0 && html`<li class="quiet">${t("noPosition", { n: missing })}</li>`}
    </ul>`;
}

export default function MapPanel({ me, query }) {
  const [teamId, setTeamId] = useState(null);
  const [chosen, setChosen] = useState(query.get("rep"));
  const [map, setMap] = useState(null);
  const element = useRef(null);
  const fitted = useRef(null);
  const teams = useRead(() => askAll("map/Teams"), []);
  const team = useTeam(teamId);
  const ground = useGround(map);
  const heat = useHeat(map, { shown: ground.shown.has("visits"), teamId, me });
  const entries = useMemo(() => [...(team.entries?.values() ?? [])], [team.entries]);
  const [, tick] = useState(0);

  useEffect(() => {
    const made = new CanvasMap(element.current, { label: t("map"), onPick: setChosen });
    setMap(made);
    const timer = setInterval(() => tick((n) => n + 1), 10_000);
    return () => {
      clearInterval(timer);
      made.remove();
    };
  }, []);

  const placed = entries.filter((each) => each.latest?.location);
  const fit = () => map.fit(placed.length > 0 ? placed.map((each) => pair(each.latest.location)) : ground.places(), { right: 120, bottom: 80 });
  useEffect(() => {
    if (map === null || team.entries === null) return;
    map.showReps(placed.map((each) => ({
      id: each.personId, name: nameOf(each), state: each.state, at: pair(each.latest.location), heading: each.latest.headingDeg,
    })));
    // Once for each team, not at every change: the map stays where the manager moved it.
    const around = placed.length > 0 ? "reps" : ground.places().length > 0 ? "sites" : null;
    const wanted = `${teamId} ${around}`;
    if (around !== null && fitted.current !== wanted && fitted.current !== `${teamId} reps`) {
      fitted.current = wanted;
      fit();
    }
  }, [map, team.entries, ground.sites]);
  useEffect(() => {
    map?.mark({ chosen, dimmed: chosen !== null });
    const found = entries.find((each) => each.personId === chosen);
    if (map && found?.latest?.location) map.reveal(pair(found.latest.location), { right: 380 });
  }, [map, chosen]);

  const entry = entries.find((each) => each.personId === chosen) ?? null;
  const choose = (id) => setChosen((old) => (old === id ? null : id));
  const layers = [
    { id: "sites", name: t("sites") },
    { id: "fences", name: t("fences"), note: t("closerForFences") },
    { id: "territories", name: t("territories") },
    { id: "visits", name: t("visits") },
  ];
  return html`
    <${Head} title=${t("title")}>
      <${Pulse} />
      ${teams.data?.length > 1 && html`
        <label><span class="unseen">${t("team")}</span>
          <select class="select" value=${teamId ?? ""} onChange=${(event) => { setTeamId(event.target.value || null); setChosen(null); }}>
            <option value="">${t("everybody")}</option>
            ${teams.data.map(({ id, name }) => html`<option value=${id} key=${id}>${name}</option>`)}
          </select></label>`}
    <//>
    <div class="body map-body">
      <div class="side">
        ${team.error && html`<${Failed} error=${team.error} reload=${team.reload} />`}
        ${team.entries === null ? !team.error && html`<${Waiting} rows=${9} />` : html`
          <${People} entries=${entries} chosen=${chosen} onChoose=${choose} onPoint=${(hovered) => map?.mark({ hovered })} />`}
      </div>
      <div class="stage">
        <div class="canvas" ref=${element}></div>
        ${map && html`<${Controls} map=${map} layers=${layers} ground=${ground} onFit=${fit} />`}
        <div class="legends">
          ${ground.shown.has("visits") && html`<${HeatKey} heat=${heat} />`}
          <${Legend} entries=${entries} />
        </div>
      </div>
      ${map && entry && html`<${RepDay} key=${entry.personId} map=${map} entry=${entry} me=${me} onClose=${() => setChosen(null)} />`}
    </div>`;
}
