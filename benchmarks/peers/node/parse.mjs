// Parse Server 9 with its GraphQL API, as documented: its own classes, pointers for relations, cloud code for the
// check-in. It keeps the records in its own format, so it loads them into a database of its own on the same server.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import express from 'express'
import { MongoClient } from 'mongodb'
import { ParseGraphQLServer, ParseServer } from 'parse-server'
import { caller, distanceM, PORT } from './duties.mjs'

const KEYS = { appId: 'benchmark', masterKey: 'benchmark-master' }
const uri = new URL(process.env.MONGODB_URI)
uri.pathname = `/${process.env.MONGODB_DATABASE}_parse`

const [text, number, bool, date, object, list] = ['String', 'Number', 'Boolean', 'Date', 'Object', 'Array'].map((type) => ({ type }))
const pointer = (targetClass) => ({ type: 'Pointer', targetClass })
const owned = { orgId: text, ownerId: text, teamId: text }
const CLASSES = {
  Person: { orgId: text, teamId: text, name: text, state: text },
  Account: { ...owned, name: text, tier: text, phone: text },
  Site: { ...owned, accountId: text, location: object, radiusM: number, locationVersion: number },
  Lead: {
    ...owned, name: text, tier: text, stage: text, slaDueAt: date, redFlag: bool, version: number,
    owner: pointer('Person'), account: pointer('Account')
  },
  CheckIn: {
    ...owned, siteId: text, accountId: text, visitId: text, direction: text, evidence: object, receivedAt: date,
    eventAt: date, point: object, locationVersion: number, verdict: text, reasons: list, score: number,
    distanceM: number, uncertaintyM: number, radiusM: number, policyVersion: number, mode: text, offline: bool,
    review: bool, flagged: bool, unverified: bool
  },
  Visit: {
    ...owned, siteId: text, accountId: text, kind: text, state: text, tier: text, scheduledAt: date,
    plannedStartAt: date, plannedEndAt: date, missedAfter: date, openedAt: date, autoCloseAt: date,
    arrivedInside: bool, version: number, account: pointer('Account'), lastCheckIn: pointer('CheckIn')
  },
  Shift: { ...owned, startedAt: date, autoEndAt: date },
  Receipt: { digest: text, at: date, expiresAt: date, record: text }
}
const COLLECTIONS = {
  people: 'Person', accounts: 'Account', sites: 'Site', leads: 'Lead', check_ins: 'CheckIn', visits: 'Visit'
}
const POINTERS = {
  Lead: { _p_owner: ['Person', 'owner_id'], _p_account: ['Account', 'account_id'] },
  Visit: { _p_account: ['Account', 'account_id'], _p_lastCheckIn: ['CheckIn', 'last_check_in_id'] }
}
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())

function stored (className, document) {
  const made = { _id: document._id, _created_at: new Date(), _updated_at: new Date() }
  for (const [name, value] of Object.entries(document)) {
    const path = camel(name)
    if (path in CLASSES[className] && CLASSES[className][path].type !== 'Pointer') made[path] = value
  }
  for (const [path, [target, from]] of Object.entries(POINTERS[className] ?? {})) {
    if (document[from]) made[path] = `${target}$${document[from]}`
  }
  return made
}

async function load () {
  const client = await new MongoClient(uri.toString()).connect()
  const isDate = (value) => value !== null && typeof value === 'object' && '$date' in value
  const records = JSON.parse(readFileSync(process.env.RECORDS_JSON, 'utf8'),
    (_, value) => isDate(value) ? new Date(value.$date) : value)
  await client.db().collection('Lead').createIndexes([
    { key: { ownerId: 1, _id: 1 }, name: 'by_owner' }, { key: { ownerId: 1, slaDueAt: 1, _id: 1 }, name: 'by_due' }])
  await client.db().collection('Visit').createIndexes([{ key: { ownerId: 1, scheduledAt: 1, _id: 1 }, name: 'by_time' }])
  await client.db().collection('Shift').createIndexes([{ key: { ownerId: 1, startedAt: -1 }, name: 'by_start' }])
  for (const [collection, className] of Object.entries(COLLECTIONS)) {
    const documents = records[collection].map((each) => stored(className, each))
    for (let at = 0; at < documents.length; at += 1000) {
      await client.db().collection(className).insertMany(documents.slice(at, at + 1000))
    }
  }
  await client.close()
}

const { Parse } = globalThis
const master = { useMasterKey: true }
const find = (className, id) => new Parse.Query(className).equalTo('objectId', id).first(master)

