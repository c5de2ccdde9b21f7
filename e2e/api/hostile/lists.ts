import { type Attempt, attempt, harmless } from './attempt.ts'
import { OWN, path, VAULT, type World } from './world.ts'

const token64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64url')

/** Queries of lists: forged cursors, selectors that look for more than labels, pages of no size. */
export function listAttempts(world: World): readonly Attempt[] {
  const { attacker, victim, mallory } = world
  const target = path('storage', `tenants/${attacker}/workspaces/${OWN}/block-storages`)
  const space = `seca-${victim}--${VAULT}`
  const refusedTokens = [
    '',
    '!',
    'AAAA',
    '1',
    token64('1'),
    token64('2disk'),
    token64(`1${space}/disk`),
    token64(`1../${space}/disk`),
    token64(`1${victim}\0`),
    token64('1DISK'),
    token64('1.'),
    token64('1*'),
    token64('1a b'),
    token64(`{"tenant":"${victim}","after":"a"}`),
    token64('1\xff\xfe'),
    `${token64('1disk')}=`,
    `${token64('1disk')}%20`,
    'a'.repeat(300),
  ]
  const goodTokens = [`1${space}.disk`, `1${victim}`, '10', '1zzz', '1a.b.c']
  const limits = ['0', '-1', '10001', '1e3', '0x10', 'NaN', 'Infinity', '', ' ', '1.5', '99999999999999999999', '1;2', '٣', 'true', '1%00']
  const selectors = [
    `metadata.namespace=${space}`,
    `secapi.cloud/tenant=${victim}`,
    'kubernetes.io/metadata.name=*',
    `mark=${world.marker.slice(0, 7)}*`,
    '*=*',
    '__proto__=x',
    'constructor',
    '!toString',
    `a=b&labels=c`,
    `mark in (${'a,'.repeat(500)}b)`,
    `${'*a'.repeat(300)}=${'*b'.repeat(300)}`,
    `*${'a*'.repeat(500)}b`,
    'x'.repeat(4_000),
    "mark=' OR '1'='1",
    'mark=$(id)',
    'mark=${7*7}',
    'a=b\r\nX-Remote-User: admin',
    'mark>=1e999',
    'mark>0x10',
  ]
  const malformed = [
    '=',
    '=a',
    '!',
    ',',
    'a=b,,c',
    'a in',
    'a in (',
    'a in )',
    'a in ((b))',
    '(',
    'a=(b)',
    'a!b',
    'a<',
    'a>b',
    'a notin b',
    `${'a,'.repeat(100)}a`,
  ]
  const list = (name: string, query: string, more: Partial<Attempt> = {}) =>
    attempt(name, 'direct', mallory, { target: `${target}?${query}` }, more)
  return [
    ...refusedTokens.map((text) => list(`skipToken ${text.slice(0, 40)}`, `skipToken=${text}`)),
    ...goodTokens.map((text) => list(`skipToken of ${text}`, `limit=1&skipToken=${token64(text)}`, { verdict: harmless })),
    ...goodTokens.map((text) =>
      attempt(`skipToken of ${text} at the victim`, 'direct', mallory, {
        target: path('storage', `tenants/${victim}/images?skipToken=${token64(text)}`),
      }),
    ),
    ...limits.map((limit) => list(`limit ${limit}`, `limit=${encodeURIComponent(limit)}`)),
    list('limit twice', 'limit=1&limit=10000'),
    list('labels twice', 'labels=a&labels=b'),
    list('skipToken twice', `skipToken=${token64('1a')}&skipToken=${token64('1b')}`),
    ...malformed.map((text) => list(`selector ${text.slice(0, 40)}`, `labels=${encodeURIComponent(text)}`)),
    ...selectors.map((text) => list(`selector ${text.slice(0, 40)}`, `labels=${encodeURIComponent(text)}`, { verdict: harmless })),
    ...[
      `tenant=${victim}`,
      `workspace=${VAULT}`,
      `namespace=${space}`,
      'fieldSelector=metadata.name=x',
      'watch=true',
      'allNamespaces=true',
      'dryRun=All',
      'fieldManager=seca-operator',
      'force=true',
      '__proto__[x]=y',
      'limit[]=5',
      '%',
      '%zz=1',
      'a=%ff',
      `x=${'y'.repeat(7_000)}`,
      '&&&&',
      `;tenant=${victim}`,
    ].map((query) => list(`query ${query.slice(0, 40)}`, query, { verdict: harmless })),
    list('a query of 9 000 characters', `x=${'y'.repeat(9_000)}`),
  ]
}
