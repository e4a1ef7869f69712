// What the Node peers share: the token, the records (database or memory), the check-in and the HTTP odds and ends.
import { createHash } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { openDatabase } from './database.mjs'
import { openMemory } from './memory.mjs'

export const PORT = Number(process.env.PORT)

const secret = process.env.SIGNING_KEYS.split(/:(.*)/s)[1]
const verify = createVerifier({ key: Buffer.from(secret, 'base64'), algorithms: ['HS256'], allowedIss: 'fieldbeat' })

/** {org, person} of a valid token that has not expired; throws otherwise. */
export function caller (headers) {
  const claims = verify((headers.authorization ?? '').slice('Bearer '.length))
  return { org: claims.org, person: claims.sub }
}

export const records = process.env.MEMORY_JSON ? openMemory(process.env.MEMORY_JSON) : await openDatabase()

const EARTH_M = 6371008.8
const radians = (degrees) => degrees * Math.PI / 180

export function distanceM (latitude, longitude, site) {
  const [pinLongitude, pinLatitude] = site.location.coordinates.map(radians)
  const [a, b] = [radians(latitude), radians(longitude)]
  const half = Math.sin((a - pinLatitude) / 2) ** 2 +
    Math.cos(a) * Math.cos(pinLatitude) * Math.sin((b - pinLongitude) / 2) ** 2
  return 2 * EARTH_M * Math.asin(Math.sqrt(half))
}

const refused = (kind, code) => ({ __typename: kind, code, message: code })

/** The stored check-in, or a refusal with its __typename; reads and writes as peers/arrival.py. */
export async function checkIn (who, key, given) {
  const now = new Date()
  const receiptId = `${who.org}:${who.person}:checkIn:${key}`
  const digest = createHash('sha256').update(JSON.stringify(given)).digest('hex')
  if (await records.one('receipts', { _id: receiptId })) return refused('KeyReused', 'KEY_REUSED')
  return records.transaction(async (session) => {
    const scope = { org_id: who.org, owner_id: who.person }
    if (await records.one('check_ins', { _id: given.id, ...scope }, session)) return refused('IdTaken', 'ID_TAKEN')
    const site = await records.one('sites', { _id: given.siteId, org_id: who.org }, session)
    const visit = site && await records.one('visits', { _id: given.visitId, ...scope }, session)
    if (!visit) return refused('NotFound', 'NOT_FOUND')
    if (visit.site_id !== site._id || !['PLANNED', 'MISSED'].includes(visit.state)) {
      return refused('WrongState', 'WRONG_STATE')
    }
    if (await records.openVisit(scope, session)) return refused('VisitAlreadyOpen', 'VISIT_ALREADY_OPEN')
    const shift = await records.latestShift(scope, session)
    const person = await records.one('people', { _id: who.person, org_id: who.org }, session)
    if (!person) return refused('NotFound', 'NOT_FOUND')
    const away = distanceM(given.latitude, given.longitude, site)
    if (away > site.radius_m) return refused('OutsideGeofence', 'OUTSIDE_GEOFENCE')
    const captured = new Date(given.capturedAt)
    const arrived = {
      _id: given.id,
      org_id: who.org,
      owner_id: who.person,
      team_id: visit.team_id,
      site_id: site._id,
      account_id: site.account_id,
      direction: 'ARRIVAL',
      evidence: {
        latitude: given.latitude,
        longitude: given.longitude,
        datum: given.datum,
        accuracy_m: given.accuracyM,
        captured_at: captured,
        provider: 'UNKNOWN',
        is_mock: false
      },
      received_at: now,
      event_at: captured,
      point: { type: 'Point', coordinates: [given.longitude, given.latitude] },
      location_version: site.location_version,
      verdict: 'INSIDE',
      reasons: ['WITHIN_FENCE'],
      score: 0,
      distance_m: away,
      uncertainty_m: given.accuracyM,
      radius_m: site.radius_m,
      policy_version: 1,
      mode: 'SOFT',
      offline: false,
      review: false,
      flagged: false,
      unverified: false,
      visit_id: visit._id
    }
    const { missed_after: _, ...kept } = visit
    const opened = {
      ...kept,
      state: 'OPEN',
      opened_at: captured,
      auto_close_at: shift ? shift.auto_end_at : new Date(captured.getTime() + 8 * 3600_000),
      last_check_in_id: arrived._id,
      arrived_inside: true,
      updated_at: now,
      version: visit.version + 1
    }
    await records.insert('check_ins', arrived, session)
    if (!await records.replace('visits', { _id: visit._id, version: visit.version }, opened, session)) {
      return refused('RetryLater', 'RETRY_LATER')
    }
    await records.insert('receipts', {
      _id: receiptId,
      digest,
      at: now,
      expires_at: new Date(now.getTime() + 30 * 86400_000),
      collection: 'check_ins',
      record: arrived._id
    }, session)
    return arrived
  })
}

/** The body of a node:http request as JSON. */
export async function bodyOf (request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return JSON.parse(parts.length === 1 ? parts[0] : Buffer.concat(parts))
}