async function checkIn ({ params: { clientKey, input: given }, headers }) {
  const who = caller(headers)
  const key = `${who.org}:${who.person}:checkIn:${clientKey}`
  if (await find('Receipt', key)) throw new Error('KEY_REUSED')
  if (await find('CheckIn', given.id)) throw new Error('ID_TAKEN')
  const site = await find('Site', given.siteId)
  const visit = await find('Visit', given.visitId)
  if (!site || !visit || visit.get('ownerId') !== who.person) throw new Error('NOT_FOUND')
  if (visit.get('siteId') !== site.id || visit.get('state') !== 'PLANNED') throw new Error('WRONG_STATE')
  if (await new Parse.Query('Visit').equalTo('ownerId', who.person).equalTo('state', 'OPEN').first(master)) {
    throw new Error('VISIT_ALREADY_OPEN')
  }
  const shift = await new Parse.Query('Shift').equalTo('ownerId', who.person).descending('startedAt').first(master)
  if (!await find('Person', who.person)) throw new Error('NOT_FOUND')
  const away = distanceM(given.latitude, given.longitude, { location: site.get('location') })
  if (away > site.get('radiusM')) throw new Error('OUTSIDE_GEOFENCE')
  const [now, captured] = [new Date(), new Date(given.capturedAt)]
  const made = new Parse.Object('CheckIn')
  made.id = given.id
  made.set({
    orgId: who.org, ownerId: who.person, teamId: visit.get('teamId'), siteId: site.id, accountId: visit.get('accountId'),
    visitId: visit.id, direction: 'ARRIVAL',
    evidence: {
      latitude: given.latitude, longitude: given.longitude, datum: given.datum, accuracyM: given.accuracyM,
      capturedAt: captured, provider: 'UNKNOWN', isMock: false
    },
    receivedAt: now, eventAt: captured,
    point: { type: 'Point', coordinates: [given.longitude, given.latitude] },
    locationVersion: site.get('locationVersion'), verdict: 'INSIDE', reasons: ['WITHIN_FENCE'], score: 0,
    distanceM: away, uncertaintyM: given.accuracyM, radiusM: site.get('radiusM'), policyVersion: 1, mode: 'SOFT',
    offline: false, review: false, flagged: false, unverified: false
  })
  visit.set({
    state: 'OPEN', openedAt: captured, arrivedInside: true, lastCheckIn: made, version: visit.get('version') + 1,
    autoCloseAt: shift ? shift.get('autoEndAt') : new Date(captured.getTime() + 8 * 3600_000)
  })
  visit.unset('missedAfter')
  const receipt = new Parse.Object('Receipt')
  receipt.id = key
  receipt.set({
    digest: createHash('sha256').update(JSON.stringify(given)).digest('hex'),
    at: now,
    expiresAt: new Date(now.getTime() + 30 * 86400_000),
    record: given.id
  })
  // Not in a transaction: its writes race there and are refused (251), which this version takes for a failure.
  await Parse.Object.saveAll([made, visit, receipt], master)
  const opened = await find('Visit', visit.id)
  return {
    id: given.id,
    verdict: 'INSIDE',
    distanceM: away,
    visit: { id: opened.id, state: opened.get('state'), version: opened.get('version') }
  }
}

await load()
const server = new ParseServer({
  ...KEYS,
  databaseURI: uri.toString(),
  serverURL: `http://127.0.0.1:${PORT}/parse`,
  allowCustomObjectId: true,
  allowClientClassCreation: false,
  silent: true,
  logLevel: 'error',
  schema: {
    definitions: Object.entries(CLASSES).map(([className, fields]) => ({ className, fields })),
    lockSchemas: true
  },
  cloud: (parse) => parse.Cloud.define('checkIn', checkIn)
})
await server.start()
Parse.allowCustomObjectId = true

const app = express()
app.get('/readyz', (_, response) => response.send('ok'))
app.use((request, response, next) => {
  try {
    caller(request.headers)
  } catch {
    return response.sendStatus(401)
  }
  request.headers['x-parse-application-id'] = KEYS.appId
  request.headers['x-parse-master-key'] = KEYS.masterKey
  next()
})
app.use('/parse', server.app)
new ParseGraphQLServer(server, {
  graphQLPath: '/graphql',
  graphQLCustomTypeDefs: /* GraphQL */ `
    input CheckInGiven {
      id: ID! siteId: ID! visitId: ID! latitude: Float! longitude: Float! datum: String! accuracyM: Float!
      capturedAt: String!
    }
    type OpenedVisit { id: ID! state: String! version: Int! }
    type MadeCheckIn { id: ID! verdict: String! distanceM: Float! visit: OpenedVisit }
    extend type Mutation { checkIn(clientKey: String!, input: CheckInGiven!): MadeCheckIn! @resolve }
  `
}).applyGraphQL(app)
app.listen(PORT, '127.0.0.1')
