// Subscriptions by graphql-transport-ws on one socket: it comes back by itself and renews the token before it ends.

import { useEffect, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { operation } from "./operations.js";
import { accessToken, session, SignedOut } from "./session.js";

const SHORTEST_MS = 500;
const LONGEST_MS = 20_000;
const SILENT_MS = 60_000; // the server pings every 25 s
const RENEW_MS = 30_000;

class Live {
  #socket = null;
  #wanted = new Map();
  #next = 1;
  #attempt = 0;
  #timer = null;
  #silence = null;
  #renewal = null;
  #state = "resting"; // resting, connecting, live, broken
  #listeners = new Set();

  get state() {
    return this.#state;
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `onEvent(data)` for each event and `onError({code, message})` for an end the server wants; answers how to stop. */
  subscribe(name, variables, onEvent, onError = () => undefined) {
    const id = String(this.#next++);
    this.#wanted.set(id, { name, variables, onEvent, onError });
    if (this.#state === "live") this.#start(id);
    else if (this.#state === "resting") this.#connect();
    return () => {
      if (!this.#wanted.delete(id)) return;
      this.#say({ id, type: "complete" });
      if (this.#wanted.size === 0) this.#rest();
    };
  }

  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #say(message) {
    if (this.#state === "live") this.#socket.send(JSON.stringify(message));
  }

  async #start(id) {
    const { name, variables } = this.#wanted.get(id);
    try {
      const payload = { ...(await operation(name)), variables };
      if (this.#wanted.has(id)) this.#say({ id, type: "subscribe", payload });
    } catch {
      this.#again();
    }
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#become("resting");
  }

  #drop() {
    clearTimeout(this.#silence);
    clearTimeout(this.#renewal);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) socket.close(1000);
  }

  #again(soon = false) {
    this.#drop();
    clearTimeout(this.#timer);
    if (this.#wanted.size === 0) return this.#become("resting");
    this.#become(this.#attempt > 0 ? "broken" : "connecting");
    // Spread out, so that not all pages come back in the same moment after a restart.
    const pause = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#attempt) * (0.5 + Math.random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), soon ? 0 : pause);
  }

  async #connect() {
    clearTimeout(this.#timer);
    if (this.#state === "resting") this.#become("connecting");
    let token;
    try {
      token = await accessToken();
    } catch (error) {
      if (error instanceof SignedOut) return this.#rest();
      return this.#again();
    }
    if (this.#socket !== null || this.#wanted.size === 0) return;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws");
    this.#socket = socket;
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#hear(JSON.parse(data), socket);
    };
    socket.onclose = async ({ code }) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      // 4403: the token was refused. 4401: it has ended; 1013: we were too slow, so begin from the present.
      if (code === 4403) await accessToken({ refused: token }).catch(() => undefined);
      this.#again(code === 4401 && this.#attempt === 0);
    };
    this.#listen(socket);
  }

  #listen(socket) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => socket === this.#socket && this.#again(), SILENT_MS);
  }

  #hear(message, socket) {
    this.#listen(socket);
    const wanted = this.#wanted.get(message.id);
    if (message.type === "connection_ack") {
      this.#attempt = 0;
      this.#become("live");
      for (const id of this.#wanted.keys()) this.#start(id);
      this.#plan();
    } else if (message.type === "ping") {
      socket.send('{"type":"pong"}');
    } else if (message.type === "next" && wanted) {
      const [error] = message.payload.errors ?? [];
      if (error) this.#fail(message.id, wanted, error);
      else wanted.onEvent(message.payload.data);
    } else if (message.type === "error" && wanted) {
      this.#fail(message.id, wanted, message.payload[0]);
    } else if (message.type === "complete" && wanted) {
      this.#start(message.id);
    }
  }

  #fail(id, wanted, error) {
    if (error.extensions?.retryable || error.extensions?.code === "UNAUTHENTICATED") return this.#again();
    this.#wanted.delete(id);
    wanted.onError({ code: error.extensions?.code ?? "INTERNAL", message: error.message });
  }

  /** A new socket just before the token of this one ends. */
  #plan() {
    const left = (session()?.endsAt ?? 0) - Date.now();
    if (left > RENEW_MS) this.#renewal = setTimeout(() => this.#again(true), Math.min(left - RENEW_MS, 2 ** 31 - 1));
  }
}

export const live = new Live();

/** "live", "connecting", "broken" or "resting". */
export function useLiveState() {
  const [state, setState] = useState(live.state);
  useEffect(() => live.listen(setState), []);
  return state;
}
