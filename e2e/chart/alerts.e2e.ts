import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { lackingPromtool, promtool } from '../support/promtool.ts'

const RULES = join(import.meta.dirname, '../../charts/seca-operator/files/alerts.yaml')
const NAMES = (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert: string }[] }[] }).groups.flatMap(({ rules }) =>
  rules.map(({ alert }) => alert),
)

type Series = Readonly<Record<string, string>>
interface Case {
  readonly fires: string
  /** Besides a healthy installation's, or instead; promtool's notation, one value each minute. */
  readonly series: Series
  /** When it fires, and shortly before, when it does not yet. */
  readonly atMinutes: number
  readonly notYetMinutes?: number
  /** Those of a healthy installation that are not there. */
  readonly without?: RegExp
}

const MINUTES = 4_000
const steady = (value: number) => `${value}+0x${MINUTES}`
/** A counter that grows by this much each minute. */
const growing = (step: number) => `0+${step}x${MINUTES}`
const controllers = (n: number, more = '') => `{namespace="seca-system",job="seca-controllers",instance="c${n}",pod="c${n}"${more}}`
const api = (more = '') => `{namespace="seca-system",job="seca-api",instance="a1",pod="a1"${more}}`
const calls = (outcome: string) =>
  `seca_provider_calls_total${controllers(1, `,provider="simulator",kind="Nic",verb="create",outcome="${outcome}"`)}`
/** All buckets of a histogram whose values are all above `seconds`. */
const slow = (name: string, labels: string, seconds: number): Series =>
  Object.fromEntries(
    ['0.1', '1', '5', '10', '30', '60', '300', '+Inf'].map((le) => [
      `${name}_bucket${labels.replace('}', `,le="${le}"}`)}`,
      growing(Number(le.replace('+Inf', 'Infinity')) > seconds ? 60 : 0),
    ]),
  )

/** Two controllers, one of which led before and still tells what it knew then. */
const HEALTHY: Series = {
  [`up${controllers(1)}`]: steady(1),
  [`up${controllers(2)}`]: steady(1),
  [`up${api()}`]: steady(1),
  [`seca_is_leader${controllers(1, ',shard="0"')}`]: steady(1),
  [`seca_is_leader${controllers(2, ',shard="0"')}`]: steady(0),
  [`seca_accounts${controllers(1)}`]: steady(3),
  [`seca_accounts${controllers(2)}`]: steady(4),
  [`seca_accounts_held${controllers(1)}`]: steady(2),
  [`seca_accounts_held${controllers(2)}`]: steady(1),
  [`seca_cluster_served_elsewhere${controllers(1)}`]: steady(0),
  [`seca_kube_writes_limit${controllers(1)}`]: steady(16),
  [`seca_kube_writes_limit${controllers(2)}`]: steady(4),
  [`seca_resources${controllers(1, ',kind="Nic",state="active"')}`]: steady(40),
  [`seca_event_loop_lag_seconds${controllers(1)}`]: steady(0.02),
  [`seca_kube_requests_total${controllers(1, ',verb="patch",resource="nics",code="200"')}`]: growing(100),
  [`seca_kube_requests_total${controllers(1, ',verb="patch",resource="nics",code="409"')}`]: growing(10),
  [calls('ok')]: growing(100),
  [calls('waiting')]: growing(20),
  [`seca_sweeps_total${controllers(1, ',provider="simulator",kind="Nic",outcome="ok"')}`]:
    '0+0x9 1+0x9 2+0x9 3+0x9 4+0x9 5+0x9 6+0x9 7+0x9 8+0x9 9+0x9',
  [`seca_drift_total${controllers(1, ',kind="Nic"')}`]: '0+0x60 1+0x600',
  [`seca_audit_timestamp_seconds${controllers(1)}`]: '0+0x140 8400+0x1440 94800+0x1440 181200+0x1440',
  [`seca_api_requests_total${api(',door="direct",method="GET",kind="Nic",code="200"')}`]: growing(1_000),
  [`seca_api_requests_total${api(',door="direct",method="GET",kind="Nic",code="404"')}`]: growing(500),
  [`seca_api_requests_total${api(',door="direct",method="GET",kind="Nic",code="503"')}`]: growing(5),
  [`seca_watch_events_total${controllers(1, ',resource="nics",event="ended"')}`]: growing(1),
  [`seca_api_certificate_expiry_timestamp_seconds${controllers(1)}`]: steady(90 * 86_400),
  [`seca_api_certificate_expiry_timestamp_seconds${controllers(2)}`]: steady(86_400),
  [`seca_declared_file_broken${controllers(1)}`]: steady(0),
  [`seca_declared_file_broken${controllers(2)}`]: steady(1),
  [`seca_declared_objects${controllers(1, ',state="applied"')}`]: steady(30),
  [`seca_declared_objects${controllers(1, ',state="refused"')}`]: steady(0),
  [`seca_declared_objects${controllers(2, ',state="refused"')}`]: steady(3),
  [`seca_declared_objects${controllers(2, ',state="left"')}`]: steady(3),
}

