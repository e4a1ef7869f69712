"""The GraphQL operations of the demo, as an app would send them; for seed/demo_day/day.py."""

from __future__ import annotations

_REFUSED = "__typename ... on Refusal { code message } ... on InvalidInput { field }"
_SESSION = f"{_REFUSED} ... on Session {{ accessToken refreshToken person {{ id name role }} }}"

SIGN_IN = f"""mutation SignIn($key: String!, $input: SignInInput!) {{
  signIn(clientKey: $key, input: $input) {{ {_SESSION} }}
}}"""
REFRESH = f"""mutation Refresh($key: String!, $token: String!) {{
  refreshSession(clientKey: $key, refreshToken: $token) {{ {_SESSION} }}
}}"""
ME = "query Me { me { id name role email timeZone team { id name manager { id } } } }"
SERVER_NOW = "query Now { bootstrap { ... on Bootstrap { serverNow shift { id } plannedShift { startsAt endsAt } } } }"

_LEAD = """id name tier stage owner { id name } redFlag redSince slaDueAt occurredAt
  clocks { metric state cycle startedAt dueAt breachedAt detectedAt }"""
CREATE_LEAD = f"""mutation CreateLead($key: String!, $input: CreateLeadInput!) {{
  createLead(clientKey: $key, input: $input) {{ {_REFUSED} ... on Lead {{ {_LEAD} }} }}
}}"""
ASSIGN_LEAD = f"""mutation AssignLead($key: String!, $id: ID!, $owner: ID!) {{
  assignLead(clientKey: $key, id: $id, ownerId: $owner) {{ {_REFUSED} ... on Lead {{ {_LEAD} }} }}
}}"""
LEAD = f"query Lead($id: ID!) {{ lead(id: $id) {{ {_LEAD} }} }}"
NOTICES = """query Inbox {
  unreadCount
  notices(first: 50) { nodes { id kind priority title body deepLink createdAt } }
}"""

START_SHIFT = f"""mutation StartShift($key: String!, $at: DateTime!) {{
  startShift(clientKey: $key, at: $at) {{ {_REFUSED} ... on Shift {{ id startedAt autoEndAt }} }}
}}"""
END_SHIFT = f"""mutation EndShift($key: String!, $at: DateTime!) {{
  endShift(clientKey: $key, at: $at) {{ {_REFUSED} ... on Shift {{ id startedAt endedAt }} }}
}}"""
_PLACE = "site { id name tier openingHours radiusM location(datum: GCJ02) { latitude longitude datum } }"
_PLAN = f"""id state version date shiftStartAt shiftEndAt lunchStartAt lunchEndAt endAt distanceM travelS value bound
  proof failure
  stops {{ {_PLACE} reasons fixed value legDistanceM legS arriveAt startAt leaveAt }}
  dropped {{ site {{ name }} reason value why limit extraS }}"""
PLAN_DAY = f"""mutation PlanDay($key: String!, $date: Date!) {{
  planDay(clientKey: $key, date: $date) {{ {_REFUSED} ... on RoutePlan {{ {_PLAN} }} }}
}}"""
PLAN = f"query Plan($id: ID!) {{ routePlan(id: $id) {{ {_PLAN} }} }}"
PUBLISH = f"""mutation Publish($key: String!, $id: ID!) {{
  publishPlan(clientKey: $key, id: $id) {{ {_REFUSED} ... on RoutePlan {{ {_PLAN} }} }}
}}"""
SITES_OF_TIER = f"query Sites($tier: Tier!) {{ sites(first: 50, filter: {{tier: $tier}}) {{ nodes {_PLACE[5:]} }} }}"

