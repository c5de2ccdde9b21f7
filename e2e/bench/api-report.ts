import type { Side } from './api-cases.ts'
import { type ApiFigures, type Cell, medianOf } from './api-measure.ts'
import { type Figure, grid } from './report.ts'
import { quantile } from './throughput.ts'

const MIB = 1024 * 1024
const SIDES: Readonly<Record<Side, string>> = { api: 'SECA API', raw: 'kube-apiserver', other: 'kube-apiserver*' }

/** Every operation at every concurrency, medians of the rounds. */
export function detailTable({ cells, open }: ApiFigures): string {
  const rows = [...Map.groupBy([...cells, ...open], ({ operation, concurrency, side }) => `${operation}|${concurrency}|${side}`).values()]
  const head = [
    'Operation',
    'At a time',
    'Server',
    'Requests/s',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'CPU ms: API',
    'kube-apiserver',
    'etcd',
    'client',
    'API waited',
    'KiB',
  ]
  const order = (group: Cell[]) => {
    const [cell] = group
    return cell === undefined
      ? ''
      : `${cell.operation}|${String(cell.concurrency).padStart(3, '0')}|${Object.keys(SIDES).indexOf(cell.side)}`
  }
  const body = rows
    .toSorted((one, other) => (order(one) < order(other) ? -1 : 1))
    .map((group) => {
      const [{ operation, concurrency, side } = { operation: '', concurrency: 0, side: 'api' as Side }] = group
      const ms = (value: (cell: Cell) => number, digits = 2) => medianOf(group, value).toFixed(digits)
      return [
        operation,
        String(concurrency),
        SIDES[side],
        ms(({ perSecond }) => perSecond, 0),
        ms(({ p50 }) => p50),
        ms(({ p95 }) => p95),
        ms(({ p99 }) => p99),
        ms(({ cpu }) => cpu['api'] ?? 0, 3),
        ms(({ cpu }) => cpu['kube-apiserver'] ?? 0, 3),
        ms(({ cpu }) => cpu['etcd'] ?? 0, 3),
        ms(({ clientCpu }) => clientCpu, 3),
        percent(medianOf(group, ({ waited }) => waited)),
        ms(({ kilobytes }) => kilobytes, 1),
      ]
    })
  return grid([head, ...body])
}

/** What is aimed at: reads at three times the throughput, writes at a third more latency at most. */
export function apiFigures(figures: ApiFigures): Figure[] {
  const { cells, open, touched, memory, objects, labels } = figures
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))]
  const lists = `LIST ${objects}`
  const openApi = open.filter(({ side }) => side === 'api')
  const p99 = medianOf(openApi, (cell) => cell.p99)
  const openRaw = medianOf(
    open.filter(({ side }) => side === 'raw'),
    (cell) => cell.p99,
  )
  const all: Figure[] = [
    ...concurrencies.map((concurrency) => faster(cells, 'GET', concurrency, labels)),
    {
      name: openApi[0]?.operation ?? 'GET at a fixed rate',
      value: `p99 ${p99.toFixed(1)} ms`,
      aim: '< 25 ms',
      met: p99 < 25,
      note: `counted from when each was due; worst round ${Math.max(...openApi.map((cell) => cell.p99)).toFixed(1)}; kube-apiserver ${openRaw.toFixed(1)}; the API waited for a CPU ${percent(medianOf(openApi, (cell) => cell.waited))} of the time`,
    },
    ...concurrencies.map((concurrency) => faster(cells, lists, concurrency, labels)),
    ...concurrencies.map((concurrency) => faster(cells, `${lists}, gzip`, concurrency, labels)),
    ...(['other', 'raw'] as const).flatMap((side) => concurrencies.map((concurrency) => slower(cells, 'PUT, changed', side, concurrency))),
    ...(['other', 'raw'] as const).flatMap((side) =>
      concurrencies.map((concurrency) => slower(cells, 'PUT, unchanged', side, concurrency)),
    ),
    {
      name: "the API's reads that reached kube-apiserver",
      value: `${touched.apiserver} of ${touched.reads}`,
      aim: '0',
      met: touched.apiserver === 0 && touched.own === 0,
      note: `by kube-apiserver's own count; ${touched.own} by that of the API. Watches apart`,
    },
    {
      name: 'memory of the API',
      value: `${(memory.start / MIB).toFixed(0)} → ${(memory.end / MIB).toFixed(0)} MiB`,
      note: `with ${objects} volumes, before the first read and at the end; kube-apiserver ${(memory.apiserver / MIB).toFixed(0)} MiB`,
    },
  ]
  // Operations that were left out.
  return all.filter(({ value }) => !value.includes('NaN'))
}

/** Ratios of each round, so that both sides saw the same machine. */
function ratios(
  cells: readonly Cell[],
  [operation, against]: readonly [string, string],
  side: Side,
  concurrency: number,
  value: (cell: Cell) => number,
) {
  const of = (name: string, who: Side) =>
    cells.filter((cell) => cell.operation === name && cell.side === who && cell.concurrency === concurrency)
  const theirs = of(against, side)
  return of(operation, 'api').flatMap((cell, index) => (theirs[index] === undefined ? [] : [value(cell) / value(theirs[index])]))
}

function faster(cells: readonly Cell[], operation: string, concurrency: number, labels: ApiFigures['labels']): Figure {
  const perSecond = ({ perSecond: value }: Cell) => value
  const against = (side: Side) => ratios(cells, [operation, operation], side, concurrency, perSecond)
  const ratio = quantile(against('raw'), 0.5)
  const other = against('other')
  const isGzip = operation.endsWith('gzip')
  return {
    name: `${operation}, ${concurrency} at a time`,
    value: `${ratio.toFixed(1)} × raw`,
    ...(isGzip ? {} : { aim: '≥ 3 ×', met: ratio >= 3 }),
    note: `rounds ${spread(against('raw'))}${other.length === 0 ? '' : `; ${quantile(other, 0.5).toFixed(1)} × its ${labels[operation]?.other ?? ''}`}`,
  }
}

/** What the API adds to a raw write: to the merge patch that it sends itself, and to what a Kubernetes client would send instead. */
function slower(cells: readonly Cell[], operation: string, side: 'raw' | 'other', concurrency: number): Figure {
  const against = ratios(cells, [operation, 'PUT, changed'], side, concurrency, ({ p50 }) => p50)
  const ratio = quantile(against, 0.5)
  return {
    name: `${operation}, ${concurrency} at a time`,
    value: `${ratio >= 1 ? '+' : ''}${percent(ratio - 1)} latency (p50)`,
    aim: '≤ 35 %',
    met: ratio <= 1.35,
    note: `against ${side === 'other' ? 'the same write, sent raw (merge patch)' : 'a raw PUT of the whole object'}; rounds ${spread(against)}`,
  }
}

const spread = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(', ')
const percent = (part: number) => `${(part * 100).toFixed(0)} %`
