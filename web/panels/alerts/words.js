// What rules and alerts say, in sentences.

import { figure, language, words } from "../../frame/words.js";
import { sayValue } from "../cockpit/words.js";

export const t = words({
  ofMean: ["{n} % of the team's mean", "团队均值的 {n}%"],
  BELOW: ["below {limit}", "低于{limit}"],
  ABOVE: ["above {limit}", "高于{limit}"],
  REP: ["each rep", "每位销售代表"],
  TEAM: ["each team", "每个团队"],
  DAY: ["a day", "每天"],
  WEEK: ["a week", "每周"],
  rule: ["{measure} of {subject} {window}, {limit}", "{subject}{window}的{measure}{limit}"],
  SUPERIOR: ["direct superior", "直接上级"],
  PERSON: ["the rep", "本人"],
  ADMINISTRATORS: ["administrators", "管理员"],
  aDay: ["{value} a work day, the team {reference}", "每工作日 {value}，团队 {reference}"],
  against: ["{value}, limit {reference}", "{value}，阈值 {reference}"],
});

export const named = (each) => (language() === "zh-CN" ? (each.titleZh ?? each.nameZh) : (each.titleEn ?? each.nameEn));

export const measureOf = (reports, { report, measure }) => reports.find((each) => each.key === report)?.measures.find((each) => each.key === measure);

const limitOf = (rule, measure) =>
  rule.basis === "TEAM_MEAN" ? t("ofMean", { n: figure(Number(rule.threshold)) }) : sayValue(Number(rule.threshold), measure?.unit);

/** "Visits made of each rep a week, below 60 % of the team's mean". */
export function sayRule(rule, reports) {
  const measure = measureOf(reports, rule);
  const limit = t(rule.comparison, { limit: limitOf(rule, measure) });
  return t("rule", { measure: measure ? named(measure) : rule.measure, subject: t(rule.subject), window: t(rule.window), limit });
}

export const sayRecipients = (rule) => rule.recipients.map((each) => t(each)).join(", ");

/** The figure beside what it was held against. */
export function sayFigure(alert, reports) {
  const unit = measureOf(reports, alert)?.unit;
  const mean = alert.basis === "TEAM_MEAN";
  const say = (value) => (mean && unit === "COUNT" ? figure(value, 1) : sayValue(value, unit));
  return t(mean ? "aDay" : "against", { value: say(alert.value), reference: say(alert.reference) });
}

export const whoOf = (alert) => (alert.subject === "TEAM" ? alert.team?.name : alert.rep?.name) ?? "–";
