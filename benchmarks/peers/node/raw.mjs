// The limit in Node: node:http and the driver, written by hand for exactly the measured operations, without GraphQL.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { PORT, bodyOf, caller, checkIn, records } from './duties.mjs'
import { readLead, readLeads, readVisits } from './schema.mjs'

const NAMES = new Map(Object.entries(JSON.parse(readFileSync(process.env.OPERATIONS, 'utf8'))).map(([name, text]) => [text, name]))

async function byId (name, ids, org) {
  const wanted = [...new Set(ids.filter(Boolean))]
  const found = wanted.length ? await records.many(name, wanted, org) : []
  return new Map(found.map((each) => [each._id, each]))
}

const lead = (each) => ({
  id: each._id, name: each.name, tier: each.tier, stage: each.stage, slaDueAt: each.sla_due_at, redFlag: each.red_flag
})
const person = (each) => each ? { id: each._id, name: each.name } : null

const RUN = {
  async lead (who, variables) {
    const found = await readLead(who, variables.id)
    return { lead: found && { ...lead(found), version: found.version } }
  },
  async list (who) {
    const leads = await readLeads(who, 50, 'NEWEST')
    const [owners, accounts] = await Promise.all([
      byId('people', leads.map((each) => each.owner_id), who.org),
      byId('accounts', leads.map((each) => each.account_id), who.org)
    ])
    const account = (each) => each ? { id: each._id, name: each.name, tier: each.tier } : null
    const nodes = leads.map((each) => ({
      ...lead(each), owner: person(owners.get(each.owner_id)), account: account(accounts.get(each.account_id))
    }))
    return { leads: { nodes } }
  },
  async home (who, variables) {
    const [visits, leads] = await Promise.all([
      readVisits(who, 20, new Date(variables.from), new Date(variables.before)), readLeads(who, 10, 'DUE')
    ])
    const [accounts, checkIns, owners] = await Promise.all([
      byId('accounts', visits.map((each) => each.account_id), who.org),
      byId('check_ins', visits.map((each) => each.last_check_in_id), who.org),
      byId('people', leads.map((each) => each.owner_id), who.org)
    ])
    const account = (each) => each ? { id: each._id, name: each.name, phone: each.phone ?? null } : null
    const arrival = (each) => each ? { id: each._id, verdict: each.verdict, distanceM: each.distance_m } : null
    return {
      visits: {
        nodes: visits.map((each) => ({
          id: each._id,
          state: each.state,
          scheduledAt: each.scheduled_at,
          plannedStartAt: each.planned_start_at,
          plannedEndAt: each.planned_end_at,
          account: account(accounts.get(each.account_id)),
          lastCheckIn: arrival(checkIns.get(each.last_check_in_id))
        }))
      },
      leads: { nodes: leads.map((each) => ({ ...lead(each), owner: person(owners.get(each.owner_id)) })) }
    }
  },
  async checkin (who, variables) {
    const made = await checkIn(who, variables.key, variables.input)
    if (made.__typename) return { checkIn: made }
    const visit = await records.one('visits', { _id: made.visit_id, org_id: who.org, owner_id: who.person })
    return {
      checkIn: {
        __typename: 'CheckIn',
        id: made._id,
        verdict: made.verdict,
        distanceM: made.distance_m,
        visit: visit && { id: visit._id, state: visit.state, version: visit.version }
      }
    }
  }
}

async function answer (request, response) {
  if (request.url === '/readyz') {
    await records.ping()
    return response.end('ok')
  }
  const who = caller(request.headers)
  const asked = await bodyOf(request)
  const body = Buffer.from(JSON.stringify({ data: await RUN[NAMES.get(asked.query)](who, asked.variables) }))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(500)
    response.end(String(error))
  })
}).listen(PORT, '127.0.0.1')
