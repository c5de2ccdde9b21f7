import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { findAssets } from './assets.ts'
import { createProgress } from '../../cli/progress.ts'

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

describe('programs of the control plane', () => {
  let folder: string
  let text: string
  const progress = createProgress({ write: (chunk) => (text += chunk) })
  const find = (env: Record<string, string> = {}) => {
    const base = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache'), FAKE_GO_VERSION: 'go1.26.3' }
    return findAssets({ progress, env: { ...base, FAKE_GO_LOG: join(folder, 'log'), FAKE_GO_FAILS: 'nothing', ...env } })
  }
  const builds = () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')

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
})
