import { connect, type ClientHttp2Session, constants, type OutgoingHttpHeaders } from 'node:http2'
import { pki } from '../../support/api.ts'
import { OWN, path, VAULT, type World } from './world.ts'

interface Stream {
  readonly name: string
  readonly headers: OutgoingHttpHeaders | readonly string[]
  readonly body?: string
}

/** Oddities of HTTP/2 that Node's client lets through; on the attacker's own session, about the victim. */
export function streams(world: World): readonly Stream[] {
  const target = path('storage', `tenants/${world.victim}/workspaces/${VAULT}/block-storages/disk`)
  const own = path('storage', `tenants/${world.attacker}/workspaces/${OWN}/block-storages/http2`)
  const bearer = { authorization: `Bearer ${world.mallory}` }
  const get = { ':method': 'GET', ':path': target, ...bearer }
  return [
    { name: 'plain', headers: get },
    { name: 'no token', headers: { ':path': target } },
    {
      name: 'two tokens',
      headers: [
        ':method',
        'GET',
        ':path',
        target,
        ':scheme',
        'https',
        ':authority',
        'localhost',
        'authorization',
        `Bearer ${world.mallory}`,
        'authorization',
        `Bearer ${world.vera}`,
      ],
    },
    { name: 'host and :authority differ', headers: { ...get, ':authority': 'localhost', host: 'evil.example' } },
    { name: ':authority with a path', headers: { ...get, ':authority': 'localhost/providers' } },
    { name: ':authority with a user', headers: { ...get, ':authority': 'vera@localhost' } },
    { name: 'no :authority', headers: [':method', 'GET', ':path', target, ':scheme', 'https', 'authorization', `Bearer ${world.mallory}`] },
    { name: ':scheme http', headers: { ...get, ':scheme': 'http' } },
    { name: ':scheme with a URL', headers: { ...get, ':scheme': 'https://evil.example/x?' } },
    {
      name: ':path with dots',
      headers: { ...get, ':path': `/providers/seca.storage/v1/tenants/${world.attacker}/../${world.victim}/images` },
    },
    { name: ':path encoded', headers: { ...get, ':path': target.replace(world.victim, `${world.attacker}%2f..%2f${world.victim}`) } },
    { name: ':path absolute', headers: { ...get, ':path': `https://localhost${target}` } },
    { name: ':path without a slash', headers: { ...get, ':path': target.slice(1) } },
    { name: ':path empty', headers: { ...get, ':path': '' } },
    { name: ':path *', headers: { ...get, ':method': 'OPTIONS', ':path': '*' } },
    { name: ':method lower case', headers: { ...get, ':method': 'get' } },
    { name: ':method TRACE', headers: { ...get, ':method': 'TRACE' } },
    { name: ':method with a space', headers: { ...get, ':method': 'GET /x HTTP/1.1\r\nX:' } },
    { name: 'CONNECT', headers: { ':method': 'CONNECT', ':authority': new URL(world.kube).host, ...bearer } },
    {
      name: 'extended CONNECT',
      headers: {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'https',
        ':path': target,
        ':authority': 'localhost',
        ...bearer,
      },
    },
    { name: 'X-Remote-*', headers: { ...get, 'x-remote-user': 'system:admin', 'x-remote-group': 'system:masters' } },
    {
      name: 'a length that is not',
      headers: { ...get, ':method': 'PUT', 'content-type': 'application/json', 'content-length': '3' },
      body: '{"spec":{}}',
    },
    {
      name: 'a long length',
      headers: { ...get, ':method': 'PUT', ':path': own, 'content-type': 'application/json', 'content-length': '9999999' },
      body: '{}',
    },
    {
      name: 'a body of 2 MiB',
      headers: { ...get, ':method': 'PUT', ':path': own, 'content-type': 'application/json' },
      body: `{"x":"${'x'.repeat(2_097_152)}"}`,
    },
    { name: 'a body on GET', headers: get, body: 'GET / HTTP/1.1\r\n\r\n' },
    { name: 'a header of 60 KiB', headers: { ...get, 'x-long': 'x'.repeat(60_000) } },
    { name: '300 headers', headers: { ...get, ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'y'])) } },
    {
      name: 'cookies in pieces',
      headers: { ...get, cookie: Array.from({ length: 100 }, (_, index) => `a${index}=${world.vera.slice(0, 20)}`) },
    },
  ]
}

/** Status of the answer; undefined when the stream or the session was cut off, or the client would not send it. */
export async function openStream(world: World, { headers, body }: Stream): Promise<{ status: number | undefined; text: string }> {
  const session: ClientHttp2Session = connect(world.api.url, { ca: pki().read('ca.crt') })
  session.on('error', () => undefined)
  try {
    return await new Promise((resolve) => {
      let status: number | undefined
      let text = ''
      const finish = () => resolve({ status, text })
      session.on('close', finish).setTimeout(3_000, finish)
      const stream = session.request(headers, { endStream: body === undefined })
      stream.on('response', (answer) => (status = Number(answer[constants.HTTP2_HEADER_STATUS])))
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      stream.on('close', finish).on('error', finish)
      if (body !== undefined) stream.end(body)
    })
  } catch {
    return { status: undefined, text: '' }
  } finally {
    session.destroy()
  }
}
