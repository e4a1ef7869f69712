// What every panel shows alike: its head, waiting, nothing there, and what went wrong.

import { html } from "../vendor/htm-3.1.1/standalone.module.js";
import { useLiveState } from "../api/live.js";
import { words } from "./words.js";

const t = words({
  again: ["Try again", "重试"],
  UNREACHABLE: ["The server cannot be reached. What you see may be old.", "无法连接服务器，显示的内容可能不是最新。"],
  FORBIDDEN: ["Your role does not include this.", "您的角色没有此权限。"],
  NOT_FOUND: ["This is no longer there, or you may not see it.", "内容已不存在，或您无权查看。"],
  RATE_LIMITED: ["Too many requests just now. Wait a moment.", "请求过于频繁，请稍候再试。"],
  other: ["Something went wrong ({code}).", "出现问题（{code}）。"],
  waiting: ["Loading", "加载中"],
  live: ["Live", "实时"],
  connecting: ["Connecting", "连接中"],
  broken: ["No connection, trying again", "连接中断，正在重连"],
  resting: ["Not live", "未连接"],
  notChanged: ["Somebody else changed it meanwhile. Look again and repeat.", "他人刚刚修改过，请核对后重试。"],
});

const KNOWN = new Set(["UNREACHABLE", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"]);

/** What a failure or a refusal means, in words. */
export function explain({ code }) {
  if (code === "CONFLICT" || code === "WRONG_STATE") return t("notChanged");
  return KNOWN.has(code) ? t(code) : t("other", { code });
}

export const Head = ({ title, children }) => html`<header class="head"><h1>${title}</h1><div class="end">${children}</div></header>`;

export const Waiting = ({ rows = 6 }) => html`
  <div class="waiting" role="status"><span class="unseen">${t("waiting")}</span>${Array.from({ length: rows }, () => html`<i></i>`)}</div>`;

/** Nothing to show: says why, and what would change that. */
export const Nothing = ({ title, children }) => html`<div class="state"><h2>${title}</h2><p>${children}</p></div>`;

export const Failed = ({ error, reload }) => html`
  <div class="failed" role="alert"><span>${explain(error)}</span>${reload && html`<button class="button tight" onClick=${() => reload()}>${t("again")}</button>`}</div>`;

/** One of the three states of something read, or its children where there is data. */
export function Shown({ of: { data, error, loading, reload }, rows, children }) {
  return html`
    ${error && html`<${Failed} error=${error} reload=${reload} />`}
    ${data === null && loading && html`<${Waiting} rows=${rows} />`}
    ${data !== null && children(data)}`;
}

export function Pulse() {
  const state = useLiveState();
  return html`<span class="pulse ${state}" role="status"><i></i>${t(state)}</span>`;
}
