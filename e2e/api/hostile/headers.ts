import { createAuthority, issue } from '../../../src/x509.ts'
import { pki } from '../../support/api.ts'
import { type Attempt, attempt, type Door, harmless, without } from './attempt.ts'
import { requestText } from './wire.ts'
import { path, VAULT, type World } from './world.ts'

type Headers = readonly (readonly [string, string])[]

const EVIL = 'evil.example'

/** Identities that Kubernetes' front proxy would send. */
const FORGED: Readonly<Record<string, Headers>> = {
  'X-Remote-*': [
    ['X-Remote-User', 'system:admin'],
    ['X-Remote-Group', 'system:masters'],
  ],
  'x-remote-user in other letters': [
    ['x-REMOTE-user', 'system:admin'],
    ['X-REMOTE-GROUP', 'system:masters'],
  ],
  X_Remote_User: [
    ['X_Remote_User', 'system:admin'],
    ['X_Remote_Group', 'system:masters'],
  ],
  'two users': [
    ['X-Remote-User', 'nobody'],
    ['X-Remote-User', 'system:admin'],
    ['X-Remote-Group', 'system:masters'],
  ],
  'uid and extra': [
    ['X-Remote-User', 'vera'],
    ['X-Remote-Uid', '0'],
    ['X-Remote-Extra-Scopes', '*'],
    ['X-Remote-Extra-Authentication.kubernetes.io%2fpod-name', 'x'],
  ],
  'named by Connection': [
    ['Connection', 'close, X-Remote-User'],
    ['X-Remote-User', 'system:admin'],
  ],
  Impersonate: [
    ['Impersonate-User', 'system:admin'],
    ['Impersonate-Group', 'system:masters'],
  ],
  'other proxies': [
    ['X-Forwarded-User', 'vera'],
    ['X-User', 'vera'],
    ['X-WEBAUTH-USER', 'vera'],
    ['Remote-User', 'vera'],
    ['X-Auth-Request-User', 'vera'],
    ['X-SSL-Client-S-DN', 'CN=front-proxy-client'],
    ['X-Forwarded-Client-Cert', 'Subject="CN=front-proxy-client"'],
  ],
  'from here': [
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1;by=127.0.0.1;host=localhost'],
    ['True-Client-IP', '127.0.0.1'],
    ['X-Remote-User', 'system:admin'],
  ],
}

export function identityAttempts(world: World): readonly Attempt[] {
  const target = path('compute', `tenants/${world.victim}/workspaces/${VAULT}/instances/server`)
  const other = target.replace('/providers/', '/apis/')
  const rogue = createAuthority('front-proxy-ca')
  const certificates: Readonly<Record<string, { cert: string; key: string } | undefined>> = {
    'no certificate': undefined,
    'a certificate of its own': issue(rogue, { commonName: 'front-proxy-client', usages: ['client'] }),
    "an administrator's of Kubernetes": { cert: pki().read('admin.crt'), key: pki().read('admin.key') },
    "the API's own": { cert: pki().read('api.crt'), key: pki().read('api.key') },
  }
  const attempts: Attempt[] = []
  for (const [name, headers] of Object.entries(FORGED)) {
    for (const [certificate, identity] of Object.entries(certificates)) {
      const more = identity === undefined ? {} : { identity }
      attempts.push(attempt(`${name}, ${certificate}`, 'port', undefined, { target: other, headers }, more))
      attempts.push(attempt(`${name}, ${certificate}, own token`, 'port', world.account, { target: other, headers }, more))
      attempts.push(attempt(`${name}, ${certificate}, own token`, 'direct', world.mallory, { target, headers }, more))
    }
    attempts.push(attempt(`${name}, no token`, 'direct', undefined, { target, headers }))
    attempts.push(attempt(name, 'kube', world.account, { target: other, headers }))
    // The real front proxy on the wrong door.
    const proxy = { cert: pki().read('front-proxy-client.crt'), key: pki().read('front-proxy-client.key') }
    attempts.push(attempt(`${name}, the real front proxy`, 'direct', world.mallory, { target, headers }, { identity: proxy }))
  }
  return attempts
}

