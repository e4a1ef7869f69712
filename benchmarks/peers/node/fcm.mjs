// Plays Google for benchmarks/push.py: tokens and messages over HTTP/1.1 at PORT, the same over cleartext HTTP/2 at
// PORT_HTTP2. Each message is accepted LATENCY_MS after it was read.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'

const { LATENCY_MS, PORT, PORT_HTTP2 } = process.env
const MESSAGES = /^\/v1\/projects\/[^/]+\/messages:send$/
const TOKEN = 'ya29.bench'
let accepted = 0

function answer (response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function take (request, response, body) {
  if (request.url === '/token') {
    return answer(response, 200, { access_token: TOKEN, expires_in: 3600, token_type: 'Bearer' })
  }
  const message = MESSAGES.test(request.url) ? JSON.parse(body).message : null
  if (request.headers.authorization !== `Bearer ${TOKEN}` || !message?.token || !message.data?.msg_key) {
    return answer(response, 400, { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'not a message' } })
  }
  setTimeout(() => answer(response, 200, { name: `projects/bench/messages/0:${++accepted}` }), Number(LATENCY_MS))
}

function serve (request, response) {
  if (request.url === '/readyz') return answer(response, 200, {})
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => take(request, response, Buffer.concat(parts).toString()))
}

createHttp2Server({ settings: { maxConcurrentStreams: 1000 } }, serve).listen(Number(PORT_HTTP2), '127.0.0.1')
createServer({ keepAliveTimeout: 60_000 }, serve).listen(Number(PORT), '127.0.0.1')