_CHECK_IN = "id verdict reasons distanceM uncertaintyM radiusM mode refused unverified visit { id state }"
CHECK_IN = f"""mutation CheckIn($key: String!, $input: CheckInInput!) {{
  checkIn(clientKey: $key, input: $input) {{
    {_REFUSED} ... on CheckIn {{ {_CHECK_IN} }} ... on OutsideGeofence {{ distanceM radiusM uncertaintyM }}
  }}
}}"""
EVIDENCE = f"query Evidence($id: ID!) {{ node(id: $id) {{ ... on CheckIn {{ {_CHECK_IN} }} }} }}"
VISIT = "query Visit($id: ID!) { visit(id: $id) { id state checkIns { id direction } } }"
VISITS = """query Visits($rep: ID!, $from: DateTime!, $before: DateTime!) {
  visits(first: 100, filter: {repId: $rep, scheduledFrom: $from, scheduledBefore: $before}) {
    nodes { id state kind site { id } }
  }
}"""
OPEN_VISITS = """query OpenVisits($rep: ID!) {
  visits(first: 10, filter: {repId: $rep, state: OPEN}) { nodes { id site { name } } }
}"""
CHECK_OUT = f"""mutation CheckOut($key: String!, $input: CheckOutInput!) {{
  checkOut(clientKey: $key, input: $input) {{
    {_REFUSED} ... on Visit {{ id state verified outcome openedAt closedAt }}
  }}
}}"""

REPORT = f"""mutation Report($key: String!, $input: ReportPositionsInput!) {{
  reportPositions(clientKey: $key, input: $input) {{
    {_REFUSED} ... on PositionsReceived {{ accepted latestAt dropped {{ reason count }} }}
  }}
}}"""
_ENTRY = """personId person { name } state freshness condition
  latest { at accuracyM batteryPct location { latitude longitude datum } } openVisit { id site { name } }"""
TEAM_MAP = f"query Map {{ teamMap {{ nodes {{ {_ENTRY} }} }} }}"
WATCH_MAP = f"subscription Watch {{ teamMapChanged {{ isFull at entries {{ {_ENTRY} }} }} }}"

SEARCH = """query Search($text: String!) {
  searchArticles(text: $text, first: 3) { score snippet article { id title language } }
}"""
RECOMMENDED = """query Recommended($lead: ID!) {
  recommendedArticles(leadId: $lead) { reasons article { id title } }
}"""
ASK_QUESTION = f"""mutation Ask($key: String!, $input: AskQuestionInput!) {{
  askQuestion(clientKey: $key, input: $input) {{ {_REFUSED} ... on Question {{ topic {{ id count state }} }} }}
}}"""
TOPICS = """query Topics {
  questionTopics(first: 20, state: DRAFTED) { nodes { id text count article { id title state aliases } } }
}"""
WRITE_ARTICLE = f"""mutation Write($key: String!, $id: ID!, $body: String!) {{
  updateArticle(clientKey: $key, id: $id, changes: {{ body: $body }}) {{ {_REFUSED} ... on Article {{ id }} }}
}}"""
PUBLISH_ARTICLE = f"""mutation PublishArticle($key: String!, $id: ID!) {{
  publishArticle(clientKey: $key, id: $id) {{ {_REFUSED} ... on Article {{ id state }} }}
}}"""
WHO_SAW_ME = "query WhoSawMe { whoSawMe { nodes { viewerId viewerName purpose hourAt } } }"

LOG_ACTIVITY = f"""mutation LogActivity($key: String!, $input: LogActivityInput!) {{
  logActivity(clientKey: $key, input: $input) {{ {_REFUSED} ... on Activity {{ id }} }}
}}"""
MOVE_LEAD = f"""mutation MoveLead($key: String!, $id: ID!, $stage: String!) {{
  moveLead(clientKey: $key, id: $id, stage: $stage) {{ {_REFUSED} ... on Lead {{ {_LEAD} }} }}
}}"""
SLA_BOARD = """query Board {
  slaBoard(part: RED, first: 50) {
    nodes { metric overdueOpenSeconds lead { id name } owner { name } ownerShares { ownerId share } }
  }
}"""
SLEEPING = """query Sleeping($since: DateTime!, $until: DateTime!) {
  sleepingLeads(since: $since, until: $until, hours: 24) { counted sleeping tooYoung share }
}"""
START_DEPARTURE = f"""mutation StartDeparture($key: String!, $id: ID!, $successor: ID!) {{
  startDeparture(clientKey: $key, personId: $id, successorId: $successor) {{
    {_REFUSED} ... on HandOver {{ id state }}
  }}
}}"""
HAND_OVER = """query HandOver($id: ID!) {
  handOver(id: $id) { state leads visits accounts person { state } }
  handOverEntries(handOverId: $id, first: 100) { nodes { kind recordId } }
}"""