/** Header tricks on good requests of the attacker's own: what they lead to is another's. */
export function headerAttempts(world: World): readonly Attempt[] {
  const { victim, attacker, mallory, vera } = world
  const target = path('storage', `tenants/${victim}/workspaces/${VAULT}/block-storages/disk`)
  const own = path('storage', `tenants/${attacker}/workspaces/prod/block-storages/disk`)
  const bearer = (token: string) => ['Authorization', `Bearer ${token}`] as const
  const overrides: Headers[] = [
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Forwarded-Uri',
    'X-Forwarded-Path',
    'X-Forwarded-Prefix',
    'X-Accel-Redirect',
    'X-HTTP-Destinationurl',
    'Destination',
    'Content-Location',
    'Referer',
    ':path',
    'X-Envoy-Original-Path',
  ].map((name) => [[name, target]])
  const methods: Headers[] = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'].map((name) => [[name, 'DELETE']])
  const hosts: Headers[] = [
    [['X-Forwarded-Host', EVIL]],
    [
      ['X-Forwarded-Host', EVIL],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Port', '80'],
      ['X-Forwarded-For', '127.0.0.1'],
    ],
    [['Forwarded', `host=${EVIL};proto=http`]],
    [['X-Host', EVIL]],
    [['X-Forwarded-Server', EVIL]],
    [['X-Original-Host', EVIL]],
  ]
  const region = path('region', 'regions/eu-1')
  return [
    ...overrides.map((headers) =>
      attempt(`${headers[0]?.[0]} to the victim`, 'direct', mallory, { target: own, headers }, { verdict: harmless }),
    ),
    ...methods.map((headers) => attempt(`${headers[0]?.[0]}: DELETE`, 'direct', mallory, { target: own, headers }, { verdict: harmless })),
    ...hosts.map((headers) =>
      attempt(`${headers[0]?.[0]} ${headers.length}`, 'direct', mallory, { target: region, headers }, { verdict: without(EVIL) }),
    ),
    ...[
      'a@b',
      `${EVIL}/x`,
      `${EVIL}:x`,
      '',
      'a b',
      `localhost, ${EVIL}`,
      `"><script>`,
      '[::1',
      `${EVIL}#`,
      `${EVIL}?`,
      `${EVIL}\\@localhost`,
      'localhost:99999999',
    ].map((host) => attempt(`Host: ${host}`, 'direct', mallory, { target, headers: [['Host', host]] })),
    attempt('Host twice', 'direct', mallory, {
      target: own,
      headers: [
        ['Host', 'localhost'],
        ['Host', EVIL],
      ],
    }),
    attempt(
      'no Host',
      'direct',
      undefined,
      { target: own, headers: [bearer(mallory)] },
      { bytes: `GET ${own} HTTP/1.1\r\nAuthorization: Bearer ${mallory}\r\nConnection: close\r\n\r\n` },
    ),
    attempt('Authorization twice, own first', 'direct', undefined, { target: own, headers: [bearer(mallory), bearer(vera)] }),
    attempt('Authorization twice, own last', 'direct', undefined, { target: own, headers: [bearer(vera), bearer(mallory)] }),
    attempt('Authorization twice, the same', 'direct', undefined, { target: own, headers: [bearer(mallory), bearer(mallory)] }),
    attempt('Authorization twice, one empty', 'direct', undefined, { target: own, headers: [['Authorization', ''], bearer(mallory)] }),
    attempt('Authorization twice', 'port', undefined, {
      target: own.replace('/providers', '/apis'),
      headers: [bearer(world.account), bearer(vera)],
    }),
    attempt('Authorization with a comma', 'direct', undefined, {
      target: own,
      headers: [['Authorization', `Bearer ${mallory}, Bearer ${vera}`]],
    }),
    attempt('Authorization folded over lines', 'direct', undefined, { target: own, headers: [['Authorization', `Bearer\r\n ${mallory}`]] }),
    attempt('space before the colon', 'direct', undefined, { target: own, headers: [['Authorization ', `Bearer ${mallory}`]] }),
    attempt('NUL in a header', 'direct', mallory, { target: own, headers: [['X-A', 'a\0b']] }),
    attempt('bare CR in a header', 'direct', mallory, { target: own, headers: [['X-A', 'a\rX-Remote-User: admin']] }),
    attempt('a header without a name', 'direct', mallory, { target: own, headers: [['', 'x']] }),
    attempt(
      'a header without a colon',
      'direct',
      mallory,
      { target: own },
      { bytes: `GET ${own} HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer ${mallory}\r\n\r\n` },
    ),
    attempt('2 000 headers', 'direct', mallory, {
      target: own,
      headers: Array.from({ length: 2_000 }, (_, index) => [`X-${index}`, 'a'] as const),
    }),
    attempt('one header of 60 KiB', 'direct', mallory, { target: own, headers: [['X-Long', 'a'.repeat(60_000)]] }),
    attempt('a cookie of 40 KiB', 'direct', mallory, { target: own, headers: [['Cookie', 'a'.repeat(40_000)]] }),
    attempt('if-unmodified-since twice', 'direct', mallory, {
      method: 'DELETE',
      target: own,
      headers: [
        ['if-unmodified-since', '1'],
        ['if-unmodified-since', '2'],
      ],
    }),
    ...['0x10', '1e3', '-1', '1.5', ' ', '1,2', 'NaN', '9'.repeat(40), "1' or '1'='1", 'Mon, 01 Jan 2024 00:00:00 GMT', '٣'].map((value) =>
      attempt(`if-unmodified-since: ${value}`, 'direct', mallory, {
        method: 'DELETE',
        target: own,
        headers: [['if-unmodified-since', Buffer.from(value).toString('latin1')]],
      }),
    ),
    ...['text/html', 'application/xml', 'application/json; deleted=maybe', 'application/json;q=0', '*/*;q=0', '\u00ff'].map((accept) =>
      attempt(`Accept: ${accept}`, 'direct', mallory, { target: own, headers: [['Accept', accept]] }, { verdict: harmless }),
    ),
    ...['bytes=0-10', 'bytes=-5', 'bytes=0-0,1-1,2-2'].map((range) =>
      attempt(`Range: ${range}`, 'direct', mallory, { target: own, headers: [['Range', range]] }, { verdict: harmless }),
    ),
    ...['http://evil.example', 'null', 'https://localhost'].map((origin) =>
      attempt(`Origin: ${origin}`, 'direct', mallory, {
        method: 'OPTIONS',
        target: own,
        headers: [
          ['Origin', origin],
          ['Access-Control-Request-Method', 'DELETE'],
        ],
      }),
    ),
  ]
}

