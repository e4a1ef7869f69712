// Mercurius 16 on Fastify 5 with its JIT from the second run of a document on, and its loaders, as documented.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { PORT, caller, records } from './duties.mjs'
import { DateTime, fieldResolvers, rootResolvers, typeDefs, typeOfResult } from './schema.mjs'

const related = (name, key) => async (queries, { who }) => {
  const ids = [...new Set(queries.map(({ obj }) => obj[key]).filter(Boolean))]
  const found = new Map((ids.length ? await records.many(name, ids, who.org) : []).map((each) => [each._id, each]))
  return queries.map(({ obj }) => found.get(obj[key]) ?? null)
}

const app = Fastify()
app.get('/readyz', async () => {
  await records.ping()
  return 'ok'
})
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    DateTime,
    ...rootResolvers,
    ...fieldResolvers,
    CheckInResult: { resolveType: typeOfResult },
    Refusal: { resolveType: typeOfResult }
  },
  loaders: {
    Lead: { owner: related('people', 'owner_id'), account: related('accounts', 'account_id') },
    Visit: { account: related('accounts', 'account_id'), lastCheckIn: related('check_ins', 'last_check_in_id') },
    CheckIn: { visit: related('visits', 'visit_id') }
  },
  context: async (request) => ({ who: await caller(request.headers) }),
  jit: 1
})
await app.listen({ port: PORT, host: '127.0.0.1' })
