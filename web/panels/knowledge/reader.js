// One article as its readers see it.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { day, words } from "../../frame/words.js";
import { RichText } from "./rich_text.js";

const t = words({
  article: ["Article", "文章"],
  gone: ["This article is not here", "找不到该文章"],
  goneWhy: ["It was retired, or is kept to teams that are not yours.", "文章已下架，或仅供其他团队查阅。"],
  published: ["Published {day}", "{day}发布"],
  edition: ["edition {n}", "第 {n} 版"],
  author: ["written by {name}", "作者 {name}"],
  reviewed: ["approved by {name}", "审核 {name}"],
  helpful: ["{yes} found it helpful, {no} did not", "{yes} 人认为有帮助，{no} 人认为没有"],
  used: [({ n }) => (n === 1 ? "used in 1 visit" : `used in ${n} visits`), "用于 {n} 次拜访"],
});

function About({ article }) {
  const facts = [
    article.publishedAt && t("published", { day: day(article.publishedAt) }),
    article.edition > 1 && t("edition", { n: article.edition }),
    article.author && t("author", article.author),
    article.reviewedBy && t("reviewed", article.reviewedBy),
    article.helpful + article.notHelpful > 0 && t("helpful", { yes: article.helpful, no: article.notHelpful }),
    article.usedInVisits > 0 && t("used", { n: article.usedInVisits }),
  ];
  return html`<p class="quiet small">${facts.filter(Boolean).join(" · ")}</p>`;
}

export function Reader({ id }) {
  const read = useRead(async () => (await ask("knowledge/Read", { id })).article ?? "gone", [id]);
  return html`
    <article class="reader" aria-label=${t("article")} tabindex="0">
      <${Shown} of=${read} rows=${9}>${(article) => article === "gone" ? html`<${Nothing} title=${t("gone")}>${t("goneWhy")}<//>` : html`
        <div class="text" lang=${article.language === "ZH_CN" ? "zh" : "en"}>
          <h2>${article.title}</h2>
          <${About} article=${article} />
          <p class="tags">${article.tags.map((each) => html`<span class="tag" key=${each}>${each}</span>`)}</p>
          <${RichText} source=${article.bodyHtml} />
        </div>`}
      <//>
    </article>`;
}
