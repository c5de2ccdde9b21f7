import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProgress } from '../../cli/progress.ts'
import { findMore, type More } from './more.ts'
import { LINUX, publish, type ReleaseServer, startReleaseServer } from './testing.ts'
import { NODE_PROGRAMS } from './versions.ts'

/** A stand-in for the Go command: "builds" a file that says of which package and module it is. */
const GO = `#!/bin/sh
if [ "$1" = env ]; then echo go1.26.3; exit; fi
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then file=$2; fi
  last=$1; shift
done
echo "$last" >> "$FAKE_GO_LOG"
if [ "$last" = "$FAKE_GO_FAILS" ]; then echo boom >&2; exit 1; fi
echo "$last in $(basename "$PWD")" > "$file"
`
const PUBLISHED = Object.keys(NODE_PROGRAMS) as (keyof typeof NODE_PROGRAMS)[]

let folder: string
let text: string
let server: ReleaseServer
beforeEach(async () => {
  text = ''
  folder = mkdtempSync(join(tmpdir(), 'seca-more-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'go'), GO)
  chmodSync(join(folder, 'bin', 'go'), 0o755)
  server = await startReleaseServer()
  publish(server, (program) => Buffer.from(`official ${program}`), PUBLISHED)
})
afterEach(() => server.stop())

const find = (which: More, { download = false, fails = '' } = {}) =>
  findMore(which, {
    progress: createProgress({ write: (chunk) => (text += chunk) }),
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      XDG_CACHE_HOME: join(folder, 'cache'),
      FAKE_GO_LOG: join(folder, 'log'),
      FAKE_GO_FAILS: fails,
    },
    settings: { download, kubernetesDownloadUrl: server.url, etcdDownloadUrl: server.url },
    platform: LINUX,
    waitsMs: [1],
  })
const builds = () => (existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [])
const content = (path: string, name: string) => readFileSync(join(path, name), 'utf8').trim()

test('programs are built once, each set of its own module, and nothing of another set', async () => {
  const [node, same] = await Promise.all([find('node'), find('node')])
  expect(same).toBe(node)
  expect(await find('node')).toBe(node)
  expect(readdirSync(node).toSorted()).toEqual(['kube-proxy', 'kube-scheduler', 'kubelet', 'pause'])
  expect(builds()).toHaveLength(4)
  const helm = await find('helm')
  expect(readdirSync(helm)).toEqual(['helm'])
  expect(content(helm, 'helm')).toBe('helm.sh/helm/v4/cmd/helm in helm')
  expect(server.seen).toEqual([])
})

test('what is published is downloaded when that is wished for, and the rest is built', async () => {
  const node = await find('node', { download: true })
  expect(readdirSync(node).toSorted()).toEqual(['kube-proxy', 'kube-scheduler', 'kubelet', 'pause'])
  for (const name of PUBLISHED) expect(content(node, name)).toBe(`official ${name}`)
  expect(builds()).toEqual(['./node/pause'])
  // Who does not ask for a download takes what is there.
  expect(await find('node')).toBe(node)
})

test('what was built is not downloaded again', async () => {
  expect(await find('node')).toBe(await find('node', { download: true }))
  expect(server.seen).toEqual([])
})

test('what nobody publishes is built, whatever is wished for', async () => {
  await find('helm', { download: true })
  expect(builds()).toEqual(['helm.sh/helm/v4/cmd/helm'])
  expect(server.seen).toEqual([])
})

test('a server that fails is asked once: what is missing is built', async () => {
  server.files.clear()
  await find('node', { download: true })
  expect(builds()).toHaveLength(4)
  expect(new Set(server.seen.map(({ path }) => path)).size).toBe(1)
  expect(text).toContain('What is missing of Kubernetes is built from source instead')
})

test('what was interrupted goes on where it was', async () => {
  await expect(find('node', { fails: './node/pause' })).rejects.toThrow('go build of ./node/pause failed')
  await find('node')
  expect(builds()).toHaveLength(5)
})
