// Words and figures of reports that chart, table and records share.

import { day, figure, percent, span, words } from "../../frame/words.js";
import { sayMetric } from "../promises/words.js";

export const sayDimension = words({
  DAY: ["Day", "日期"],
  TEAM: ["Team", "团队"],
  REP: ["Rep", "销售代表"],
  TIER: ["Tier", "等级"],
  REGION: ["Region", "区域"],
  METRIC: ["Promise", "承诺类型"],
  STAGE: ["Stage", "阶段"],
  TENURE_WEEK: ["Week of work", "入职周"],
});

const t = words({ unknown: ["Not known", "未知"], week: ["Week {n}", "第 {n} 周"], ratio: ["{n} : 1", "{n} : 1"] });
const METRICS = new Set(["LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP", "TIER_A_PROPOSAL", "SATISFACTION"]);

/** What a line is about in one respect, in words. */
export function sayLabel(row, dimension) {
  if (dimension === "TEAM") return row.team?.name ?? t("unknown");
  if (dimension === "REP") return row.rep?.name ?? t("unknown");
  const value = row.labels.find((each) => each.dimension === dimension)?.value;
  if (value == null) return t("unknown");
  if (dimension === "DAY") return day(`${value}T12:00:00Z`, "UTC");
  if (dimension === "METRIC") return METRICS.has(value) ? sayMetric(value) : value;
  if (dimension === "TENURE_WEEK") return t("week", { n: Number(value) });
  return value;
}

/** A value in its unit; a share of more than one is a ratio. */
export function sayValue(value, unit) {
  if (value == null) return "–";
  if (unit === "SHARE") return value <= 1.5 ? percent(value) : figure(value, 2);
  if (unit === "SECONDS") return span(value);
  if (unit === "METRES") return `${figure(value / 1000, value < 100_000 ? 1 : 0)} km`;
  return figure(value, Number.isInteger(value) ? 0 : 1);
}

export const valueOf = (row, key) => row.values.find((each) => each.measure === key)?.value ?? null;
