import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { findEnvtest } from './envtest.ts'
import { KUBERNETES } from './versions.ts'

const MINOR = KUBERNETES.slice(1).split('.').slice(0, 2).join('.')
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'seca-envtest-'))
})

function put(store: string, name: string, programs = ['etcd', 'kube-apiserver', 'kubectl']): string {
  const folder = join(home, store, 'k8s', name)
  mkdirSync(folder, { recursive: true })
  for (const program of programs) writeFileSync(join(folder, program), '')
  return folder
}

it('the newest patch of our minor version is found, for this machine', () => {
  const store = '.local/share/kubebuilder-envtest'
  expect(findEnvtest({ HOME: home }, 'linux', 'x64')).toBeUndefined()
  for (const name of ['1.9.9-linux-amd64', '1.99.0-linux-amd64', `${MINOR}.9-linux-arm64`, `${MINOR}.11-darwin-amd64`, 'bad'])
    put(store, name)
  expect(findEnvtest({ HOME: home }, 'linux', 'x64')).toBeUndefined()
  put(store, `${MINOR}.2-linux-amd64`)
  const newest = put(store, `${MINOR}.10-linux-amd64`)
  put(store, `${MINOR}.12-linux-amd64`, ['etcd'])
  expect(findEnvtest({ HOME: home }, 'linux', 'x64')).toEqual({
    folder: newest,
    version: `${MINOR}.10`,
    programs: ['kube-apiserver', 'kubectl', 'etcd'],
  })
  expect(findEnvtest({ HOME: home }, 'linux', 'arm64')?.version).toBe(`${MINOR}.9`)
})

it('is looked for where setup-envtest puts it', () => {
  put('Library/Application Support/io.kubebuilder.envtest', `${MINOR}.1-darwin-arm64`)
  expect(findEnvtest({ HOME: home }, 'darwin', 'arm64')?.version).toBe(`${MINOR}.1`)
  put('data/kubebuilder-envtest', `${MINOR}.3-linux-amd64`)
  expect(findEnvtest({ HOME: home }, 'linux', 'x64')).toBeUndefined()
  expect(findEnvtest({ HOME: home, XDG_DATA_HOME: join(home, 'data') }, 'linux', 'x64')?.version).toBe(`${MINOR}.3`)
})
