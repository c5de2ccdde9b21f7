import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { lackingOf, programOf } from './prometheus-package.ts'
import { eventually } from './harness.ts'
import type { TestNode } from './node.ts'

const program = programOf('prometheus')

/** Why tests with a Prometheus cannot run here, in one line. */
export const lackingPrometheus = program === undefined ? lackingOf('prometheus') : undefined

/** A ServiceMonitor as Prometheus' operator reads it: what ours use of it. */
export interface ServiceMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly endpoints: readonly {
      readonly port: string
      readonly interval: string
      readonly relabelings: readonly { readonly targetLabel: string; readonly replacement: string }[]
    }[]
  }
}

/** A series as a query answers it: points of [seconds, value as text]. */
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}
interface Rule {
  readonly name: string
  readonly health: string
  readonly lastError?: string
  readonly state: string
}

export interface Prometheus {
  /** Finds the pods of the monitors anew: Debian's Prometheus is built without a client of Kubernetes. */
  discover(): Promise<void>
  /** Points of a query since it started, one each `stepS`. Rejects with what Prometheus says against the query. */
  range(query: string, stepS?: number): Promise<readonly Series[]>
  /** All rules, as it judged them last. */
  rules(): Promise<readonly Rule[]>
  /** Ups and downs of what it asks, by job. */
  targets(): Promise<readonly { readonly job: string; readonly health: string; readonly lastError: string }[]>
}

const PORT = 9090

/** A real Prometheus inside a node, set up as Prometheus' operator would for these monitors and rules; it ends with the node. */
export async function startPrometheus(node: TestNode, monitors: readonly ServiceMonitor[], rules: object): Promise<Prometheus> {
  if (program === undefined) throw new Error(lackingPrometheus)
  const file = (name: string) => join(node.dataDir, `prometheus${name}`)
  writeFileSync(file('-rules.yaml'), stringify(rules))
  writeFileSync(
    file('.yaml'),
    stringify({
      global: { evaluation_interval: '2s' },
      rule_files: [file('-rules.yaml')],
      scrape_configs: monitors.flatMap(scrapesOf).map(({ name, interval, relabelings }) => ({
        job_name: name,
        scrape_interval: interval,
        scrape_timeout: interval,
        file_sd_configs: [{ files: [file(`-${name}.json`)], refresh_interval: '1s' }],
        relabel_configs: relabelings.map(({ targetLabel, replacement }) => ({ target_label: targetLabel, replacement })),
      })),
    }),
  )
  const discover = async () => {
    for (const { name, port, selector } of monitors.flatMap(scrapesOf)) {
      // Endpoints carry the labels of their Service.
      const labels = Object.entries(selector).map(([label, value]) => `${label}=${value}`)
      const text = await node.kubectl(['get', 'endpointslices', '--all-namespaces', '--selector', labels.join(), '--output', 'json'])
      const targets = (JSON.parse(text) as { items: EndpointSlice[] }).items.flatMap(({ metadata, endpoints, ports }) =>
        ports
          .filter((each) => each.name === port)
          .flatMap((each) =>
            endpoints.map(({ addresses, targetRef }) => ({
              targets: [`${addresses[0]}:${each.port}`],
              labels: { namespace: metadata.namespace, pod: targetRef.name, service: metadata.labels['kubernetes.io/service-name'] },
            })),
          ),
      )
      writeFileSync(file(`-${name}.json.new`), JSON.stringify(targets))
      renameSync(file(`-${name}.json.new`), file(`-${name}.json`))
    }
  }
  await discover()
  const args = [`--config.file=${file('.yaml')}`, `--storage.tsdb.path=${file('')}`, `--web.listen-address=0.0.0.0:${PORT}`]
  node.run('sh', '-c', `exec ${program} ${args.join(' ')} >${file('.log')} 2>&1`).catch(() => undefined)
  const base = `http://${new URL(node.url).hostname}:${PORT}`
  try {
    await eventually(async () => (await fetch(`${base}/-/ready`)).ok)
  } catch (error) {
    throw new Error(`Prometheus is not ready: ${readFileSync(file('.log'), 'utf8').slice(-1_000)}`, { cause: error })
  }
  const start = Date.now() / 1000
  const ask = async <T>(path: string, query: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(query).toString()}`)
    const body = (await answer.json()) as { status: string; error?: string; data: T }
    if (body.status !== 'success') throw new Error(`${query['query'] ?? path}: ${body.error}`)
    return body.data
  }
  return {
    discover,
    async range(query, stepS = 2) {
      const times = { start: String(start), end: String(Date.now() / 1000), step: String(stepS) }
      return (await ask<{ result: Series[] }>('query_range', { query, ...times })).result
    },
    async rules() {
      return (await ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap((group) => group.rules)
    },
    async targets() {
      const { activeTargets } = await ask<{ activeTargets: { labels: { job: string }; health: string; lastError: string }[] }>('targets')
      return activeTargets.map(({ labels, health, lastError }) => ({ job: labels.job, health, lastError }))
    },
  }
}

interface EndpointSlice {
  readonly metadata: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly targetRef: { readonly name: string } }[]
  readonly ports: readonly { readonly name: string; readonly port: number }[]
}

const scrapesOf = ({ metadata, spec }: ServiceMonitor) =>
  spec.endpoints.map((endpoint, index) => ({ ...endpoint, name: `${metadata.name}-${index}`, selector: spec.selector.matchLabels }))
