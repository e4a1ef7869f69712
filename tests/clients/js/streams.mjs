import assert from "node:assert/strict";
import { createClient as createEvents } from "graphql-sse";
import { CloseCode, createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";
import { headers, url, wsUrl } from "./setting.mjs";

const WATCH = "subscription { teamMapChanged { isFull } }";
const FULL = { data: { teamMapChanged: { isFull: true } } };

for (const client of [
  createEvents({ url, headers, retryAttempts: 0 }),
  createSocket({ url: wsUrl, webSocketImpl: WebSocket, connectionParams: headers, retryAttempts: 0 }),
]) {
  // One answer and the end.
  const answers = [];
  for await (const answer of client.iterate({ query: "{ leads(first: 1) { nodes { __typename } } }" })) answers.push(answer);
  assert.deepEqual(answers, [{ data: { leads: { nodes: [{ __typename: "Lead" }] } } }]);

  // Events until the client has enough of them.
  for await (const answer of client.iterate({ query: WATCH })) {
    assert.deepEqual(answer, FULL);
    break;
  }

  // What is not valid: an event of the stream there, an error message here.
  let seen;
  try {
    for await (const answer of client.iterate({ query: "subscription { nothing }" })) seen = answer.errors;
  } catch (errors) {
    seen = errors;
  }
  assert.equal(seen[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  await client.dispose();
}

// A wrong token is a status there, a close code here.
const wrong = { authorization: "Bearer wrong" };
const status = await new Promise((resolve) =>
  createEvents({ url, headers: wrong, retryAttempts: 0 }).subscribe({ query: WATCH }, { next: resolve, error: resolve, complete: resolve }),
);
assert.equal(status.response?.status, 401);
const closed = await new Promise((resolve) =>
  createSocket({ url: wsUrl, webSocketImpl: WebSocket, connectionParams: wrong, retryAttempts: 0 }).subscribe(
    { query: WATCH },
    { next: resolve, error: resolve, complete: resolve },
  ),
);
assert.equal(closed.code, CloseCode.Forbidden);
console.log("ok");
process.exit(0);
