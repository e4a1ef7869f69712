// Signing in: a guide sign beside the road, and two fields.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { signIn } from "../api/session.js";
import { Appearance } from "./appearance.js";
import { Mark } from "./icons.js";
import { explain } from "./parts.js";
import { span, words } from "./words.js";

const t = words({
  title: ["Sign in", "登录"],
  lead: ["For managers and directors of the field.", "面向外勤团队的经理与总监。"],
  email: ["E-mail", "邮箱"],
  password: ["Password", "密码"],
  submit: ["Sign in", "登录"],
  working: ["Signing in …", "正在登录…"],
  WRONG_CREDENTIALS: ["E-mail and password do not belong together.", "邮箱与密码不匹配。"],
  TOO_MANY_ATTEMPTS: ["Too many attempts. Try again in {span}.", "尝试次数过多，请在{span}后重试。"],
  where: ["Who is where", "人在哪里"],
  whereNow: ["now", "此刻"],
  due: ["What is promised", "承诺了什么"],
  dueNow: ["24 h", "24 小时"],
  plan: ["Who goes where next", "接下来去哪"],
  planNow: ["today", "今天"],
});

function problemOf(refusal) {
  if (refusal.__typename === "TooManyAttempts") return t("TOO_MANY_ATTEMPTS", { span: span(refusal.retryAfterS) });
  return refusal.__typename === "WrongCredentials" ? t("WRONG_CREDENTIALS") : explain(refusal);
}

export function SignIn() {
  const [problem, setProblem] = useState(null);
  const [working, setWorking] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setWorking(true);
    try {
      setProblem(await signIn(given.get("email").trim(), given.get("password")));
    } catch (error) {
      setProblem(error);
    }
    setWorking(false);
  };
  return html`
    <main class="gate">
      <div class="scene" aria-hidden="true">
        <div class="sign"><div>
          <span class="name"><${Mark} />Fieldbeat</span>
          <dl>
            <dt>${t("where")}</dt><dd>${t("whereNow")}</dd>
            <dt>${t("due")}</dt><dd>${t("dueNow")}</dd>
            <dt>${t("plan")}</dt><dd>${t("planNow")}</dd>
          </dl>
        </div></div>
        <div class="posts"><i></i><i></i></div>
      </div>
      <div class="side">
        <form onSubmit=${submit}>
          <div><h1>${t("title")}</h1><p class="quiet">${t("lead")}</p></div>
          <label class="field"><span>${t("email")}</span><input class="input" name="email" type="email" autocomplete="username" required autofocus /></label>
          <label class="field"><span>${t("password")}</span><input class="input" name="password" type="password" autocomplete="current-password" required /></label>
          ${problem && html`<p class="problem" role="alert">${problemOf(problem)}</p>`}
          <button class="button strong" disabled=${working}>${working ? t("working") : t("submit")}</button>
        </form>
        <div class="small-print"><${Appearance} /></div>
      </div>
    </main>`;
}
