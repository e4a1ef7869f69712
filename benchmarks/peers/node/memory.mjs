// The records in Maps of this process, from one JSON file: what benchmarks/memory.py is for the Python servers.
import { readFileSync } from 'node:fs'

const LISTS = { leads: ['_id', 'sla_due_at'], visits: ['scheduled_at'] }
const isDate = (value) => value !== null && typeof value === 'object' && '$date' in value
const compare = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0)

function firstNotBelow (entries, bound) {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle][0] < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** Loads the file at `path`. */
export function openMemory (path) {
  const collections = new Map()
  const of = (name) => {
    if (!collections.has(name)) collections.set(name, new Map())
    return collections.get(name)
  }
  const lists = new Map()
  const open = new Map()
  const text = readFileSync(path, 'utf8')
  for (const [name, documents] of Object.entries(JSON.parse(text, (_, value) => isDate(value) ? new Date(value.$date) : value))) {
    for (const document of documents) {
      of(name).set(document._id, document)
      for (const by of LISTS[name] ?? []) {
        const key = `${name}/${by}/${document.org_id}/${document.owner_id}`
        if (!lists.has(key)) lists.set(key, [])
        lists.get(key).push([by === '_id' ? document._id : document[by].getTime(), document._id])
      }
    }
  }
  for (const entries of lists.values()) entries.sort(compare)
  const fits = (document, query) => {
    for (const path in query) {
      if (typeof query[path] === 'object') throw new Error(`unknown query ${JSON.stringify(query)}`)
      if (document[path] !== query[path]) return false
    }
    return true
  }
  return {
    ping: async () => {},
    async one (name, query) {
      const document = of(name).get(query._id)
      return document !== undefined && fits(document, query) ? document : null
    },
    async many (name, ids, org) {
      const documents = of(name)
      return ids.map((id) => documents.get(id)).filter((document) => document !== undefined && document.org_id === org)
    },
    async list (name, query, sort, limit) {
      const [by, way] = Object.entries(sort)[0]
      if (!LISTS[name]?.includes(by)) throw new Error(`unknown list ${name} by ${by}`)
      const entries = lists.get(`${name}/${by}/${query.org_id}/${query.owner_id}`) ?? []
      const between = query[by]
      const start = between ? firstNotBelow(entries, between.$gte.getTime()) : 0
      const end = between ? firstNotBelow(entries, between.$lt.getTime()) : entries.length
      const documents = of(name)
      const chosen = way > 0 ? entries.slice(start, Math.min(end, start + limit)) : entries.slice(-limit).reverse()
      return chosen.map(([, id]) => documents.get(id))
    },
    openVisit: async (scope) => open.get(`${scope.org_id}/${scope.owner_id}`) ?? null,
    latestShift: async () => null,
    async insert (name, document) {
      if (of(name).has(document._id)) throw new Error('duplicate key')
      of(name).set(document._id, document)
    },
    async replace (name, guard, document) {
      const known = of(name).get(guard._id)
      if (known === undefined || !fits(known, guard)) return 0
      of(name).set(document._id, document)
      if (document.state === 'OPEN') open.set(`${document.org_id}/${document.owner_id}`, document)
      return 1
    },
    transaction: (body) => body(null)
  }
}
