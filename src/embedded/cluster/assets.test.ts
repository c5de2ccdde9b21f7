import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AssetSettings, findAssets } from './assets.ts'
import { createProgress } from '../../cli/progress.ts'
import type { Platform } from './release.ts'
import { LINUX, MAC, publish, type ReleaseServer, startReleaseServer } from './testing.ts'
import { KUBERNETES, NAMES, type Program } from './versions.ts'

/** A stand-in for the Go command: answers its version, and "builds" a file that says what it is. */
const GO = `#!/bin/sh
if [ "$1" = env ]; then echo "$FAKE_GO_VERSION"; exit; fi
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then file=$2; fi
  last=$1; shift
done
echo "$last" >> "$FAKE_GO_LOG"
echo "$last" >&2
case "$last" in *"$FAKE_GO_FAILS") echo "boom" >&2; exit 1;; esac
echo "$last" > "$file"
`

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9'

describe('programs of the control plane', () => {
  let folder: string
  let text: string
  const progress = createProgress({ write: (chunk) => (text += chunk) })
  const find = (env: Record<string, string> = {}, settings?: Partial<AssetSettings>, platform: Platform = LINUX) => {
    const base = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache'), FAKE_GO_VERSION: 'go1.26.3' }
    return findAssets({
      progress,
      env: { ...base, HOME: folder, FAKE_GO_LOG: join(folder, 'log'), FAKE_GO_FAILS: 'nothing', ...env },
      command: 'npm start',
      platform,
      waitsMs: [1, 1],
      ...(settings && { settings: { download: false, kubernetesDownloadUrl: NOWHERE, etcdDownloadUrl: NOWHERE, ...settings } }),
    })
  }
  const builds = () => {
    const log = join(folder, 'log')
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  }
  const contents = (path: string) => NAMES.map((name) => readFileSync(join(path, name), 'utf8').trim().split('/').at(-1))

  beforeEach(() => {
    text = ''
    folder = mkdtempSync(join(tmpdir(), 'seca-assets-'))
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin', 'go'), GO)
    chmodSync(join(folder, 'bin', 'go'), 0o755)
  })

  it('are built once, by one process at a time, and kept', async () => {
    const [first, second] = await Promise.all([find(), find()])
    expect(second).toBe(first)
    expect(readdirSync(first).toSorted()).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'])
    expect(await find()).toBe(first)
    expect(builds()).toHaveLength(4)
    expect(text).toContain('building kube-apiserver (1 of 4)')
    expect(readdirSync(join(folder, 'cache', 'seca-operator'))).toHaveLength(1)
  })

  it('say what failed, and are not built again where they were finished', async () => {
    await expect(find({ FAKE_GO_FAILS: 'kubectl' })).rejects.toThrow(/go build of k8s\.io.*kubectl failed \(exit code 1\)[^]*boom$/)
    await find()
    expect(builds().filter((name) => name.endsWith('kube-apiserver'))).toHaveLength(1)
  })

  it('need Go, and say which', async () => {
    await expect(find({ PATH: join(folder, 'empty') })).rejects.toThrow('Go is not installed. Install Go 1.26 or newer')
    await expect(find({ FAKE_GO_VERSION: 'go1.25.1' })).rejects.toThrow('go1.25.1 is too old. Install Go 1.26 or newer')
    expect(existsSync(join(folder, 'log'))).toBe(false)
  })

  it('come from KUBEBUILDER_ASSETS when it is complete', async () => {
    const given = mkdtempSync(join(tmpdir(), 'seca-given-'))
    await expect(find({ KUBEBUILDER_ASSETS: given })).rejects.toThrow('has no kube-apiserver, kube-controller-manager, kubectl, etcd.')
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd']) writeFileSync(join(given, name), '')
    expect(await find({ KUBEBUILDER_ASSETS: given })).toBe(given)
  })

  it('that setup-envtest has are offered, and used only when that is said', async () => {
    const there = join(
      folder,
      '.local/share/kubebuilder-envtest/k8s',
      `${KUBERNETES.slice(1)}-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`,
    )
    mkdirSync(there, { recursive: true })
    for (const name of ['etcd', 'kube-apiserver', 'kubectl']) writeFileSync(join(there, name), `envtest/${name}`)
    expect(contents(await find())).toEqual(['kube-apiserver', 'kube-controller-manager', 'kubectl', 'v3'])
    expect(text).toContain(
      `setup-envtest has put kube-apiserver, kubectl and etcd ${KUBERNETES.slice(1)} on this machine. To use them (only kube-controller-manager is missing there): npm start -- --programs '${there}'`,
    )
    const before = builds().length
    const combined = await find({ KUBEBUILDER_ASSETS: '/elsewhere' }, { programs: there })
    expect(readFileSync(join(combined, 'etcd'), 'utf8')).toBe('envtest/etcd')
    expect(builds().slice(before)).toEqual(['k8s.io/kubernetes/cmd/kube-controller-manager'])
    expect(await find({}, { programs: there })).toBe(combined)
    // Others in the same place are other programs.
    writeFileSync(join(there, 'etcd'), 'envtest/newer etcd')
    expect(await find({}, { programs: there })).not.toBe(combined)
    await expect(find({}, { programs: join(folder, 'bin') })).rejects.toThrow('has none of kube-apiserver, ')
    await expect(find({ KUBEBUILDER_ASSETS: there })).rejects.toThrow(`--programs '${there}' uses what is there`)
  })

  describe('that are downloaded', () => {
    let server: ReleaseServer
    let paths: Record<Program, string>
    const settings = () => ({ download: true, kubernetesDownloadUrl: server.url, etcdDownloadUrl: server.url })

    beforeEach(async () => {
      server = await startReleaseServer()
      paths = publish(server, (program) => Buffer.from(`official/${program}\n`))
    })
    afterEach(() => server.stop())

    it('come checked, by one process at a time, are kept beside those that are built, and need no Go', async () => {
      const noGo = { PATH: join(folder, 'empty') }
      const [first, second] = await Promise.all([find(noGo, settings()), find(noGo, settings())])
      expect(second).toBe(first)
      expect(readdirSync(first).toSorted()).toEqual(NAMES.toSorted())
      expect(contents(first)).toEqual(NAMES)
      expect(server.seen).toHaveLength(8)
      expect(text).toContain('downloading kube-apiserver (1 of 4)')
      // The next start needs no flag, and nothing is fetched again.
      expect(await find(noGo)).toBe(first)
      expect(await find(noGo, { download: true })).toBe(first)
      expect(server.seen).toHaveLength(8)
      expect(readdirSync(join(folder, 'cache', 'seca-operator'))).toHaveLength(1)
    })

    it('are not, without the flag', async () => {
      await find({}, { ...settings(), download: false })
      expect(server.seen).toEqual([])
      expect(builds()).toHaveLength(4)
      expect(text).toContain('npm start -- --download would download the official binaries instead.')
      // What was built is the same: nothing is to be downloaded.
      await find({}, settings())
      expect(server.seen).toEqual([])
    })

    it.each<[string, (path: string) => void, RegExp]>([
      ['are not there', (path) => server.files.delete(path), /the server answers 404/],
      [
        'are not what was published',
        (path) => server.files.set(path, Buffer.from('evil')),
        /does not match its published checksum .* and was removed/,
      ],
      ['cannot be checked', (path) => server.files.set(`${path}.sha256`, Buffer.from('?')), /it cannot be checked/],
      [
        'never come whole',
        (path) => server.trouble.set(path, { cuts: Array.from({ length: 99 }, () => 1), ignoresRanges: true }),
        /kube-apiserver: /,
      ],
    ])('are built when they %s, with a word, and the server is not asked again', async (_, spoil, word) => {
      spoil(paths['kube-apiserver'])
      const made = await find({}, settings())
      expect(contents(made)).toEqual(['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd'])
      expect(builds()).toEqual(['kube-apiserver', 'kube-controller-manager', 'kubectl'].map((name) => `k8s.io/kubernetes/cmd/${name}`))
      expect(readFileSync(join(made, 'etcd'), 'utf8')).toBe('official/etcd\n')
      expect(text).toMatch(word)
      expect(text).toContain('What is missing of Kubernetes is built from source instead')
      expect(server.seen.map(({ path }) => path)).not.toContain(paths.kubectl)
      expect(readdirSync(made).toSorted()).toEqual(NAMES.toSorted())
    })

    it('are built when there is no network, and say what is needed when there is no Go either', async () => {
      await expect(find({ PATH: join(folder, 'empty') }, { download: true })).rejects.toThrow('Go is not installed')
      expect(text).toMatch(/127\.0\.0\.1:9.*ECONNREFUSED.*built from source instead/)
      await find({}, { download: true })
      expect(builds()).toHaveLength(4)
    })

    it('go on in the next start where this one ended', async () => {
      server.trouble.set(paths['kube-controller-manager'], { status: 404 })
      await expect(find({ PATH: join(folder, 'empty') }, settings())).rejects.toThrow('Go is not installed')
      server.trouble.clear()
      server.seen.length = 0
      expect(contents(await find({}, settings()))).toEqual(NAMES)
      expect(server.seen.map(({ path }) => path)).not.toContain(paths['kube-apiserver'])
      expect(builds()).toEqual([])
    })

    it('are those that there are for macOS; the others are built', async () => {
      const made = await find({}, settings(), MAC)
      expect(text).toContain('There is no official kube-apiserver or kube-controller-manager for darwin-arm64: building from source.')
      expect(builds().length).toBeGreaterThanOrEqual(2)
      expect(readdirSync(made).toSorted()).toEqual(NAMES.toSorted())
    })

    it('complete what is there already', async () => {
      const there = join(folder, 'there')
      mkdirSync(there)
      writeFileSync(join(there, 'etcd'), 'mine')
      const made = await find({ PATH: join(folder, 'empty') }, { ...settings(), programs: there })
      expect(contents(made)).toEqual(['kube-apiserver', 'kube-controller-manager', 'kubectl', 'mine'])
      expect(server.seen.map(({ path }) => path)).not.toContain(paths.etcd)
    })
  })
})
