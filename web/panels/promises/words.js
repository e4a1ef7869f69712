// Words of promises that several parts of the board use.

import { words } from "../../frame/words.js";

export const sayMetric = words({
  LEAD_FIRST_CONTACT: ["First contact", "首次联系"],
  LEAD_NEXT_FOLLOWUP: ["Follow-up", "后续跟进"],
  TIER_A_PROPOSAL: ["Proposal", "方案提交"],
  SATISFACTION: ["Satisfaction survey", "满意度回访"],
});
