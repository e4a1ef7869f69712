import assert from "node:assert/strict";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { ErrorLink } from "@apollo/client/link/error";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { headers, newKey, possibleTypes, sha256, url } from "./setting.mjs";

const requests = [];
const recorded = async (uri, options) => {
  requests.push({ uri: String(uri), body: options.body ? JSON.parse(options.body) : null });
  return fetch(uri, options);
};
const codes = [];
const errors = new ErrorLink(({ error }) => {
  if (CombinedGraphQLErrors.is(error)) codes.push(...error.errors.map((each) => each.extensions.code));
});
const connect = (...links) =>
  new ApolloClient({
    link: ApolloLink.from([errors, ...links, new HttpLink({ uri: url, headers, fetch: recorded })]),
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: { Query: { fields: { leads: relayStylePagination(["order", "filter"]) } } },
    }),
  });

const PAGE = gql`
  query Page($first: Int!, $after: String) {
    leads(first: $first, after: $after, order: NEWEST) {
      edges { cursor node { id name estimatedValue } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

// Pages merged by the cache.
const client = connect();
const pages = client.watchQuery({ query: PAGE, variables: { first: 2 } });
let unwatch;
const loaded = await new Promise((resolve) => {
  unwatch = pages.subscribe(({ loading, data }) => loading || resolve(data));
});
const first = loaded.leads;
assert.equal(first.edges.length, 2);
assert.equal(first.pageInfo.hasNextPage, true);
await pages.fetchMore({ variables: { after: first.pageInfo.endCursor } });
const merged = client.readQuery({ query: PAGE, variables: { first: 2 } }).leads;
assert.equal(merged.edges.length, 4);
assert.equal(new Set(merged.edges.map((edge) => edge.node.id)).size, 4);
unwatch.unsubscribe();

// A mutation that is done, and one that is refused: data, not an error, and the cache keeps the lead as it is.
const RENAME = gql`
  mutation Rename($key: String!, $id: ID!, $name: String!, $expected: Int) {
    updateLead(clientKey: $key, id: $id, changes: { name: $name }, expectedVersion: $expected) {
      __typename
      ... on Lead { id name version }
      ... on Refusal { code message }
      ... on VersionConflict { recordId currentVersion }
    }
  }
`;
const { id } = first.edges[0].node;
const rename = async (variables) => (await client.mutate({ mutation: RENAME, variables: { key: newKey(), id, ...variables } })).data.updateLead;
const renamed = await rename({ name: "Renamed" });
assert.equal(renamed.__typename, "Lead");
const conflict = await rename({ name: "Late", expected: renamed.version - 1 });
assert.deepEqual(
  [conflict.__typename, conflict.code, conflict.recordId, conflict.currentVersion],
  ["VersionConflict", "CONFLICT", id, renamed.version],
);
assert.equal(client.cache.extract()[`Lead:${id}`].name, "Renamed");

// Stable codes reach the error link.
await assert.rejects(client.query({ query: gql`{ lead(id: 7) { nothing } }` }), CombinedGraphQLErrors);
assert.deepEqual(codes.splice(0), ["GRAPHQL_VALIDATION_FAILED"]);

// Persisted queries: hash, PersistedQueryNotFound, hash and text, from then on the hash alone.
const NEW = gql`query ${`Fresh${process.pid}`} { leads(first: 1) { nodes { id } } }`;
const persisted = connect(new PersistedQueryLink({ sha256, useGETForHashedQueries: true }));
for (const expected of [2, 1]) {
  requests.length = 0;
  const { data } = await persisted.query({ query: NEW, fetchPolicy: "network-only" });
  assert.equal(data.leads.nodes.length, 1);
  assert.equal(requests.length, expected);
  assert.match(requests[0].uri, /extensions=/);
  assert.doesNotMatch(requests[0].uri, /query=/);
}

// A subscription by multipart answers.
const events = client.subscribe({ query: gql`subscription { teamMapChanged { isFull entries { personId } } }` });
const event = await new Promise((resolve, reject) => {
  const subscription = events.subscribe({
    next: (result) => (resolve(result), setTimeout(() => subscription.unsubscribe())),
    error: reject,
  });
});
assert.equal(event.data.teamMapChanged.isFull, true);
const refused = client.subscribe({ query: gql`subscription { teamMapChanged(teamId: "x") { isFull } }` });
const failed = await new Promise((resolve) => refused.subscribe({ next: resolve, error: (error) => resolve({ error }) }));
assert.ok(failed.error);
console.log("ok");
process.exit(0);
