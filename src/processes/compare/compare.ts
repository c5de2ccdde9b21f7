import { writeFileSync } from 'node:fs'
import manifest from '../../../package.json' with { type: 'json' }
import { PROVIDERS } from '../../../providers/index.ts'
import type { CompareConfig } from '../../cli/compare-config.ts'
import { type Manifest, readManifests } from '../../cli/manifests.ts'
import { createProgress, during, type Step } from '../../cli/progress.ts'
import { asError, SecaError } from '../../errors.ts'
import type { Capability } from '../../provider/contract.ts'
import { type ClusterView, inCluster } from '../in-cluster.ts'
import { COMPARED, columnOf } from './abilities.ts'
import { callsBetween, readCalls, type Sample } from './calls.ts'
import { comparedNamespaces, takeAway } from './clean.ts'
import { asMarkdown } from './markdown.ts'
import { asPage } from './page.ts'
import { scopeByName } from './place.ts'
import { planOf } from './plan.ts'
import { readRegion } from './read.ts'
import { exitCode, type Report } from './report.ts'
import { objectionTo, tryRegion } from './trial.ts'
import { type Compared, comparedRegion } from './world.ts'

const INCOMPLETE = 2

interface Context {
  readonly signal: AbortSignal
}

/** `seca-operator compare`: exit code 0 only if everything got ready that the regions' providers say they can do, 2 if not all was gone through. */
export async function runCompare(config: CompareConfig, { signal }: Context): Promise<number> {
  try {
    if (config.clean) return await inCluster('compare', whole(config), signal, (view) => clean(config, view, signal))
    const report = await reportOf(config, signal)
    tell(config, report)
    return exitCode(report)
  } catch (error) {
    if (error instanceof SecaError && error.code === 'InvalidConfiguration') throw error
    process.stderr.write(`${signal.aborted ? 'interrupted' : asError(error).message}\n`)
    return INCOMPLETE
  }
}

/** It makes namespaces of its own, so rights in some are not enough. */
const whole = (config: CompareConfig) => ({ ...config, namespaces: [] })

const FORMATS = {
  markdown: { ending: 'md', write: asMarkdown },
  html: { ending: 'html', write: asPage },
  json: { ending: 'json', write: (report: Report) => `${JSON.stringify(report, undefined, 2)}\n` },
} as const

function tell({ output, report: path }: CompareConfig, report: Report): void {
  if (path !== undefined) {
    for (const { ending, write } of Object.values(FORMATS)) writeFileSync(`${path}.${ending}`, write(report))
    process.stderr.write(
      `wrote ${Object.values(FORMATS)
        .map(({ ending }) => `${path}.${ending}`)
        .join(', ')}\n`,
    )
  }
  process.stdout.write(FORMATS[output].write(report))
}

function reportOf(config: CompareConfig, signal: AbortSignal): Promise<Report> {
  const manifests = config.manifests === undefined ? undefined : readManifests(config.manifests, 'manifests')
  if (manifests?.length === 0) throw invalid(`${config.manifests}: there are no manifests in it`)
  if (config.regions.length === 0) return Promise.resolve(ofTypes(config, manifests ?? []))
  return inCluster('compare', whole(config), signal, async (view) => {
    const regions = await Promise.all(config.regions.map((name) => comparedRegion(name, view, config.operatorNamespace, signal)))
    return manifests === undefined ? read(config, view, regions) : tried(config, view, regions, manifests, signal)
  })
}

const NO_CALLS = 'not counted: name the /metrics of the controllers with --metrics-url'
const base = () => ({
  made: new Date().toISOString(),
  version: manifest.version,
  kinds: COMPARED.map(({ kind }) => kind),
  calls: [],
  remarks: [],
})

/** What the types of providers say, and what they would leave of the manifests. */
function ofTypes({ providers: wanted }: CompareConfig, manifests: readonly Manifest[]): Report {
  const unknown = wanted.find((type) => !PROVIDERS.some((one) => one.type === type))
  if (unknown !== undefined)
    throw invalid(`--providers: there is no provider "${unknown}": there are ${PROVIDERS.map(({ type }) => type).join(', ')}`)
  const providers = PROVIDERS.filter(({ type }) => wanted.length === 0 || wanted.includes(type))
  const regions = providers.map(({ type, capabilities }) => {
    const target = { region: type, zones: [], capabilities }
    const { leftOut, remarks } = planOf(manifests, target, { skipsUnsupported: true, scopeOf: scopeByName })
    return { name: type, provider: type, cloudProvider: '', tracks: [], leftOut, remarks }
  })
  const all = providers.map(({ capabilities }) => capabilities)
  const columns = providers.map(({ type, capabilities }) => columnOf(type, type, capabilities, all))
  return { ...base(), mode: 'abilities', columns, regions: manifests.length === 0 ? [] : regions, aboutCalls: 'none were made' }
}

function columnsOf(regions: readonly Compared[]) {
  const all: readonly Readonly<Record<string, Capability>>[] = regions.map(({ capabilities }) => capabilities)
  return regions.map(({ name, provider, capabilities }) => columnOf(name, provider, capabilities, all))
}

function read({ tenants }: CompareConfig, { cache }: ClusterView, regions: readonly Compared[]): Report {
  const reports = regions.map(({ name, provider, cloudProvider, remarks }) => ({
    name,
    provider,
    cloudProvider,
    tracks: readRegion(cache, name, tenants),
    leftOut: [],
    remarks,
  }))
  return { ...base(), mode: 'read', columns: columnsOf(regions), regions: reports, aboutCalls: 'not counted: only what is there was read' }
}

async function tried(
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
  const count = await startCount(config)
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

type Counted = Pick<Report, 'calls' | 'aboutCalls'>

/** Begins to count the calls of clouds; the answer ends it. */
async function startCount({ metricsUrl }: CompareConfig): Promise<(regionsOf: ReadonlyMap<string, readonly string[]>) => Promise<Counted>> {
  const none = (aboutCalls: string) => () => Promise.resolve({ calls: [], aboutCalls })
  if (metricsUrl.length === 0) return none(NO_CALLS)
  const tryRead = (): Promise<readonly (readonly Sample[])[] | string> =>
    readCalls(metricsUrl).catch((error: unknown) => `not counted: the controllers' metrics could not be read: ${asError(error).message}`)
  const before = await tryRead()
  if (typeof before === 'string') return none(before)
  return async (regionsOf) => {
    const after = await tryRead()
    if (typeof after === 'string') return { calls: [], aboutCalls: after }
    const calls = callsBetween(before, after, regionsOf)
    if (calls === undefined) return { calls: [], aboutCalls: 'not counted: controllers were started again in between' }
    return {
      calls,
      aboutCalls:
        'of the adapters, by type of provider, as the controllers count them: whatever else they did for these clouds at the time is in it',
    }
  }
}

async function clean({ regions, timeoutMs }: CompareConfig, { client }: ClusterView, signal: AbortSignal): Promise<number> {
  const namespaces = await comparedNamespaces(client, regions, signal)
  if (namespaces.length === 0) {
    process.stderr.write('no comparison left anything\n')
    return 0
  }
  const names = namespaces.map(({ name }) => name).join(', ')
  const left = await during(createProgress(), `taking away ${names}`, (step) =>
    takeAway({ client, namespaces, timeoutMs, signal, onProgress: (count) => step.update(`${count} objects to go`) }),
  )
  for (const { kind, metadata } of left) process.stderr.write(`still there: ${kind} ${metadata.namespace}/${metadata.name}\n`)
  return left.length === 0 ? 0 : INCOMPLETE
}

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
