import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openHttp } from './download.ts'
import { checksumIn, fetchRelease, releaseOf } from './release.ts'
import { LINUX, MAC, publish, type ReleaseServer, startReleaseServer } from './testing.ts'
import { ETCD, ETCD_TOOLS, KUBERNETES, NAMES, NODE_PROGRAMS, type Program } from './versions.ts'

const OFFICIAL = {
  kubernetesDownloadUrl: 'https://dl.k8s.io',
  etcdDownloadUrl: 'https://github.com/etcd-io/etcd/releases/download/',
}

describe('releases', () => {
  it('are where the projects publish them', () => {
    expect(releaseOf('kube-apiserver', OFFICIAL, LINUX)).toEqual({
      of: 'Kubernetes',
      url: `https://dl.k8s.io/${KUBERNETES}/bin/linux/amd64/kube-apiserver`,
      checksumUrl: `https://dl.k8s.io/${KUBERNETES}/bin/linux/amd64/kube-apiserver.sha256`,
    })
    expect(releaseOf('etcd', OFFICIAL, { os: 'linux', arch: 'arm64' })).toEqual({
      of: 'etcd',
      url: `https://github.com/etcd-io/etcd/releases/download/${ETCD}/etcd-${ETCD}-linux-arm64.tar.gz`,
      checksumUrl: `https://github.com/etcd-io/etcd/releases/download/${ETCD}/SHA256SUMS`,
      member: `etcd-${ETCD}-linux-arm64/etcd`,
    })
  })

  it('of servers of Kubernetes are there for Linux alone', () => {
    const has = (platform: { os: NodeJS.Platform; arch: string }) => NAMES.filter((name) => releaseOf(name, OFFICIAL, platform))
    expect(has(MAC)).toEqual(['kubectl', 'etcd'])
    expect(releaseOf('etcd', OFFICIAL, MAC)?.url).toContain('-darwin-arm64.zip')
    for (const arch of ['x64', 'arm64', 'ppc64', 's390x']) expect(has({ os: 'linux', arch })).toEqual(NAMES)
    for (const [os, arch] of [
      ['linux', 'riscv64'],
      ['freebsd', 'x64'],
      ['darwin', 's390x'],
    ] as const)
      expect(has({ os, arch })).toEqual([])
  })

  it('of etcd have its tools in the same archive', () => {
    const etcd = releaseOf('etcd', OFFICIAL, LINUX)
    for (const name of Object.keys(ETCD_TOOLS))
      expect(releaseOf(name, OFFICIAL, LINUX)).toEqual({ ...etcd, member: `etcd-${ETCD}-linux-amd64/${name}` })
  })

  it('of a node are there for Linux, of what others make there is none', () => {
    expect(releaseOf('kubelet', OFFICIAL, LINUX)?.url).toBe(`https://dl.k8s.io/${KUBERNETES}/bin/linux/amd64/kubelet`)
    for (const name of Object.keys(NODE_PROGRAMS)) expect(releaseOf(name, OFFICIAL, MAC)).toBeUndefined()
    for (const name of ['pause', 'helm']) expect(releaseOf(name, OFFICIAL, LINUX)).toBeUndefined()
  })

  it('have checksums, alone or in a list', () => {
    const [a, b] = ['a'.repeat(64), 'B'.repeat(64)]
    expect(checksumIn(`${a}\n`, 'x')).toBe(a)
    expect(checksumIn(`${a}  other\n${b} *x\n`, 'x')).toBe(b.toLowerCase())
    for (const text of ['', 'no such file', `${a}  other`, `${a.slice(1)}  x`, '<html>\n<body>'])
      expect(checksumIn(text, 'x')).toBeUndefined()
  })
})

describe('a program', () => {
  let server: ReleaseServer
  let http: Dispatcher
  let folder: string
  let paths: Record<Program, string>
  const details: string[] = []

  beforeEach(async () => {
    server = await startReleaseServer()
    http = openHttp({})
    folder = mkdtempSync(join(tmpdir(), 'seca-release-'))
    paths = publish(server, (program) => Buffer.from(`#!/bin/sh\necho ${program}\n`))
  })
  afterEach(async () => {
    await http.close()
    await server.stop()
  })

  const fetch = (program: Program) => {
    const release = releaseOf(program, { kubernetesDownloadUrl: `${server.url}/`, etcdDownloadUrl: server.url }, LINUX)!
    const step = { update: (detail: string) => void details.push(detail), done: () => {}, fail: () => {} }
    const file = join(folder, program)
    return fetchRelease({ release, file, folder: join(folder, 'download'), http, step, signal: undefined, waitsMs: [1] })
  }

  it.each(['kubectl', 'etcd'] as const)('%s is downloaded, checked, unpacked and made executable', async (program) => {
    details.length = 0
    await fetch(program)
    expect(readFileSync(join(folder, program), 'utf8')).toBe(`#!/bin/sh\necho ${program}\n`)
    expect(statSync(join(folder, program)).mode & 0o777).toBe(0o755)
    expect(details.at(-2)).toMatch(/^0\.0 of 0\.0 MB, 100 %$/)
    expect(details.at(-1)).toBe('checking')
  })

  it.each(['kubectl', 'etcd'] as const)('%s that is not what was published is removed', async (program) => {
    server.files.set(paths[program], Buffer.from('something else'))
    await expect(fetch(program)).rejects.toThrow(
      /does not match its published checksum \(SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}\) and was removed$/,
    )
    expect(existsSync(join(folder, program))).toBe(false)
    expect(existsSync(join(folder, 'download', paths[program].split('/').at(-1)!))).toBe(false)
  })

  it('without a checksum is not downloaded at all', async () => {
    server.files.set(`${paths.kubectl}.sha256`, Buffer.from('<html>sign in</html>'))
    await expect(fetch('kubectl')).rejects.toThrow('kubectl.sha256 has no SHA-256 checksum of kubectl: it cannot be checked')
    server.files.delete(`${paths.kubectl}.sha256`)
    await expect(fetch('kubectl')).rejects.toThrow('kubectl.sha256: the server answers 404')
    expect(server.seen.map(({ path }) => path)).not.toContain(paths.kubectl)
  })
})
