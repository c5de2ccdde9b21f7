import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { build, fingerprint, howToBuild, requireGo } from './build.ts'
import { KUBERNETES } from './versions.ts'

/** A Go command that writes down how it was called, and "builds". */
const GO = `#!/bin/sh
if [ "$1" = env ]; then echo go1.26.0; exit; fi
echo "CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS GOARCH=$GOARCH $*" > "$LOG"
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then echo built > "$2"; fi; shift; done
echo runtime >&2; echo net/http >&2
`

it('programs are built for this machine, know their version, and appear when they are whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-build-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'go'), GO)
  chmodSync(join(folder, 'bin', 'go'), 0o755)
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, LOG: join(folder, 'log'), GOOS: 'plan9', GOARCH: 'mips' }
  const details: string[] = []
  const step = { update: (detail: string) => void details.push(detail), done: () => {}, fail: () => {} }
  await requireGo(env)
  await build({ program: 'kubectl', file: join(folder, 'kubectl'), env, step, signal: undefined })
  expect(readFileSync(join(folder, 'kubectl'), 'utf8')).toBe('built\n')
  const call = readFileSync(join(folder, 'log'), 'utf8')
  expect(call).toMatch(/^CGO_ENABLED=0 GOOS= GOARCH= build -v -trimpath /)
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(KUBERNETES) ?? []
  for (const [key, value] of [
    ['gitVersion', KUBERNETES],
    ['gitMajor', major],
    ['gitMinor', minor],
  ])
    expect(call).toContain(`-X k8s.io/component-base/version.${key}=${value}`)
  expect(details.at(-1)).toBe('2 packages, now net/http')
})

it('a cache folder is named by all that decides what is in it', () => {
  const names = [fingerprint(), fingerprint('release'), fingerprint([['etcd', 1]]), fingerprint([['etcd', 2]])]
  expect(new Set(names).size).toBe(4)
  expect(names.every((name) => /^[0-9a-f]{16}$/.test(name))).toBe(true)
  expect(fingerprint()).toBe(names[0])
})

it('who has no Go is told what to do about the program in question', async () => {
  const nowhere = { PATH: '/nowhere' }
  await expect(requireGo(nowhere)).rejects.toThrow(
    /^Go is not installed\. Install Go 1\.\d+ or newer .*, let --download fetch the official binaries/,
  )
  await expect(requireGo(nowhere, howToBuild('helm'))).rejects.toThrow(
    /^Go is not installed\. Install Go 1\.\d+ or newer \(https:\/\/go\.dev\/dl\): helm is built from source\.$/,
  )
})
