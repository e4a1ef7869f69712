const assert = require("node:assert/strict");
const { createOperationDescriptor, Environment, fetchQuery, getSingularSelector, Network, RecordSource, Store, commitMutation } =
  require("relay-runtime");
const artifact = (name) => require(`./src/__generated__/${name}.graphql`);

const sent = [];
const network = Network.create(async (request, variables) => {
  sent.push(request);
  const response = await fetch(process.env.URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.TOKEN}` },
    body: JSON.stringify({ documentId: request.id, variables }),
  });
  return response.json();
});
const source = new RecordSource();
const environment = new Environment({ network, store: new Store(source) });
const PAGE = artifact("LeadsPageQuery");
const descriptor = createOperationDescriptor(PAGE, { count: 2 });
environment.retain(descriptor);

const list = () => {
  const page = environment.lookup(descriptor.fragment).data;
  return environment.lookup(getSingularSelector(artifact("Leads_list"), page)).data.leads;
};

(async () => {
  await fetchQuery(environment, PAGE, { count: 2 }).toPromise();
  assert.equal(list().edges.length, 2);
  assert.equal(list().pageInfo.hasNextPage, true);

  // The next page joins the connection.
  await fetchQuery(environment, artifact("LeadsPaginationQuery"), { count: 2, cursor: list().pageInfo.endCursor }).toPromise();
  assert.equal(list().edges.length, 4);
  assert.equal(new Set(list().edges.map((edge) => edge.node.id)).size, 4);

  // One record again, by node(id).
  const { node } = list().edges[0];
  await fetchQuery(environment, artifact("LeadsRefetchQuery"), { id: node.id }, { fetchPolicy: "network-only" }).toPromise();
  const shown = () => environment.lookup(getSingularSelector(artifact("Leads_lead"), node)).data;
  assert.ok(shown().name);

  // A change is seen by all who show the record; a refusal leaves the record alone.
  const rename = (variables) =>
    new Promise((resolve, reject) =>
      commitMutation(environment, {
        mutation: artifact("LeadsRenameMutation"),
        variables: { key: `relay-${process.hrtime.bigint()}`, id: node.id, ...variables },
        onCompleted: (data) => resolve(data.updateLead),
        onError: reject,
      }),
    );
  assert.equal((await rename({ name: "Renamed by Relay" })).__typename, "Lead");
  assert.equal(shown().name, "Renamed by Relay");
  const refused = await rename({ name: "Late", expected: 1 });
  assert.deepEqual([refused.__typename, refused.recordId], ["VersionConflict", node.id]);
  assert.equal(source.get(node.id).__typename, "Lead");
  assert.equal(shown().name, "Renamed by Relay");
  assert.ok(sent.every((request) => request.text === null && request.id));
  console.log("ok");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
