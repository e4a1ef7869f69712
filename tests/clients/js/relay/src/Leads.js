const { graphql } = require("relay-runtime");

module.exports = {
  page: graphql`
    query LeadsPageQuery($count: Int = 2, $cursor: String) {
      ...Leads_list @arguments(count: $count, cursor: $cursor)
    }
  `,
  list: graphql`
    fragment Leads_list on Query
    @refetchable(queryName: "LeadsPaginationQuery")
    @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
      leads(first: $count, after: $cursor, order: NEWEST) @connection(key: "Leads_leads") {
        edges {
          node {
            id
            ...Leads_lead
          }
        }
      }
    }
  `,
  lead: graphql`
    fragment Leads_lead on Lead @refetchable(queryName: "LeadsRefetchQuery") {
      name
      version
      owner {
        name
      }
    }
  `,
  rename: graphql`
    mutation LeadsRenameMutation($key: String!, $id: ID!, $name: String!, $expected: Int) {
      updateLead(clientKey: $key, id: $id, changes: { name: $name }, expectedVersion: $expected) {
        __typename
        ... on Lead {
          name
        }
        ... on VersionConflict {
          code
          recordId
        }
      }
    }
  `,
};
