import { describe, expect, it } from 'vitest'
import { callsBetween, parseCalls } from './calls.ts'

const text = (...counts: [string, string, string, number][]) =>
  [
    '# TYPE seca_provider_calls_total counter',
    'seca_provider_call_seconds_count{provider="a",verb="create"} 9',
    ...counts.map(
      ([provider, verb, outcome, count]) =>
        `seca_provider_calls_total{provider="${provider}",kind="Nic",verb="${verb}",outcome="${outcome}"} ${count}`,
    ),
  ].join('\n')
const between = (before: string[], after: string[]) =>
  callsBetween(before.map(parseCalls), after.map(parseCalls), new Map([['a', ['eu-1', 'eu-2']]]))

describe('calls', () => {
  it('are those in between, of all controllers, of the providers that are compared', () => {
    const before = [text(['a', 'create', 'ok', 3], ['b', 'create', 'ok', 1]), text()]
    const after = [
      text(['a', 'create', 'ok', 5], ['a', 'observe', 'throttled', 2], ['b', 'create', 'ok', 9]),
      text(['a', 'observe', 'ok', 4]),
    ]
    expect(between(before, after)).toEqual([
      { provider: 'a', regions: ['eu-1', 'eu-2'], total: 8, byVerb: { observe: 6, create: 2 }, notOk: { throttled: 2 } },
    ])
  })

  it('are not told when a process was started again', () => {
    expect(between([text(['a', 'create', 'ok', 3])], [text(['a', 'create', 'ok', 1])])).toBeUndefined()
    expect(between([text(['a', 'create', 'ok', 3])], [text()])).toBeUndefined()
  })
})
