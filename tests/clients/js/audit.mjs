// The public audits of GraphQL over HTTP, as the package ships them; prints one line of JSON for each.
import { auditServer } from "graphql-http";

for (const { id, name, status, reason } of await auditServer({ url: process.env.URL })) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
