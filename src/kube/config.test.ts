import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { SecaError } from '../errors.ts'
import { connect, fromKubeconfig, inCluster } from './config.ts'
import { Credentials } from './credentials.ts'
import { until } from './testing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seca-kube-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

const write = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const kubeconfig = (user: object, cluster: object = {}) =>
  write(
    'config',
    `apiVersion: v1
kind: Config
current-context: main
contexts: [{name: main, context: {cluster: c, user: u}}, {name: broken, context: {cluster: c, user: nobody}}]
clusters: [{name: c, cluster: ${JSON.stringify({ server: 'https://example.test:6443/prefix/', ...cluster })}}]
users:
- name: u
  user: ${JSON.stringify(user)}
`,
  )
const caught = async (act: () => unknown): Promise<SecaError> => {
  try {
    await act()
  } catch (error) {
    expect(error).toBeInstanceOf(SecaError)
    expect((error as SecaError).code).toBe('InvalidConfiguration')
    return error as SecaError
  }
  throw new Error('nothing thrown')
}

test('certificates, token, server', async () => {
  write('ca.pem', 'the ca')
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const path = kubeconfig(
    { token: 't0ken', 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    { 'certificate-authority': 'ca.pem', 'tls-server-name': 'name' },
  )
  const source = fromKubeconfig(path)
  const session = await source.load()
  expect(session).toMatchObject({ server: 'https://example.test:6443/prefix', headers: { authorization: 'Bearer t0ken' } })
  expect({
    ca: String(session.tls.ca),
    cert: String(session.tls.cert),
    key: String(session.tls.key),
    servername: session.tls.servername,
  }).toEqual({ ca: 'the ca', cert: 'cert', key: 'key', servername: 'name' })
  expect(source.files()).toEqual([path, join(folder, 'ca.pem')])
  expect(source.expires).toBe(false)
})

test('what is missing is said at once', async () => {
  expect((await caught(() => connect({ kubeconfig: join(folder, 'nope'), userAgent: 'test' }))).message).toContain('nope is missing')
  expect((await caught(() => inCluster({}))).message).toContain('--kubeconfig')
  expect((await caught(() => inCluster({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, folder))).message).toContain('ca.crt is missing')
})

test('what is unusable is said on first use, without quoting the file', async () => {
  const path = write('bad', 'users: [{name: u, user: {token: canary}\n  - x')
  const error = await caught(() => connect({ kubeconfig: path, userAgent: 'test' }).raw('GET', '/version'))
  expect(error.message).toContain('cannot be read')
  expect(error.message + String(error.stack)).not.toContain('canary')
  const other = kubeconfig({ token: 'x' })
  expect((await caught(() => fromKubeconfig(other, 'absent').load())).message).toContain('"absent"')
  expect((await caught(() => fromKubeconfig(other, 'broken').load())).message).toContain('"broken"')
})

test('exec plugins are run, and their failure repeats nothing they say', async () => {
  const plugin = write(
    'plugin.sh',
    `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}'\n`,
  )
  chmodSync(plugin, 0o755)
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' }
  const source = fromKubeconfig(kubeconfig({ exec }))
  expect((await source.load()).headers.authorization).toBe('Bearer from-plugin')
  expect(source.expires).toBe(true)
  writeFileSync(plugin, '#!/bin/sh\necho canary >&2\nexit 1\n')
  const error = await caught(() => fromKubeconfig(kubeconfig({ exec })).load())
  expect(error.message).toContain('plugin.sh')
  expect(error.message + String(error.stack)).not.toContain('canary')
})

test('tokenFile works, though the official client does not know it', async () => {
  write('token', 'from-file\n')
  const path = kubeconfig({})
  writeFileSync(path, (await import('node:fs')).readFileSync(path, 'utf8').replace('  user: {}', '  user:\n    tokenFile: token'))
  const source = fromKubeconfig(path)
  expect((await source.load()).headers.authorization).toBe('Bearer from-file')
  expect(source.files()).toContain(join(folder, 'token'))
})

test('files are read again when their time moves, and a broken one keeps the old session', async () => {
  write('ca.crt', 'ca')
  const token = write('token', 'one')
  const source = inCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, folder)
  let loads = 0
  let now = 0
  const counted = { ...source, load: () => (loads++, source.load()) }
  const credentials = new Credentials(counted, () => now)
  expect(await credentials.current()).toMatchObject({ server: 'https://[fd00::1]:443', headers: { authorization: 'Bearer one' } })
  now += 11_000
  void credentials.current()
  expect(loads).toBe(1)
  writeFileSync(token, 'two')
  utimesSync(token, 1, 1)
  // Not looked at before its time.
  void credentials.current()
  expect(loads).toBe(1)
  now += 11_000
  expect(credentials.current()).toMatchObject({ headers: { authorization: 'Bearer one' } })
  await until(() => loads === 2)
  expect(await credentials.current()).toMatchObject({ headers: { authorization: 'Bearer two' } })
  rmSync(token)
  now += 11_000
  void credentials.current()
  await until(() => loads === 3)
  expect(await credentials.current()).toMatchObject({ headers: { authorization: 'Bearer two' } })
})
