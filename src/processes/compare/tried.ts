import type { CompareConfig } from '../../cli/compare-config.ts'
import type { Manifest } from '../../cli/manifests.ts'
import { createProgress, during, type Step } from '../../cli/progress.ts'
import { SecaError } from '../../errors.ts'
import type { ClusterView } from '../in-cluster.ts'
import { base, columnsOf } from './base.ts'
import { startCount } from './call-count.ts'
import { scopeByName } from './place.ts'
import { planOf } from './plan.ts'
import type { Report } from './report.ts'
import { objectionTo, tryRegion } from './trial.ts'
import type { Compared } from './world.ts'

/** Tries manifests in all regions at the same time. Nothing is begun anywhere unless all are free for it. */
export async function tried(
  config: CompareConfig,
  view: ClusterView,
  regions: readonly Compared[],
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<Report> {
  const { cache, client } = view
  const scopeOf = (namespace: string) => cache.scopeOf(namespace) ?? scopeByName(namespace)
  const trials = regions.map(({ name, provider, cloudProvider, zones, capabilities, remarks }) => {
    const plan = planOf(manifests, { region: name, zones, capabilities }, { skipsUnsupported: config.skipUnsupported, scopeOf })
    return { region: { name, provider, cloudProvider }, plan: { ...plan, remarks: [...remarks, ...plan.remarks] } }
  })
  for (const { region, plan } of trials) {
    if (plan.objects.length === 0)
      throw invalid(
        `nothing of the manifests can be tried in region "${region.name}": ${plan.leftOut.map(({ object, why }) => `${object}: ${why}`).join('; ')}`,
      )
    const objection = await objectionTo(plan, { client, cache, region }, signal)
    if (objection !== undefined) throw invalid(objection)
  }
  const count = await startCount(config.metricsUrl)
  const { keep, timeoutMs } = config
  const reports = await withStop(signal, (stop) =>
    during(createProgress(), 'comparing', (step) => {
      const tell = detailsOf(
        trials.map(({ region }) => region.name),
        step,
      )
      return Promise.all(
        trials.map((trial) =>
          tryRegion({ ...trial, client, cache, keep, timeoutMs, signal, stop, onProgress: (text) => tell(trial.region.name, text) }),
        ),
      )
    }),
  )
  const types = Map.groupBy(regions, ({ provider }) => provider)
  const counted = await count(new Map([...types].map(([type, of]) => [type, of.map(({ name }) => name)])))
  return { ...base(), mode: 'tried', columns: columnsOf(regions), regions: reports, ...counted }
}

/** One line of progress for all regions. */
function detailsOf(names: readonly string[], step: Step): (name: string, text: string) => void {
  const details = new Map(names.map((name) => [name, 'begins']))
  return (name, text) => {
    details.set(name, text)
    step.update([...details].map(([region, detail]) => `${region} ${detail}`).join(', '))
  }
}

/** Runs work that cleans up when it is interrupted; a second signal ends that as well. */
async function withStop<T>(signal: AbortSignal, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const again = () => {
    process.stderr.write('\nstopped: compare --clean takes away what is left\n')
    stop.abort(new Error('interrupted'))
  }
  const first = () => {
    process.stderr.write('\ninterrupted: what was made is taken away; once more ends at once\n')
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, again)
  }
  signal.addEventListener('abort', first, { once: true })
  try {
    return await work(stop.signal)
  } finally {
    signal.removeEventListener('abort', first)
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, again)
  }
}

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
