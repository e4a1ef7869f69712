"""The measured operations in the GraphQL dialect of Parse Server: `objectId`, edges, its own filters and orders."""

from __future__ import annotations

LEAD = "query ($id: ID!) { lead(id: $id) { objectId name tier stage slaDueAt redFlag version } }"
LIST = """query ($owner: String!) {
  leads(first: 50, order: [objectId_DESC], where: {ownerId: {equalTo: $owner}}) { edges { node {
    objectId name tier stage slaDueAt redFlag owner { objectId name } account { objectId name tier } } } } }"""
HOME = """query ($from: Date!, $before: Date!, $owner: String!) {
  visits(first: 20, order: [scheduledAt_ASC], where: {ownerId: {equalTo: $owner},
         scheduledAt: {greaterThanOrEqualTo: $from, lessThan: $before}}) { edges { node {
    objectId state scheduledAt plannedStartAt plannedEndAt account { objectId name phone }
    lastCheckIn { objectId verdict distanceM } } } }
  leads(first: 10, order: [slaDueAt_ASC], where: {ownerId: {equalTo: $owner}}) { edges { node {
    objectId name tier stage slaDueAt redFlag owner { objectId name } } } } }"""
CHECK_IN = """mutation ($key: String!, $input: CheckInGiven!) {
  checkIn(clientKey: $key, input: $input) { id verdict distanceM visit { id state version } } }"""
OPERATIONS = {"lead": LEAD, "list": LIST, "home": HOME, "checkin": CHECK_IN}
