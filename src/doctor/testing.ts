import { allCrds } from '../schema/crd.ts'
import { tenantPolicy } from '../schema/policy.ts'
import { KubeClient } from '../kube/client.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import { ApiError } from '../kube/errors.ts'
import type { Request, Transport } from '../kube/transport.ts'
import { type Check, type Exam, examine, type Finding } from './check.ts'

/** The cluster of doctor's unit tests: objects in memory, and what a real kube-apiserver says besides. */
export interface Ward {
  readonly server: MemoryServer
  readonly exam: Exam
  /** Changed by tests. */
  state: {
    version: string
    /** What kube-apiserver's clock says; default: the machine's. */
    clock: () => number
    username: string
    /** Whether whom doctor is may read or make something: `get secrets`, `list deployments`, `create subjectaccessreviews`. */
    may: (what: string) => boolean
    /** What Kubernetes decides about somebody. */
    allows: (attempt: Attempt, user: string) => boolean
  }
  run(check: Check): Promise<Finding[]>
}

export interface Attempt {
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly verb: string
  readonly namespace?: string
  readonly name?: string
}

export const NOW = Date.parse('2026-06-01T12:00:00Z')
export const ago = (ms: number) => new Date(NOW - ms).toISOString()
export const MINUTE = 60_000

const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

export function ward(more: Partial<Exam> = {}): Ward {
  const server = new MemoryServer({ now: () => NOW })
  const state: Ward['state'] = {
    version: 'v1.36.3',
    clock: () => NOW,
    username: 'admin',
    may: () => true,
    allows: ({ resource, verb }) => resource !== 'secrets' && verb !== '*',
  }
  const send = async (request: Request): Promise<unknown> => {
    const [path = ''] = request.path.split('?')
    const resource = path.split('/').findLast((part) => /^[a-z]+s$/.test(part)) ?? ''
    const isList = request.method === 'GET' && path.endsWith(`/${resource}`)
    const what = `${isList ? 'list' : VERBS[request.method]} ${resource}`
    if (path === '/version') return { gitVersion: state.version }
    if (!state.may(what)) {
      const explanation = `user "${state.username}" cannot ${what}`
      throw new ApiError(`${what}: ${explanation}`, { status: 403, reason: 'Forbidden', explanation })
    }
    const { spec } = (request.body ?? {}) as { spec?: { resourceAttributes: Attempt; user?: string } }
    if (resource === 'selfsubjectreviews') return { status: { userInfo: { username: state.username } } }
    if (spec !== undefined && resource.endsWith('subjectaccessreviews'))
      return { status: { allowed: state.allows(spec.resourceAttributes, spec.user ?? state.username) } }
    if (path.endsWith('/log')) return `log of ${path}\n`
    return server.transport.send(request)
  }
  const transport = { ...server.transport, send, serverTime: () => Promise.resolve(state.clock()) }
  const exam: Exam = {
    client: new KubeClient(transport as unknown as Transport),
    namespace: 'seca-system',
    signal: new AbortController().signal,
    now: () => NOW,
    sleep: () => Promise.resolve(),
    olderThanMs: 15 * MINUTE,
    ...more,
  }
  return { server, exam, state, run: (check) => examine([check], exam) }
}

/** Verdicts and what was seen, without what to do. */
export const brief = (findings: readonly Finding[]) => findings.map(({ verdict, seen }) => `${verdict}: ${seen}`)

/** Puts there what `install` brings: kinds, established, and the policy. */
export function installed({ server }: Ward): void {
  for (const crd of allCrds()) {
    const status = { conditions: [{ type: 'Established', status: 'True' }], storedVersions: crd.spec.versions.map(({ name }) => name) }
    server.put({ group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', kind: crd.kind, namespaced: false }, {
      ...crd,
      status,
    } as Parameters<MemoryServer['put']>[1])
  }
  for (const object of tenantPolicy()) server.add(object as unknown as Parameters<MemoryServer['add']>[0])
}
