// Apollo Server 5, standalone, with DataLoader, as its documentation shows.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import DataLoader from 'dataloader'
import { PORT, caller, records } from './duties.mjs'
import { DateTime, fieldResolvers, rootResolvers, typeDefs, typeOfResult } from './schema.mjs'

const loader = (name, org) => new DataLoader(async (ids) => {
  const found = new Map((await records.many(name, ids, org)).map((each) => [each._id, each]))
  return ids.map((id) => found.get(id) ?? null)
})
const related = (name, key) => (parent, _, context) => parent[key] ? context[name].load(parent[key]) : null

const server = new ApolloServer({
  typeDefs,
  resolvers: {
    DateTime,
    ...rootResolvers,
    ...fieldResolvers,
    Lead: { ...fieldResolvers.Lead, owner: related('people', 'owner_id'), account: related('accounts', 'account_id') },
    Visit: {
      ...fieldResolvers.Visit,
      account: related('accounts', 'account_id'),
      lastCheckIn: related('check_ins', 'last_check_in_id')
    },
    CheckIn: { ...fieldResolvers.CheckIn, visit: related('visits', 'visit_id') },
    CheckInResult: { __resolveType: typeOfResult },
    Refusal: { __resolveType: typeOfResult }
  }
})

await startStandaloneServer(server, {
  listen: { port: PORT, host: '127.0.0.1' },
  context: async ({ req }) => {
    const who = await caller(req.headers)
    return {
      who,
      people: loader('people', who.org),
      accounts: loader('accounts', who.org),
      check_ins: loader('check_ins', who.org),
      visits: loader('visits', who.org)
    }
  }
})
