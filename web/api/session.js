// Who is signed in. All tabs share one session: its refresh token is good for one use, so they take turns by a lock.

import { send } from "./operations.js";
import { heard } from "./server_time.js";

const KEPT = "fieldbeat.session";
const EARLY_MS = 45_000;

export class SignedOut extends Error {}

export function session() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function keep(value) {
  if (value === null) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, JSON.stringify({ ...value, endsAt: endOf(value.accessToken) }));
  dispatchEvent(new Event("fieldbeat:session"));
}

/** When a token that has just come ends by this machine's clock, which need not agree with the server's. */
function endOf(token) {
  const { iat, exp } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  heard(iat * 1000);
  return Date.now() + (exp - iat) * 1000;
}

// Another tab signed in or out.
addEventListener("storage", (event) => {
  if (event.key === KEPT || event.key === null) dispatchEvent(new Event("fieldbeat:session"));
});

/** Made by us for one intention, and repeated with each retry. `crypto.randomUUID` is missing without HTTPS. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `con-${Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** The refusal of the server, or null: then the session is kept. */
export async function signIn(email, password) {
  const { signIn: answer } = await send("session/SignIn", { clientKey: newKey(), input: { email, password } });
  if (answer.__typename !== "Session") return answer;
  keep(answer);
  return null;
}

export async function signOut() {
  const token = session()?.accessToken;
  keep(null);
  // The session ends here in any case; on the server it also ends by itself, unused.
  if (token) await send("session/SignOut", { clientKey: newKey() }, token).catch(() => undefined);
}

/** An access token that is good for a while; SignedOut where there is none to be had. */
export async function accessToken({ refused = null } = {}) {
  const usable = (kept) => kept.accessToken !== refused && kept.endsAt - Date.now() > EARLY_MS;
  const kept = session();
  if (kept === null) throw new SignedOut();
  if (usable(kept)) return kept.accessToken;
  return inTurn(async () => {
    const latest = session();
    if (latest === null) throw new SignedOut();
    return usable(latest) ? latest.accessToken : refresh(latest);
  });
}

const inTurn = (work) => (navigator.locks ? navigator.locks.request("fieldbeat.session", work) : work());

async function refresh(kept) {
  // The key is kept before it is sent: a lost answer is asked for again, also by the page loaded next.
  const clientKey = kept.refreshKey ?? newKey();
  if (!kept.refreshKey) localStorage.setItem(KEPT, JSON.stringify({ ...kept, refreshKey: clientKey }));
  const { refreshSession: answer } = await send("session/Refresh", { clientKey, refreshToken: kept.refreshToken });
  if (answer.__typename === "Session") {
    keep(answer);
    return answer.accessToken;
  }
  if (answer.code === "RETRY_LATER") throw new Error(answer.message);
  keep(null);
  throw new SignedOut();
}
