import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { lackingForImage } from '../../src/image/lacking.ts'
import { helm } from '../support/helm.ts'
import { copyOfSources, ROOT } from '../support/image.ts'
import { lackingRegistry, startTestRegistry, type TestRegistry } from '../support/registry.ts'

const VERSION = '7.0.0-rc.1'
const TIMEOUT_MS = 400_000
const lacking = lackingForImage() ?? lackingRegistry
if (lacking !== undefined) process.stdout.write(`tests of the release are skipped: ${lacking}\n`)

interface Result {
  readonly code: number
  readonly output: string
}
interface Descriptor {
  readonly digest: string
  readonly mediaType: string
  readonly annotations?: Readonly<Record<string, string>>
}
interface Manifest {
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

describe.skipIf(lacking !== undefined)('npm run release', () => {
  const keys = mkdtempSync(join(tmpdir(), 'seca-release-keys-'))
  const key = join(keys, 'key.pem')
  let root: string
  let registry: TestRegistry
  let path: string
  /** `--unpinned` where the mirror has newer packages than those that are pinned. */
  let pins: readonly string[] = []

  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const commit = (message: string) =>
    git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '--all', '--message', message)
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
    new Promise((resolve) => {
      const own = {
        SECA_REGISTRY_USER: registry.user,
        SECA_REGISTRY_PASSWORD: registry.password,
        GIT_COMMITTER_NAME: 't',
        GIT_COMMITTER_EMAIL: 't@example.org',
      }
      const command = [join(root, 'src/main.ts'), 'release', '--version', VERSION, ...args, ...pins]
      execFile(process.execPath, command, { cwd: root, env: { ...process.env, ...own, ...env } }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
      )
    })
  const there = async () => {
    const { repositories } = JSON.parse((await registry.get('_catalog')).body.toString()) as { repositories: string[] }
    const tags = await Promise.all(repositories.map(async (name) => (await registry.get(`${name}/tags/list`)).body.toString()))
    return { tags: tags.toSorted(), git: git('tag'), head: git('rev-parse', 'HEAD'), status: git('status', '--porcelain') }
  }
  const digest = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`
  /** A manifest of a repository, and everything that it names, which has to be there and be what it is called. */
  const whole = async (name: string, reference: string): Promise<{ digest: string; manifest: Manifest }> => {
    const { status, body } = await registry.get(`${name}/manifests/${reference}`)
    expect([name, reference, status]).toEqual([name, reference, 200])
    const manifest = JSON.parse(body.toString()) as Manifest
    for (const { digest: inner } of manifest.manifests ?? []) expect((await whole(name, inner)).digest).toBe(inner)
    for (const blob of [manifest.config, ...(manifest.layers ?? [])])
      if (blob) expect(digest((await registry.get(`${name}/blobs/${blob.digest}`)).body)).toBe(blob.digest)
    return { digest: digest(body), manifest }
  }
  const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' })

  beforeAll(async () => {
    registry = await startTestRegistry()
    path = `${registry.host}/seca`
    root = copyOfSources()
    for (const name of ['charts', '.gitignore']) cpSync(join(ROOT, name), join(root, name), { recursive: true })
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
    git('init', '--quiet')
    appendFileSync(join(root, '.git/info/exclude'), 'node_modules\n')
    git('add', '.')
    commit('The start')
  })
  afterAll(async () => {
    await registry?.stop()
    for (const folder of [keys, root]) if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it(
    'writes version and changelog for somebody to commit',
    async () => {
      const { code, output } = await run(['--prepare'])
      expect([code, output]).toEqual([0, expect.stringContaining('CHANGELOG.md')])
      expect(git('status', '--porcelain').split('\n')).toHaveLength(4)
      git('add', 'CHANGELOG.md')
    },
    TIMEOUT_MS,
  )

  it(
    'refuses what cannot be right, and changes nothing',
    async () => {
      const refused = async (says: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
        const before = await there()
        const { code, output } = await run(args, env)
        expect(output).toContain(says)
        expect(code).not.toBe(0)
        expect(output).not.toContain(registry.password)
        expect(await there()).toEqual(before)
        expect(readdirSync(root)).not.toContain('dist')
      }
      await refused('files differ from the commit', ['--registry', path])
      commit(`Release ${VERSION}`)
      await refused('--registry is needed', [])
      await refused('is not a host and a path', ['--registry', `https://${path}`])
      await refused('there is no such file', ['--registry', path, '--key', '/nowhere'])
      writeFileSync(join(keys, 'other.pem'), openssl('genpkey', '-algorithm', 'ed25519'))
      await refused('not one of ECDSA on P-256', ['--registry', path, '--key', join(keys, 'other.pem')])
      await refused('user or password are wrong', ['--registry', path], { SECA_REGISTRY_PASSWORD: 'other-password' })
      git('tag', `v${VERSION}`, 'HEAD~')
      await refused(`tag v${VERSION} is on another commit`, ['--registry', path])
      git('tag', '--delete', `v${VERSION}`)
    },
    TIMEOUT_MS,
  )

  it(
    'builds everything and pushes nothing with --dry-run',
    async () => {
      const before = await there()
      const args = ['--registry', path, '--key', key, '--dry-run', '--out', join(keys, 'dry')]
      const first = await run(args)
      if (first.output.includes('--unpinned')) pins = ['--unpinned']
      const { code, output } = pins.length === 0 ? first : await run(args)
      expect([code, output]).toEqual([0, expect.stringContaining('Nothing was pushed')])
      expect(await there()).toEqual(before)
    },
    TIMEOUT_MS,
  )

  it(
    'pushes image and chart, signed, with a tag; everybody can check them',
    async () => {
      const out = join(root, 'dist', VERSION)
      const { code, output } = await run(['--registry', path, '--key', key])
      expect([code, output]).toEqual([0, expect.stringContaining(`git push <remote> v${VERSION}`)])
      expect(output).not.toContain(registry.password)
      expect(git('rev-parse', `v${VERSION}^{commit}`)).toBe(git('rev-parse', 'HEAD'))

      const image = await whole('seca/seca-operator', VERSION)
      expect(image.manifest.manifests).toHaveLength(2)
      const chart = await whole('seca/charts/seca-operator', VERSION)
      const signed = [
        ...[image.digest, ...(image.manifest.manifests ?? []).map((one) => one.digest)].map((one) => ['seca/seca-operator', one] as const),
        ['seca/charts/seca-operator', chart.digest] as const,
      ]
      const publicKey = join(out, `seca-operator-${VERSION}.pub`)
      const [payload, signature] = [join(keys, 'payload'), join(keys, 'signature')]
      for (const [name, one] of signed) {
        const { manifest } = await whole(name, `${one.replace(':', '-')}.sig`)
        const [layer] = manifest.layers ?? []
        writeFileSync(payload, (await registry.get(`${name}/blobs/${layer?.digest}`)).body)
        writeFileSync(signature, Buffer.from(layer?.annotations?.['dev.cosignproject.cosign/signature'] ?? '', 'base64'))
        expect(openssl('dgst', '-sha256', '-verify', publicKey, '-signature', signature, payload)).toContain('Verified OK')
        expect(JSON.parse(readFileSync(payload, 'utf8'))).toMatchObject({
          critical: { identity: { 'docker-reference': `${registry.host}/${name}` }, image: { 'docker-manifest-digest': one } },
        })
      }

      // The same sources, the same bytes: what was tried is what was published.
      expect(
        readFileSync(join(out, `seca-operator-${VERSION}.tgz`)).equals(readFileSync(join(keys, 'dry', `seca-operator-${VERSION}.tgz`))),
      ).toBe(true)
      expect(execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' }).trim().split('\n')).toHaveLength(11)
      writeFileSync(signature, Buffer.from(readFileSync(join(out, 'SHA256SUMS.sig'), 'utf8'), 'base64'))
      openssl('dgst', '-sha256', '-verify', publicKey, '-signature', signature, join(out, 'SHA256SUMS'))
    },
    TIMEOUT_MS,
  )

  it('Helm takes the chart from there, and it names the image of its release', async () => {
    const login = join(keys, 'login.json')
    const auth = Buffer.from(`${registry.user}:${registry.password}`).toString('base64')
    writeFileSync(login, JSON.stringify({ auths: { [registry.host]: { auth } } }))
    const from = [`oci://${path}/charts/seca-operator`, '--version', VERSION, '--plain-http', '--registry-config', login]
    const rendered = await helm(['template', 'seca', ...from, '--set', 'tokens.issuer=https://id.example.org'])
    const { digest: of } = await whole('seca/seca-operator', VERSION)
    const images = rendered.match(/image: .*/g) ?? []
    expect(new Set(images)).toEqual(new Set([`image: ${path}/seca-operator@${of}`]))
    expect(parseAllDocuments(rendered).length).toBeGreaterThan(20)
  })

  it(
    'a version is released once',
    async () => {
      const before = await there()
      const { code, output } = await run(['--registry', path, '--key', key])
      expect([code, output]).toEqual([1, expect.stringContaining(`${VERSION} is in the registry already`)])
      expect(await there()).toEqual(before)
      expect((await run(['--prepare'])).output).toContain(`${VERSION} is released already`)
    },
    TIMEOUT_MS,
  )
})