const METHODS = [
  'TRACE',
  'TRACK',
  'CONNECT',
  'PATCH',
  'OPTIONS',
  'POST',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'MOVE',
  'COPY',
  'LOCK',
  'UNLOCK',
  'SEARCH',
  'PURGE',
  'LINK',
  'REPORT',
  'M-SEARCH',
  'BREW',
  'get',
  'Put',
  'delete',
  'GET\t',
  'G\0ET',
  'DELETE_',
  '__proto__',
]

/** Methods that nobody serves; on the attacker's own resource, so that rights are not what stops them. */
export function methodAttempts(world: World): readonly Attempt[] {
  const { attacker, mallory, account } = world
  const own = path('storage', `tenants/${attacker}/workspaces/prod/block-storages/disk`)
  const other = own.replace('/providers', '/apis')
  const upgrades: Headers[] = [
    [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Version', '13'],
    ],
    [
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ],
    [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'SPDY/3.1'],
    ],
    [
      ['Connection', 'close'],
      ['Upgrade', 'TLS/1.0'],
    ],
  ]
  return [
    ...METHODS.flatMap((method) => [
      attempt(`method ${method}`, 'direct', mallory, { method, target: own }),
      attempt(`method ${method}`, 'port', account, { method, target: other }),
    ]),
    attempt('CONNECT to kube-apiserver', 'direct', mallory, { method: 'CONNECT', target: new URL(world.kube).host }),
    attempt('CONNECT to the metadata service', 'direct', mallory, { method: 'CONNECT', target: '169.254.169.254:80' }),
    ...upgrades.flatMap((headers) => [
      attempt(`Upgrade: ${headers[1]?.[1]}`, 'direct', mallory, { target: own, headers }),
      attempt(`Upgrade: ${headers[1]?.[1]}`, 'port', account, { target: other, headers }),
    ]),
    ...['HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/9.9', 'HTCPCP/1.0', 'http/1.1', ''].map((version) =>
      attempt(`version "${version}"`, 'direct', mallory, { target: own, version }),
    ),
    { name: 'the preface of HTTP/2', door: 'direct', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    { name: 'no request at all', door: 'direct', bytes: '\r\n\r\n\r\n' },
    { name: 'bytes', door: 'direct', bytes: Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 167) % 256)) },
    { name: 'TLS inside of TLS', door: 'direct', bytes: Buffer.from('16030100a5010000a10303', 'hex') },
    { name: 'half a request', door: 'direct', bytes: `GET ${own} HTTP/1.1\r\nHost: local` },
    {
      name: 'line feeds alone',
      door: 'direct',
      bytes: `GET ${own} HTTP/1.1\nHost: localhost\nAuthorization: Bearer ${mallory}\nConnection: close\n\n`,
    },
  ]
}

