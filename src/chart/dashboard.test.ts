import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../observe/metrics.ts'
import { dashboard } from './dashboard.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
const alerts = parse(readFileSync(join(import.meta.dirname, '../../charts/seca-operator/files/alerts.yaml'), 'utf8')) as {
  groups: { name: string; rules: Rule[] }[]
}
const rules = alerts.groups.flatMap((group) => group.rules)
const panels = dashboard()['panels'] as { id: number; gridPos: Record<'x' | 'y' | 'w' | 'h', number>; targets?: { expr: string }[] }[]
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Labels that Prometheus gives to what it reads of a pod. */
const OF_TARGET = ['namespace', 'job', 'pod', 'instance']

/** Labels of every metric that a process shows, by name; of histograms by the names of their series. */
function served(): ReadonlyMap<string, readonly string[]> {
  const metrics = createMetrics()
  metrics.countResources(() => [])
  metrics.tellLeadership({ leader: () => true, refused: () => false })
  metrics.tellPace(() => 16)
  metrics.tellShards({ all: () => 2, held: () => 1 })
  // What prom-client keeps of a metric, though not in its types.
  const all = metrics.registry.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[]
  return new Map(
    all.flatMap(({ name, type, labelNames }) =>
      type === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => [name + end, [...labelNames, ...(end === '_bucket' ? ['le'] : [])]] as const)
        : [[name, labelNames] as const],
    ),
  )
}

/** Labels that a query asks of a metric, by what stands in its braces. */
const asked = (expr: string) =>
  [...expr.matchAll(/\b(seca_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = '', braces = '']) => ({
    metric,
    labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
/** Labels that a query keeps of its metrics. */
const kept = (expr: string) =>
  [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map((label) => label.trim()))

describe.each([
  { what: 'alerts', exprs: rules.map(({ expr }) => expr) },
  { what: 'the dashboard', exprs: queries },
])('queries of $what', ({ exprs }) => {
  it('ask for metrics and labels that there are', () => {
    const metrics = served()
    for (const expr of exprs) {
      const found = asked(expr)
      for (const { metric, labels } of found) {
        expect([...metrics.keys()], expr).toContain(metric)
        for (const label of labels) expect([...(metrics.get(metric) ?? []), ...OF_TARGET], `${label} in ${expr}`).toContain(label)
      }
      const some = found.flatMap(({ metric }) => metrics.get(metric) ?? [])
      for (const label of kept(expr)) expect([...some, ...OF_TARGET], `${label} in ${expr}`).toContain(label)
    }
    expect(exprs.length).toBeGreaterThan(20)
  })
})

describe('alerts', () => {
  it('each say how bad it is, for how long, what it is about and what to do first', () => {
    for (const { alert, labels, annotations, ...rule } of rules) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels['severity'])
      expect(rule.for, alert).toMatch(/^\d+[mh]$/)
      for (const key of ['summary', 'description', 'runbook']) expect(annotations[key]?.length, `${alert}: ${key}`).toBeGreaterThan(15)
    }
  })

  it('have a name of their own, that says whose they are', () => {
    const names = rules.map(({ alert }) => alert)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^Seca[A-Z]/)
  })

  it('speak of labels that their query keeps', () => {
    for (const { alert, expr, annotations } of rules)
      for (const [, label = ''] of Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g))
        expect([...kept(expr)], alert).toContain(label)
  })
})

describe('the dashboard', () => {
  it('shows every metric but those that others say the same of', () => {
    const shown = new Set(queries.flatMap(asked).map(({ metric }) => metric.replace(/_bucket$/, '')))
    const all = [...served().keys()].filter((name) => !/_(sum|count)$/.test(name)).map((name) => name.replace(/_bucket$/, ''))
    expect(all.filter((name) => !shown.has(name)).toSorted()).toEqual([
      'seca_abandoned_total',
      'seca_account_moves_total',
      'seca_audit_timestamp_seconds',
      'seca_cluster_served_elsewhere',
      'seca_sweep_seconds',
      'seca_swept_objects_total',
    ])
  })

  it('has no panel twice or above another, and none beyond the edge', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})
