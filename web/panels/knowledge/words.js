// What every part of the knowledge panel says alike: states of a text, its fields, and why something was refused.

import { explain } from "../../frame/parts.js";
import { words } from "../../frame/words.js";

export const t = words({
  DRAFT: ["draft", "草稿"],
  IN_REVIEW: ["in review", "待审核"],
  PUBLISHED: ["published", "已发布"],
  RETIRED: ["retired", "已下架"],
  title: ["Title", "标题"],
  body: ["Text", "正文"],
  language: ["Language", "语言"],
  aliases: ["Also asked as", "其他问法"],
  tags: ["Topics", "标签"],
  stages: ["Stages of a lead", "商机阶段"],
  productLines: ["Product lines", "产品线"],
  competitors: ["Competitors", "竞品"],
  industry: ["Branch", "行业"],
  pinned: ["Pinned: kept on phones for reading offline", "置顶：保存到手机供离线阅读"],
  packRoles: ["Kept on the phones of", "保存到以下角色的手机"],
  teamIds: ["Kept to teams", "仅供团队"],
  note: ["What is to be changed", "修改意见"],
  cancel: ["Cancel", "取消"],
});

const refusals = words({
  REVIEW_REQUIRED: ["Your organization wants somebody else to approve it first. Hand it in for review.", "您的组织要求先由他人审核，请提交审核。"],
  OWN_ARTICLE: ["You wrote at this text, so somebody else has to approve it.", "您参与了撰写，须由他人审核。"],
  HAS_NEXT_DRAFT: ["A next draft is being worked on. Change that one, or discard it first.", "已有新草稿，请修改该草稿或先将其放弃。"],
  WRONG_STATE: ["It is no longer in that state. What you see now is how it stands.", "状态已变化，现显示的是最新状态。"],
  CONFLICT: ["Somebody else changed it meanwhile. Look again and repeat.", "他人刚刚修改过，请核对后重试。"],
  title: ["The title needs 1 to 200 characters.", "标题须为 1 至 200 个字符。"],
  body: ["The text must say something, in 100,000 characters at the most.", "正文不能为空，且不超过 100,000 个字符。"],
  aliases: ["50 other names at the most, each of 1 to 200 characters.", "其他问法最多 50 条，每条 1 至 200 个字符。"],
  labels: ["{field}: 50 at the most, each of 1 to 60 characters.", "{field}：最多 50 项，每项 1 至 60 个字符。"],
  industry: ["The branch needs 1 to 60 characters.", "行业须为 1 至 60 个字符。"],
  teamIds: ["50 teams at the most, and only teams of yours.", "最多 50 个团队，且须为您的团队。"],
  note: ["Say what is to be changed, in 500 characters at the most.", "请说明需要修改的内容，不超过 500 个字符。"],
});

const LABELS = new Set(["tags", "stages", "productLines", "competitors"]);
const FIELDS = new Set(["title", "body", "aliases", "industry", "teamIds", "note"]);
const CODES = new Set(["REVIEW_REQUIRED", "OWN_ARTICLE", "HAS_NEXT_DRAFT", "WRONG_STATE", "CONFLICT"]);

/** Why a step was refused, in words that name what to mend. */
export function refused(answer) {
  if (CODES.has(answer.code)) return refusals(answer.code);
  if (LABELS.has(answer.field)) return refusals("labels", { field: t(answer.field) });
  return FIELDS.has(answer.field) ? refusals(answer.field) : explain(answer);
}

const WRITERS = new Set(["MANAGER", "DIRECTOR", "ADMIN"]);

/** Whether somebody may write articles; the server decides, this only leaves out what it would refuse. */
export const mayWrite = ({ role }) => WRITERS.has(role);

export const langOf = (language) => (language === "ZH_CN" ? "zh" : "en");

/** Where the text stands that is worked on: the next draft's, else the article's own. */
export const standing = ({ state, nextState }) => nextState ?? state;

const LOOKS = { DRAFT: "outline", IN_REVIEW: "warn", PUBLISHED: "guide", RETIRED: "" };

export const lookOf = (state) => `tag ${LOOKS[state]}`;
