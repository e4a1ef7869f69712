import assert from "node:assert/strict";
import { Client, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";
import { headers, newKey, sha256, url, wsUrl } from "./setting.mjs";

const sent = [];
const recorded = (uri, options) => {
  sent.push({ uri: String(uri), body: options.body ? JSON.parse(options.body) : null });
  return fetch(uri, options);
};
const connect = (exchanges, more = {}) =>
  new Client({ url, preferGetMethod: false, fetchOptions: { headers }, fetch: recorded, exchanges, ...more });
const WATCH = gql`subscription Watch { teamMapChanged { isFull entries { personId } } }`;
const firstOf = (client, query) =>
  new Promise((resolve) => {
    const { unsubscribe } = client.subscription(query, {}).subscribe((result) => {
      resolve(result);
      setTimeout(() => unsubscribe());
    });
  });

// Query and mutation.
const client = connect([fetchExchange], { fetchSubscriptions: true });
const read = await client.query(gql`query Read { leads(first: 2) { nodes { id name } } }`, {});
assert.equal(read.error, undefined);
assert.equal(read.data.leads.nodes.length, 2);
const made = await client.mutation(
  gql`mutation Make($key: String!) {
    createLead(clientKey: $key, input: { name: "From urql", estimatedValue: "12.50", currency: "EUR" }) {
      __typename ... on Lead { id estimatedValue } ... on Refusal { code }
    }
  }`,
  { key: newKey() },
);
assert.equal(made.data.createLead.estimatedValue, "12.50");
const wrong = await client.query(gql`query Wrong { nothing }`, {});
assert.equal(wrong.error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");

// Subscriptions: event stream, then WebSocket.
assert.equal((await firstOf(client, WATCH)).data.teamMapChanged.isFull, true);
const socket = createSocket({ url: wsUrl, webSocketImpl: WebSocket, connectionParams: headers });
const forwardSubscription = ({ query, variables }) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
});
const overSocket = connect([subscriptionExchange({ forwardSubscription })]);
assert.equal((await firstOf(overSocket, WATCH)).data.teamMapChanged.isFull, true);
await socket.dispose();

// Automatic persisted queries: the hash alone is unknown once.
const persisted = connect([persistedExchange({ preferGetForPersistedQueries: true, generateHash: async (text) => sha256(text) }), fetchExchange]);
const NEW = gql`query ${`Urql${process.pid}`} { leads(first: 1) { nodes { id } } }`;
for (const expected of [2, 1]) {
  sent.length = 0;
  const result = await persisted.query(NEW, {}, { requestPolicy: "network-only" });
  assert.equal(result.error, undefined);
  assert.equal(sent.length, expected);
}
console.log("ok");
process.exit(0);
