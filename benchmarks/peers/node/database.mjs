// The records in the database, by the official driver.
import { MongoClient } from 'mongodb'

/** Connects to MONGODB_URI. */
export async function openDatabase () {
  const client = new MongoClient(process.env.MONGODB_URI, { writeConcern: { w: 'majority' } })
  await client.connect()
  const database = client.db(process.env.MONGODB_DATABASE)
  return {
    ping: () => client.db('admin').command({ ping: 1 }),
    one: (name, query, session) => database.collection(name).findOne(query, { session }),
    many: (name, ids, org) =>
      database.collection(name).find({ _id: { $in: ids }, org_id: org }, { limit: ids.length }).toArray(),
    list: (name, query, sort, limit) => database.collection(name).find(query, { sort, limit }).toArray(),
    openVisit: (scope, session) => database.collection('visits').findOne({ ...scope, state: 'OPEN' }, { session }),
    latestShift: (scope, session) =>
      database.collection('shifts').findOne(scope, { session, sort: { started_at: -1 } }),
    insert: (name, document, session) => database.collection(name).insertOne(document, { session }),
    replace: async (name, guard, document, session) =>
      (await database.collection(name).replaceOne(guard, document, { session })).matchedCount,
    transaction: (body) => client.withSession((session) => session.withTransaction(
      () => body(session), { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } }))
  }
}
