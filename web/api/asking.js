// Reading and writing as the person signed in, and the hooks that panels use.

import { useCallback, useEffect, useRef, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { Failure, send } from "./operations.js";
import { accessToken, newKey, SignedOut } from "./session.js";

const ENDED = new Set(["UNAUTHENTICATED"]);
const PAUSES_MS = [400, 1500];

/** The data of a query; with a fresh token where the old one is refused. */
export async function ask(name, variables) {
  const token = await accessToken();
  try {
    return await send(name, variables, token);
  } catch (error) {
    if (!ENDED.has(error.code)) throw error;
    return send(name, variables, await accessToken({ refused: token }));
  }
}

/** The answer of a mutation: what was done, or a refusal (it has a `code`). Repeats a lost call under the same key. */
export async function act(name, variables) {
  const clientKey = newKey();
  for (let attempt = 0; ; attempt += 1) {
    try {
      const [answer] = Object.values(await ask(name, { ...variables, clientKey }));
      if (answer?.code !== "RETRY_LATER" || attempt === PAUSES_MS.length) return answer;
    } catch (error) {
      if (!error.retryable || attempt === PAUSES_MS.length) throw error;
    }
    await new Promise((done) => setTimeout(done, PAUSES_MS[attempt]));
  }
}

/** All nodes of a connection, page by page, `most` at the most. */
export async function askAll(name, variables, most = 500) {
  const nodes = [];
  let after = null;
  do {
    const [connection] = Object.values(await ask(name, { ...variables, first: 100, after }));
    if (connection === null) return null;
    nodes.push(...connection.nodes);
    after = connection.pageInfo.hasNextPage && nodes.length < most ? connection.pageInfo.endCursor : null;
  } while (after !== null);
  return nodes;
}

/**
 * `{ data, error, loading, reload }` of what `read` answers; it runs again when a dependency changes, on `reload`, and
 * every `everyMs`. Old data stays while new data is on its way; an answer that was overtaken is dropped.
 */
export function useRead(read, dependencies, { everyMs = null } = {}) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const turn = useRef(0);
  const load = useCallback(
    async ({ fresh = false } = {}) => {
      const mine = (turn.current += 1);
      setState((old) => ({ data: fresh ? null : old.data, error: fresh ? null : old.error, loading: true }));
      try {
        const data = await read();
        if (mine === turn.current) setState({ data, error: null, loading: false });
      } catch (error) {
        if (error instanceof SignedOut || mine !== turn.current) return;
        const shown = error instanceof Failure ? error : new Failure("PAGE", String(error));
        setState((old) => ({ data: old.data, error: shown, loading: false }));
      }
    },
    dependencies,
  );
  useEffect(() => {
    load({ fresh: true });
    const timer = everyMs === null ? null : setInterval(() => document.hidden || load(), everyMs);
    return () => {
      turn.current += 1;
      clearInterval(timer);
    };
  }, [load, everyMs]);
  return { ...state, reload: load };
}
