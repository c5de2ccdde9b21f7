import { afterEach, describe, expect, it } from 'vitest'
import { type Check, type Health, startHealth, watchLoop } from './health.ts'
import { createMetrics } from './metrics.ts'

describe('health server', () => {
  let health: Health | undefined
  afterEach(() => health?.stop())
  const start = async (live: Record<string, Check>, ready: Record<string, Check>) => {
    health = await startHealth({ host: '127.0.0.1', port: 0, metrics: createMetrics(), live, ready })
    return async (path: string) => {
      const response = await fetch(`${health!.url}${path}`)
      return { status: response.status, body: await response.text() }
    }
  }

  it('tells which check fails', async () => {
    let problem: string | undefined = 'not yet'
    const get = await start({ informers: () => undefined }, { synced: () => problem, lease: () => undefined })
    expect(await get('/livez')).toEqual({ status: 200, body: 'ok informers\nok event-loop\n' })
    expect(await get('/readyz')).toEqual({ status: 503, body: 'failed synced: not yet\nok lease\n' })
    problem = undefined
    expect((await get('/readyz')).status).toBe(200)
  })

  it('serves the metrics, event-loop lag among them', async () => {
    const get = await start({}, {})
    const { status, body } = await get('/metrics')
    expect(status).toBe(200)
    expect(body).toMatch(/^seca_event_loop_lag_seconds \d/m)
    expect(body).toMatch(/^seca_event_loop_lag_max_seconds \d/m)
    expect((await get('/other')).status).toBe(404)
  })
})

it('a blocked event loop is told for ten seconds', () => {
  let time = 0
  const watch = watchLoop(() => time)
  const pass = (ms: number) => {
    time += ms
    watch.tick()
  }
  pass(1_000)
  expect(watch.check()).toBeUndefined()
  pass(7_500)
  expect(watch.check()).toBe('blocked for 7 s')
  for (let second = 0; second < 10; second++) pass(1_000)
  expect(watch.check()).toBeUndefined()
})
