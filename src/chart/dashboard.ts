/** One panel: what it shows and the queries behind it, each with the words of its legend. `$n` in a query is the chosen namespace. */
interface Panel {
  readonly title: string
  readonly about: string
  /** As Grafana names them: `short`, `s`, `percentunit`, `reqps`, `bool`… */
  readonly unit: string
  /** One number instead of a curve. */
  readonly isNumber?: true
  readonly queries: Readonly<Record<string, string>>
}

const p = (q: number, metric: string, by: string) =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket{$n}[$__rate_interval])))`
const rate = (metric: string, by: string, more = '') => `sum by (${by}) (rate(${metric}{$n${more}}[$__rate_interval]))`
/** What the leader knows; others tell what they knew when they led. */
const ofLeader = (metric: string, more = '') => `${metric}{$n${more}} and on (instance) (seca_is_leader == 1)`

const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  'At a glance': [
    { title: 'Leaders', about: 'One for each shard', unit: 'short', isNumber: true, queries: { leaders: 'sum(seca_is_leader{$n})' } },
    {
      title: 'Failed resources',
      about: 'In state error: their condition Ready says why',
      unit: 'short',
      isNumber: true,
      queries: { failed: 'sum(max by (kind) (seca_resources{$n,state="error"})) or vector(0)' },
    },
    {
      title: 'Failing requests',
      about: 'Part of the answers of the SECA API that are 5xx',
      unit: 'percentunit',
      isNumber: true,
      queries: {
        failing:
          '(sum(rate(seca_api_requests_total{$n,code=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(seca_api_requests_total{$n}[$__rate_interval]))',
      },
    },
    {
      title: 'Certificate ends in',
      about: 'Of the SECA API; own ones are renewed a month before',
      unit: 's',
      isNumber: true,
      queries: { rest: `min(${ofLeader('seca_api_certificate_expiry_timestamp_seconds')} > 0) - time()` },
    },
    {
      title: 'Findings of the last audit',
      about: 'What cloud and cluster do not agree on: seca-operator audit lists it',
      unit: 'short',
      isNumber: true,
      queries: { findings: 'sum(max by (finding, kind) (seca_audit_objects{$n})) or vector(0)' },
    },
    {
      title: 'Declared and refused',
      about: 'Objects of the values that could not be applied; and 1 when none can be, because the file is wrong',
      unit: 'short',
      isNumber: true,
      queries: {
        refused: `max(${ofLeader('seca_declared_objects', ',state="refused"')}) or vector(0)`,
        'file is wrong': `max(${ofLeader('seca_declared_file_broken')}) or vector(0)`,
      },
    },
  ],
  Resources: [
    {
      title: 'Resources by state',
      about: 'Of all kinds',
      unit: 'short',
      queries: { '{{state}}': 'sum by (state) (max by (kind, state) (seca_resources{$n}))' },
    },
    {
      title: 'Resources by kind',
      about: 'In any state',
      unit: 'short',
      queries: { '{{kind}}': 'sum by (kind) (max by (kind, state) (seca_resources{$n}))' },
    },
    {
      title: 'Time to ready',
      about: 'From creation to the first Ready: nine of ten took less',
      unit: 's',
      queries: { '{{kind}}': p(0.9, 'seca_time_to_ready_seconds', 'kind') },
    },
  ],
  Controllers: [
    { title: 'Reconciles', about: 'By outcome', unit: 'ops', queries: { '{{outcome}}': rate('seca_reconciles_total', 'outcome') } },
    {
      title: 'Duration of a reconcile',
      about: 'Nine of ten took less',
      unit: 's',
      queries: { '{{kind}}': p(0.9, 'seca_reconcile_seconds', 'kind') },
    },
    {
      title: 'Waiting in the queue',
      about: 'How long 95 % waited at the most, by priority',
      unit: 's',
      queries: { '{{priority}}': p(0.95, 'seca_queue_wait_seconds', 'priority') },
    },
    {
      title: 'Queue',
      about: 'Objects that wait for their turn',
      unit: 'short',
      queries: { '{{queue}}': 'max by (queue) (seca_queue_depth{$n})' },
    },
    {
      title: 'Cloud accounts',
      about: 'Of each process, and all that there are, where they share them',
      unit: 'short',
      queries: { '{{pod}}': 'sum by (pod) (seca_accounts_held{$n})', all: 'max(seca_accounts{$n})' },
    },
    {
      title: 'Writes at a time',
      about: 'To kube-apiserver; fewer while it is slow, so that clients come first',
      unit: 'short',
      queries: { limit: `max(${ofLeader('seca_kube_writes_limit')})` },
    },
    {
      title: 'Drift',
      about: 'Cloud objects that differed from what was declared, an hour',
      unit: 'short',
      queries: { '{{kind}}': 'sum by (kind) (increase(seca_drift_total{$n}[1h]))' },
    },
  ],
  Clouds: [
    {
      title: 'Calls',
      about: 'By outcome',
      unit: 'reqps',
      queries: { '{{provider}} {{outcome}}': rate('seca_provider_calls_total', 'provider, outcome') },
    },
    {
      title: 'Duration of a call',
      about: 'Nine of ten took less',
      unit: 's',
      queries: { '{{provider}} {{verb}}': p(0.9, 'seca_provider_call_seconds', 'provider, verb') },
    },
    {
      title: 'Sweeps',
      about: 'Lists of all of a kind, in an hour, by outcome',
      unit: 'short',
      queries: { '{{provider}} {{outcome}}': 'sum by (provider, outcome) (increase(seca_sweeps_total{$n}[1h]))' },
    },
  ],
  'SECA API': [
    {
      title: 'Requests',
      about: 'By door and status',
      unit: 'reqps',
      queries: { '{{door}} {{code}}': rate('seca_api_requests_total', 'door, code') },
    },
    {
      title: 'Duration of a request',
      about: '99 of 100 took less',
      unit: 's',
      queries: { '{{door}} {{method}}': p(0.99, 'seca_api_request_seconds', 'door, method') },
    },
    {
      title: 'Waiting and refused for their share',
      about: 'How long callers waited (95 %), and how many requests were refused with 429',
      unit: 'short',
      queries: {
        'waited {{for}}, s': p(0.95, 'seca_api_wait_seconds', 'for'),
        'refused {{for}}, 1/s': rate('seca_api_refused_total', 'for'),
      },
    },
  ],
  'Kubernetes and processes': [
    {
      title: 'Requests to kube-apiserver',
      about: 'By verb and answer',
      unit: 'reqps',
      queries: { '{{job}} {{verb}} {{code}}': rate('seca_kube_requests_total', 'job, verb, code') },
    },
    {
      title: 'Events of watches',
      about: 'By kind of event, trouble included',
      unit: 'ops',
      queries: { '{{job}} {{event}}': rate('seca_watch_events_total', 'job, event') },
    },
    {
      title: 'Event loop',
      about: 'How long work waits for the process, 99 of 100 times and at the most',
      unit: 's',
      queries: { '{{instance}} p99': 'seca_event_loop_lag_seconds{$n}', '{{instance}} max': 'seca_event_loop_lag_max_seconds{$n}' },
    },
  ],
}

/** Grafana's grid is 24 wide. */
const WIDTH = 24
const SIZES = { number: { w: 4, h: 4 }, curve: { w: 8, h: 8 } } as const
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** The dashboard as Grafana imports it (its JSON model). The Prometheus and the namespaces are chosen there. */
export function dashboard(): Readonly<Record<string, unknown>> {
  let [id, y] = [1, 0]
  const panels = Object.entries(ROWS).flatMap(([title, members]) => {
    const row = { id: id++, type: 'row', title, collapsed: false, gridPos: { x: 0, y: y++, w: WIDTH, h: 1 }, panels: [] }
    const { w, h } = SIZES[members[0]?.isNumber ? 'number' : 'curve']
    const placed = members.map((panel, index) => {
      const perLine = WIDTH / w
      return rendered(panel, id++, { x: (index % perLine) * w, y: y + Math.floor(index / perLine) * h, w, h })
    })
    y += Math.ceil((members.length * w) / WIDTH) * h
    return [row, ...placed]
  })
  const templating = {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
      {
        name: 'namespace',
        type: 'query',
        label: 'Namespace',
        datasource: DATASOURCE,
        query: 'label_values(seca_event_loop_lag_seconds, namespace)',
        refresh: 2,
        includeAll: true,
        multi: true,
        allValue: '.*',
        current: { text: 'All', value: '$__all' },
      },
    ],
  }
  const time = { from: 'now-6h', to: 'now' }
  return {
    uid: 'seca-operator',
    title: 'SECA operator',
    tags: ['seca'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time,
    templating,
    panels,
  }
}

function rendered({ title, about, unit, isNumber, queries }: Panel, id: number, gridPos: object) {
  const targets = Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    expr: expr.replaceAll('$n', 'namespace=~"$namespace"'),
    legendFormat,
    datasource: DATASOURCE,
  }))
  return {
    id,
    type: isNumber ? 'stat' : 'timeseries',
    title,
    description: about,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, ...(isNumber ? {} : { min: 0 }) }, overrides: [] },
    targets,
  }
}
