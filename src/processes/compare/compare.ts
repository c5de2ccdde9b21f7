import { writeFileSync } from 'node:fs'
import { PROVIDERS } from '../../../providers/index.ts'
import type { CompareConfig } from '../../cli/compare-config.ts'
import { type Manifest, readManifests } from '../../cli/manifests.ts'
import { createProgress, during } from '../../cli/progress.ts'
import { asError, SecaError } from '../../errors.ts'
import { type ClusterView, inCluster } from '../in-cluster.ts'
import { base, columnsOf } from './base.ts'
import { comparedNamespaces, takeAway } from './clean.ts'
import { asMarkdown } from './markdown.ts'
import { asPage } from './page.ts'
import { scopeByName } from './place.ts'
import { planOf } from './plan.ts'
import { readRegion } from './read.ts'
import { exitCode, type Report } from './report.ts'
import { tried } from './tried.ts'
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
    const regions = await Promise.all(
      [...new Set(config.regions)].map((name) => comparedRegion(name, view, config.operatorNamespace, signal)),
    )
    return manifests === undefined ? read(config, view, regions) : tried(config, view, regions, manifests, signal)
  })
}

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
  const columns = columnsOf(providers.map(({ type, capabilities }) => ({ name: type, provider: type, capabilities })))
  return { ...base(), mode: 'abilities', columns, regions: manifests.length === 0 ? [] : regions, aboutCalls: 'none were made' }
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
