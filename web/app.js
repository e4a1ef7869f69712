// The console: signing in, the frame with its rail, and the panel that the address names (#/map, #/promises?lead=...).

import { html, render, useEffect, useState } from "./vendor/htm-3.1.1/standalone.module.js";
import { session, signOut } from "./api/session.js";
import { Appearance } from "./frame/appearance.js";
import { Icon, Mark } from "./frame/icons.js";
import { Failed, Waiting } from "./frame/parts.js";
import { SignIn } from "./frame/sign_in.js";
import { words } from "./frame/words.js";
import { PANELS } from "./panels.js";

const t = words({
  ...Object.fromEntries(PANELS.map(({ id, title }) => [id, title])),
  panels: ["Panels", "功能"],
  skip: ["Skip to the content", "跳到内容"],
  leave: ["Sign out", "退出"],
  REP: ["Rep", "销售代表"],
  MANAGER: ["Manager", "经理"],
  DIRECTOR: ["Director", "总监"],
  ADMIN: ["Administrator", "管理员"],
  SUPPORT: ["Support", "支持"],
});

/** Draws again on any of these events of the window. */
function useEvents(...names) {
  const [, again] = useState(0);
  useEffect(() => {
    const hear = () => again((n) => n + 1);
    for (const name of names) addEventListener(name, hear);
    return () => names.forEach((name) => removeEventListener(name, hear));
  }, []);
}

function place() {
  const [id, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { id: PANELS.some((each) => each.id === id) ? id : PANELS[0].id, query: new URLSearchParams(query) };
}

const loaded = new Map();

/** Once a panel is drawn its style sheets must be there: the map measures itself. */
const styled = (href) =>
  new Promise((done, failed) => {
    if (document.querySelector(`link[href="${href}"]`)) return done();
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: failed });
    document.head.append(link);
  });

function Panel({ id, query, me }) {
  const [state, setState] = useState({ id: null });
  useEffect(() => {
    if (loaded.has(id)) return setState({ id });
    const { load, styles = [] } = PANELS.find((each) => each.id === id);
    Promise.all([load(), ...styles.map(styled)]).then(
      ([module]) => setState({ id: loaded.set(id, module.default) && id }),
      () => setState({ id, error: { code: "UNREACHABLE" } }),
    );
  }, [id]);
  if (state.id === id && state.error) return html`<${Failed} error=${state.error} reload=${() => location.reload()} />`;
  const Drawn = loaded.get(id);
  return Drawn ? html`<${Drawn} me=${me} query=${query} key=${id} />` : html`<${Waiting} />`;
}

function Rail({ current, me }) {
  return html`
    <nav class="rail" aria-label=${t("panels")}>
      <a class="mark" href="#/${PANELS[0].id}" aria-label="Fieldbeat"><${Mark} /><span>Fieldbeat</span></a>
      ${PANELS.map(({ id, icon }) => html`
        <a class="to" href="#/${id}" aria-current=${id === current ? "page" : null} key=${id}><${Icon} name=${icon} /><span>${t(id)}</span></a>`)}
      <div class="foot">
        <${Appearance} look="to" />
        <button class="to" onClick=${signOut}><${Icon} name="leave" /><span>${t("leave")}</span></button>
        <div class="who"><span>${me.name}</span><span class="role">${t(me.role)}</span></div>
      </div>
    </nav>`;
}

function App() {
  useEvents("hashchange", "fieldbeat:session", "fieldbeat:words");
  const signedIn = session();
  const { id, query } = place();
  useEffect(() => {
    document.title = signedIn ? `${t(id)} · Fieldbeat` : "Fieldbeat";
  });
  if (signedIn === null) return html`<${SignIn} />`;
  return html`
    <div class="frame">
      <a class="unseen" href="#content" onClick=${(event) => { event.preventDefault(); document.getElementById("content").focus(); }}>${t("skip")}</a>
      <${Rail} current=${id} me=${signedIn.person} />
      <main class="panel" id="content" tabindex="-1" key=${signedIn.person.id}><${Panel} id=${id} query=${query} me=${signedIn.person} /></main>
    </div>`;
}

render(html`<${App} />`, document.getElementById("app"));
