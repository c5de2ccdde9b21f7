import { AccessReviews, attributesOf } from '../api/access/access-review.ts'
import { explain, parseAttempt } from '../api/access/explain.ts'
import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import type { AccessConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import { connect } from '../kube/config.ts'
import { createLog } from '../observe/log.ts'
import { createMetrics } from '../observe/metrics.ts'

const READ_MS = 30_000

/** `seca-operator access`: exit code 0 when it is allowed, 1 when not. */
export async function printAccess(config: AccessConfig, { signal }: { signal: AbortSignal }): Promise<number> {
  if ((config.subject === undefined) === (config.user === undefined))
    throw new SecaError('InvalidConfiguration', 'give either --subject (of a token) or --user (of Kubernetes)')
  const { kubeconfig, context, namespaces } = config
  const client = connect({ kubeconfig, context, namespaces, userAgent: 'seca-operator/access' })
  const cache = new Cache(KINDS, config.defaultRegion)
  const informers = new Informers({ client, cache, log: createLog({ level: 'silent', name: 'access' }), metrics: createMetrics() })
  const stop = new AbortController()
  const running = informers.run(stop.signal)
  try {
    await informers.whenSynced(AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]))
    if (!informers.isSynced())
      throw new SecaError('KubernetesUnavailable', 'the roles could not be read within 30 s; check --kubeconfig and its rights')
    const attempt = parseAttempt(cache, config.verb, config.resource)
    if (config.user !== undefined) {
      const caller = { door: 'aggregated', username: config.user, groups: [...config.groups, 'system:authenticated'], extra: {} } as const
      const decision = await new AccessReviews(client, cache).decide(caller, attempt, signal)
      return print(decision.isAllowed, `Kubernetes user ${config.user}: ${JSON.stringify(attributesOf(cache, attempt))}`, [decision.why])
    }
    const caller = { door: 'direct', subject: config.subject ?? '', scope: {} } as const
    const { decision, attempt: what, lines } = explain(cache, caller, attempt)
    return print(decision.isAllowed, `${caller.subject}: ${what}`, [decision.why, ...lines])
  } finally {
    stop.abort()
    await running
    await client.close()
  }
}

function print(isAllowed: boolean, what: string, lines: readonly string[]): number {
  process.stdout.write([`${isAllowed ? 'allowed' : 'denied'}  ${what}`, ...lines.map((line) => `  ${line}`), ''].join('\n'))
  return isAllowed ? 0 : 1
}