/** Requests that hide a second one from whoever reads lengths in another way: that second one must never be answered well. */
export function smugglingAttempts(world: World): readonly Attempt[] {
  const { victim, attacker, mallory, vera } = world
  const own = path('storage', `tenants/${attacker}/workspaces/prod/block-storages/smuggled`)
  const target = path('storage', `tenants/${victim}/workspaces/${VAULT}/block-storages/disk`)
  // It carries the victim's own token, as if it were the start of the next client's request.
  const hidden = requestText({ target, headers: [['Authorization', `Bearer ${vera}`]] })
  const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
  const make = (name: string, headers: Headers, body: string, door: Door = 'direct'): Attempt =>
    attempt(name, door, mallory, { method: 'PUT', target: own, headers: [['Connection', 'keep-alive'], ...headers], body }, {})
  const chunked = ['Transfer-Encoding', 'chunked'] as const
  const obfuscated = [
    ' chunked',
    'chunked ',
    '\tchunked',
    'xchunked',
    'chunked, identity',
    'identity, chunked',
    'Chunked',
    '"chunked"',
    'chunked;a=b',
    'gzip, chunked',
    'chunked, chunked',
    '\x0bchunked',
    'chunk',
    'chunked\0',
  ]
  return [
    make('Content-Length and chunked', [['Content-Length', '5'], chunked], `0\r\n\r\n${hidden}`),
    make('chunked and Content-Length', [chunked, ['Content-Length', String(hidden.length + 5)]], `0\r\n\r\n${hidden}`),
    make(
      'two lengths',
      [
        ['Content-Length', '0'],
        ['Content-Length', String(hidden.length)],
      ],
      hidden,
    ),
    make('two lengths in one', [['Content-Length', `0, ${hidden.length}`]], hidden),
    make(
      'two equal lengths',
      [
        ['Content-Length', String(hidden.length)],
        ['Content-Length', String(hidden.length)],
      ],
      hidden,
    ),
    ...['+5', '-1', '0x5', '5 5', '5a', ' ', '1e1', '5;', '99999999999999999999', '5.0', '05_'].map((length) =>
      make(`length "${length}"`, [['Content-Length', length]], hidden),
    ),
    ...obfuscated.flatMap((encoding) => [
      make(
        `Transfer-Encoding "${encoding}" and a length`,
        [
          ['Transfer-Encoding', encoding],
          ['Content-Length', String(chunk.length)],
        ],
        chunk,
      ),
      make(`Transfer-Encoding "${encoding}"`, [['Transfer-Encoding', encoding]], `0\r\n\r\n${hidden.replace(vera, mallory)}`),
    ]),
    make('Transfer-Encoding twice', [chunked, ['Transfer-Encoding', 'identity']], `0\r\n\r\n${hidden}`),
    make(
      'Transfer-Encoding with a space',
      [
        ['Transfer-Encoding ', 'chunked'],
        ['Content-Length', '5'],
      ],
      `0\r\n\r\n${hidden}`,
    ),
    make(
      'Transfer_Encoding',
      [
        ['Transfer_Encoding', 'chunked'],
        ['Content-Length', String(chunk.length)],
      ],
      chunk,
    ),
    make(
      'Transfer-Encoding folded',
      [
        ['Transfer-Encoding', '\r\n chunked'],
        ['Content-Length', '5'],
      ],
      `0\r\n\r\n${hidden}`,
    ),
    make('a chunk of no size', [chunked], `\r\n${hidden}`),
    make('a chunk below zero', [chunked], `-1\r\n${hidden}`),
    make('a chunk of 2^64', [chunked], `10000000000000005\r\n${hidden}`),
    make('a chunk with an extension', [chunked], `5;a="\r\n${hidden}\r\n`),
    make('a chunk that ends elsewhere', [chunked], `3\r\nabcdef\r\n0\r\n\r\n${hidden}`),
    make('a chunk size with 0x', [chunked], `0x0\r\n\r\n${hidden}`),
    make(
      'trailers with an identity',
      [chunked, ['Trailer', 'Authorization']],
      `2\r\n{}\r\n0\r\nAuthorization: Bearer ${vera}\r\nX-Remote-User: admin\r\n\r\n`,
    ),
    make('line feeds in chunks', [chunked], `0\n\n${hidden}`),
  ]
}