const CASES: readonly Case[] = [
  {
    fires: 'SecaControllersDown',
    without: /^(?!up\{.*api)/,
    series: { [`up${controllers(1)}`]: steady(0) },
    atMinutes: 6,
    notYetMinutes: 4,
  },
  {
    fires: 'SecaNoLeader',
    series: { [`seca_is_leader${controllers(1, ',shard="0"')}`]: `1+0x9 ${steady(0)}` },
    atMinutes: 13,
    notYetMinutes: 11,
  },
  {
    fires: 'SecaTwoLeaders',
    series: { [`seca_is_leader${controllers(2, ',shard="0"')}`]: `0+0x9 1+0x20` },
    without: /limit|expiry|declared|accounts/,
    atMinutes: 13,
    notYetMinutes: 11,
  },
  {
    fires: 'SecaAccountsUnowned',
    series: { [`seca_accounts_held${controllers(2)}`]: `1+0x9 ${steady(0)}` },
    atMinutes: 13,
    notYetMinutes: 11,
  },
  {
    fires: 'SecaServedElsewhere',
    series: { [`seca_cluster_served_elsewhere${controllers(2)}`]: steady(1) },
    atMinutes: 11,
    notYetMinutes: 9,
  },
  {
    fires: 'SecaQueueSlow',
    series: slow('seca_queue_wait_seconds', controllers(1, ',queue="resources",priority="normal"'), 200),
    atMinutes: 20,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaResourcesFailed',
    series: { [`seca_resources${controllers(2, ',kind="Nic",state="error"')}`]: steady(2) },
    atMinutes: 16,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaAbandoned',
    series: { [`seca_abandoned_total${controllers(1, ',kind="Nic"')}`]: '_x99 1+0x99' },
    atMinutes: 102,
    notYetMinutes: 99,
  },
  {
    fires: 'SecaRightsMissing',
    series: { [`seca_kube_requests_total${controllers(1, ',verb="patch",resource="nics",code="403"')}`]: growing(1) },
    atMinutes: 18,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaKubernetesFails',
    series: { [`seca_kube_requests_total${controllers(1, ',verb="get",resource="nics",code="ECONNREFUSED"')}`]: growing(10) },
    atMinutes: 13,
    notYetMinutes: 9,
  },
  { fires: 'SecaKubernetesSlow', series: { [`seca_kube_writes_limit${controllers(1)}`]: steady(4) }, atMinutes: 31, notYetMinutes: 29 },
  { fires: 'SecaEventLoopBlocked', series: { [`seca_event_loop_lag_seconds${api()}`]: steady(1) }, atMinutes: 11, notYetMinutes: 9 },
  { fires: 'SecaCloudCredentials', series: { [calls('credentials')]: growing(2) }, atMinutes: 8, notYetMinutes: 5 },
  { fires: 'SecaCloudUnreachable', series: { [calls('transient')]: growing(200) }, atMinutes: 13, notYetMinutes: 9 },
  { fires: 'SecaCloudThrottles', series: { [calls('throttled')]: growing(60) }, atMinutes: 33, notYetMinutes: 29 },
  { fires: 'SecaCloudQuota', series: { [calls('quota')]: growing(1) }, atMinutes: 33, notYetMinutes: 29 },
  { fires: 'SecaAdapterBroken', series: { [calls('bug')]: '_x59 1+0x20' }, atMinutes: 62, notYetMinutes: 59 },
  {
    fires: 'SecaSweepsFail',
    series: { [`seca_sweeps_total${controllers(1, ',provider="simulator",kind="Subnet",outcome="transient"')}`]: growing(1) },
    atMinutes: 25,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaDriftFight',
    series: { [`seca_drift_total${controllers(1, ',kind="Subnet"')}`]: growing(2) },
    atMinutes: 80,
    notYetMinutes: 59,
  },
  {
    fires: 'SecaAuditFindings',
    series: { [`seca_audit_objects${controllers(1, ',finding="leaked",kind="Nic"')}`]: steady(1) },
    atMinutes: 6,
    notYetMinutes: 4,
  },
  {
    fires: 'SecaAuditStale',
    series: { [`seca_audit_timestamp_seconds${controllers(1)}`]: `0+0x140 ${steady(8_400)}` },
    atMinutes: 3_400,
    notYetMinutes: 3_300,
  },
  { fires: 'SecaApiDown', without: /^up\{.*api/, series: {}, atMinutes: 6, notYetMinutes: 4 },
  {
    fires: 'SecaApiFails',
    series: { [`seca_api_requests_total${api(',door="direct",method="PUT",kind="Nic",code="500"')}`]: growing(100) },
    atMinutes: 8,
    notYetMinutes: 5,
  },
  {
    fires: 'SecaApiSlow',
    series: slow('seca_api_request_seconds', api(',door="direct",method="GET"'), 3),
    atMinutes: 18,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaApiCallersRefused',
    series: { [`seca_api_refused_total${api(',for="rate"')}`]: growing(60) },
    atMinutes: 18,
    notYetMinutes: 14,
  },
  {
    fires: 'SecaCertificateExpires',
    series: { [`seca_api_certificate_expiry_timestamp_seconds${controllers(1)}`]: steady(13 * 86_400) },
    atMinutes: 61,
    notYetMinutes: 59,
  },
  {
    fires: 'SecaCertificateEnds',
    series: { [`seca_api_certificate_expiry_timestamp_seconds${controllers(1)}`]: steady(86_400) },
    atMinutes: 6,
    notYetMinutes: 4,
  },
  {
    fires: 'SecaWatchesTroubled',
    series: { [`seca_watch_events_total${controllers(1, ',resource="nics",event="silent"')}`]: growing(1) },
    atMinutes: 31,
    notYetMinutes: 20,
  },
  {
    fires: 'SecaDeclaredFileInvalid',
    series: { [`seca_declared_file_broken${controllers(1)}`]: steady(1) },
    atMinutes: 6,
    notYetMinutes: 4,
  },
  {
    fires: 'SecaDeclaredRefused',
    series: { [`seca_declared_objects${controllers(1, ',state="refused"')}`]: steady(1) },
    atMinutes: 11,
    notYetMinutes: 9,
  },
  {
    fires: 'SecaDeclaredLeft',
    series: { [`seca_declared_objects${controllers(1, ',state="left"')}`]: steady(1) },
    atMinutes: 61,
    notYetMinutes: 59,
  },
]

describe.skipIf(lackingPromtool !== undefined)('alerts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-alerts-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Has promtool feed the series and say which alerts fire, at each of the times. */
  async function expectFiring(name: string, series: Series, at: Readonly<Record<number, readonly string[]>>): Promise<void> {
    const file = join(folder, `${name}.yaml`)
    const tests = [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
        promql_expr_test: Object.entries(at).map(([minutes, names]) => ({
          expr: 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
          eval_time: `${minutes}m`,
          exp_samples: names.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
        })),
      },
    ]
    // What takes days need not be looked at each minute of them.
    const every = Math.max(...Object.keys(at).map(Number)) > 1_000 ? '10m' : '1m'
    writeFileSync(file, stringify({ rule_files: [RULES], evaluation_interval: every, tests }))
    await promtool('test', 'rules', file)
  }

  const world = (without: RegExp | undefined, series: Series): Series => ({
    ...Object.fromEntries(Object.entries(HEALTHY).filter(([name]) => without?.test(name) !== true)),
    ...series,
  })

  it('are well-formed', async () => {
    expect(await promtool('check', 'rules', RULES)).toContain(`${NAMES.length} rules found`)
  })

  it('are quiet in a healthy installation', () => expectFiring('healthy', HEALTHY, { 30: [], 200: [], 600: [] }))

  it('are all tried here', () => expect(CASES.map(({ fires }) => fires).toSorted()).toEqual(NAMES.toSorted()))

  it.each(CASES)('$fires fires when it should, alone, and not at once', ({ fires, series, atMinutes, notYetMinutes, without }) =>
    expectFiring(fires, world(without, series), {
      ...(notYetMinutes === undefined ? {} : { [notYetMinutes]: [] }),
      [atMinutes]: [fires],
    }),
  )
})
