import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readPlain } from './plain.ts'

const folder = mkdtempSync(join(tmpdir(), 'seca-plain-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'config')
const base64 = (text: string) => Buffer.from(text).toString('base64')

type Fields = Record<string, unknown>
const read = ({ cluster = {}, user = {}, more = {}, context }: { cluster?: Fields; user?: Fields; more?: Fields; context?: string }) => {
  const config = {
    'current-context': 'c',
    contexts: [
      { name: 'other', context: { cluster: 'two', user: 'u' } },
      { name: 'c', context: { cluster: 'one', user: 'u' } },
    ],
    clusters: [
      { name: 'one', cluster: { server: 'https://one/', ...cluster } },
      { name: 'two', cluster: { server: 'https://two' } },
    ],
    users: [{ name: 'u', user }],
    ...more,
  }
  return readPlain(JSON.stringify(config), path, context)
}

describe('a plain kubeconfig', () => {
  it('names a server, by the context that is asked for or the current one', async () => {
    expect((await read({}))?.session).toEqual({ server: 'https://one', tls: {}, headers: {} })
    expect((await read({ context: 'other' }))?.session.server).toBe('https://two')
  })

  it('holds certificates or a token', async () => {
    const cluster = {
      'certificate-authority-data': base64('ca'),
      'tls-server-name': 'x',
      'insecure-skip-tls-verify': false,
      extensions: [],
    }
    const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key'), token: ' t\n' }
    expect(await read({ cluster, user })).toEqual({
      session: {
        server: 'https://one',
        tls: { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key'), servername: 'x' },
        headers: { authorization: 'Bearer t' },
      },
      files: [],
    })
    expect((await read({ cluster: { 'insecure-skip-tls-verify': true } }))?.session.tls).toEqual({ rejectUnauthorized: false })
  })

  it('names files beside it, which are watched; what is in it comes first', async () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `of ${name}`)
    const plain = await read({
      cluster: { 'certificate-authority': 'ca' },
      user: { 'client-certificate': join(folder, 'cert'), 'client-certificate-data': base64('inline'), 'client-key': './key' },
    })
    expect(plain?.session.tls).toEqual({ ca: Buffer.from('of ca'), cert: Buffer.from('inline'), key: Buffer.from('of key') })
    expect(plain?.files).toEqual([join(folder, 'ca'), join(folder, 'key')])
  })

  it.each<[string, Parameters<typeof read>[0]]>([
    ['a field of a cluster that it does not know', { cluster: { 'proxy-url': 'http://p' } }],
    ['an exec plugin', { user: { exec: { command: 'x' } } }],
    ['a password', { user: { username: 'a', password: 'b' } }],
    ['impersonation', { user: { as: 'root' } }],
    ['a token in a file', { user: { tokenFile: '/t' } }],
    ['no such context', { context: 'none' }],
    ['no such user', { more: { users: [] } }],
    ['no clusters', { more: { clusters: undefined } }],
    ['no server', { cluster: { server: undefined } }],
    ['a server that is no text', { cluster: { server: 7 } }],
    ['a file that is not there', { user: { 'client-key': 'none' } }],
    ['lists that are none', { more: { contexts: 7 } }],
  ])('with %s is left to the official client', async (_, config) => expect(await read(config)).toBeUndefined())

  it('takes null for absent', async () => expect(await read({ user: { exec: null }, cluster: { 'proxy-url': null } })).toBeDefined())

  it('that is no YAML, or nothing, is left to the official client', async () => {
    for (const text of ['', 'null', '{', '7', '- a']) expect(await readPlain(text, path, undefined)).toBeUndefined()
  })
})
