// The part of our schema that the measured operations use, for the GraphQL peers, and the root resolvers.
import { GraphQLScalarType, Kind } from 'graphql'
import { checkIn, records } from './duties.mjs'

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  enum LeadOrder { NEWEST DUE }
  enum VisitOrder { SOONEST }
  enum Tier { A B C }
  enum Datum { WGS84 GCJ02 BD09 }
  enum VisitState { PLANNED OPEN DONE TOUCH MISSED CANCELLED RESCHEDULED AUTO_CLOSED }
  enum Verdict { INSIDE INSIDE_WEAK BORDERLINE OUTSIDE NO_VERDICT NO_FIX REJECTED_MOCK }
  type Person { id: ID! name: String! }
  type Account { id: ID! name: String! tier: Tier! phone: String }
  type Lead {
    id: ID! name: String! tier: Tier! stage: String! slaDueAt: DateTime redFlag: Boolean! version: Int!
    owner: Person account: Account
  }
  type CheckIn { id: ID! verdict: Verdict! distanceM: Float! visit: Visit }
  type Visit {
    id: ID! state: VisitState! scheduledAt: DateTime! plannedStartAt: DateTime plannedEndAt: DateTime version: Int!
    account: Account lastCheckIn: CheckIn
  }
  type LeadPage { nodes: [Lead!]! }
  type VisitPage { nodes: [Visit!]! }
  input VisitFilter { scheduledFrom: DateTime! scheduledBefore: DateTime! }
  input CheckInInput {
    id: ID! siteId: ID! visitId: ID! latitude: Float! longitude: Float! datum: Datum! accuracyM: Float!
    capturedAt: DateTime!
  }
  interface Refusal { code: String! message: String! }
  type NotFound implements Refusal { code: String! message: String! }
  type WrongState implements Refusal { code: String! message: String! }
  type VisitAlreadyOpen implements Refusal { code: String! message: String! }
  type OutsideGeofence implements Refusal { code: String! message: String! }
  union CheckInResult = CheckIn | NotFound | WrongState | VisitAlreadyOpen | OutsideGeofence
  type Query {
    lead(id: ID!): Lead
    leads(first: Int!, order: LeadOrder!): LeadPage!
    visits(first: Int!, order: VisitOrder!, filter: VisitFilter!): VisitPage!
  }
  type Mutation { checkIn(clientKey: String!, input: CheckInInput!): CheckInResult! }
`

export const DateTime = new GraphQLScalarType({
  name: 'DateTime',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => new Date(value),
  parseLiteral: (node) => (node.kind === Kind.STRING ? new Date(node.value) : null)
})

const id = (document) => document._id
export const fieldResolvers = {
  Person: { id },
  Account: { id },
  Lead: { id, slaDueAt: (lead) => lead.sla_due_at, redFlag: (lead) => lead.red_flag },
  Visit: {
    id,
    scheduledAt: (visit) => visit.scheduled_at,
    plannedStartAt: (visit) => visit.planned_start_at,
    plannedEndAt: (visit) => visit.planned_end_at
  },
  CheckIn: { id, distanceM: (arrival) => arrival.distance_m }
}
export const typeOfResult = (result) => result.__typename ?? 'CheckIn'

const ORDERS = { NEWEST: { _id: -1 }, DUE: { sla_due_at: 1, _id: 1 } }
const scope = (who) => ({ org_id: who.org, owner_id: who.person })

export const readLead = (who, leadId) => records.one('leads', { _id: leadId, ...scope(who) })
export const readLeads = async (who, first, order) =>
  (await records.list('leads', scope(who), ORDERS[order], first + 1)).slice(0, first)
export const readVisits = async (who, first, from, before) => (await records.list(
  'visits', { ...scope(who), scheduled_at: { $gte: from, $lt: before } }, { scheduled_at: 1, _id: 1 }, first + 1
)).slice(0, first)

export const rootResolvers = {
  Query: {
    lead: (_, args, { who }) => readLead(who, args.id),
    leads: async (_, args, { who }) => ({ nodes: await readLeads(who, args.first, args.order) }),
    visits: async (_, { first, filter }, { who }) =>
      ({ nodes: await readVisits(who, first, filter.scheduledFrom, filter.scheduledBefore) })
  },
  Mutation: { checkIn: (_, args, { who }) => checkIn(who, args.clientKey, args.input) }
}
