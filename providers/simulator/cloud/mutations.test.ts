import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Mutation, Mutations } from '../../stand-in/mutations.ts'
import { rig } from './testing.ts'

const mutation = (seq: number, more: Partial<Mutation> = {}): Mutation => ({
  seq,
  at: seq,
  action: 'change',
  by: 'api',
  type: 'volumes',
  id: `vol-${seq}`,
  tag: '',
  endedAt: seq,
  ...more,
})

describe('the log of mutations', () => {
  it('comes in pages, also after its oldest part was dropped', () => {
    const log = new Mutations()
    expect(log.page(0, 10)).toEqual({ items: [] })
    for (let seq = 1; seq <= 110_001; seq++) log.note(mutation(seq))
    const seqs = (since: number, limit: number) => {
      const { items, next } = log.page(since, limit)
      return [items[0]?.seq, items.at(-1)?.seq, next]
    }
    expect(seqs(0, 10)).toEqual([10_002, 10_011, 10_011])
    expect(seqs(50_000, 10)).toEqual([50_001, 50_010, 50_010])
    expect(seqs(109_991, 10)).toEqual([109_992, 110_001, undefined])
    expect([seqs(110_001, 10), log.lastSeq]).toEqual([[undefined, undefined, undefined], 110_001])
  })

  it('tells when something had come to its end, and how', async () => {
    const { make, ask, admin, clock } = rig([], 100)
    const log = () => admin('GET', 'mutations').body.items.map(({ action, at, endedAt, failed }) => [action, at, endedAt, failed])
    const { id } = await make('projects')
    expect(log()).toEqual([['create', 1_000_000, undefined, undefined]])
    clock.now += 1_000
    admin('POST', 'faults', { effect: 'fail-operation', message: 'no' })
    await ask('PATCH', `projects/${id}`, {})
    clock.now += 1_000
    await ask('DELETE', `projects/${id}`)
    clock.now += 1_000
    expect(log()).toEqual([
      ['create', 1_000_000, 1_000_100, undefined],
      ['change', 1_001_000, 1_001_100, 'no'],
      ['delete', 1_002_000, 1_002_100, undefined],
    ])
  })

  it('tells what a change replaced of a tag, and who did what', async () => {
    const { make, ask, admin } = rig()
    const { id } = await make('projects', { tag: 'old' })
    await ask('PATCH', `projects/${id}`, { tag: 'new' })
    await ask('PATCH', `projects/${id}`, { tag: 'new' })
    admin('PATCH', `objects/${id}`, { tag: '' })
    admin('DELETE', `objects/${id}`)
    const seen = admin('GET', 'mutations').body.items.map(({ action, by, tag, was }) => [action, by, tag, was])
    expect(seen).toEqual([
      ['create', 'api', 'old', undefined],
      ['change', 'api', 'new', { tag: 'old' }],
      ['change', 'api', 'new', undefined],
      ['change', 'admin', '', { tag: 'new' }],
      ['delete', 'admin', '', undefined],
    ])
  })

  it('is the same after a restart, with what ended meanwhile', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'simulator-log-'))
    try {
      const first = rig([], 100, stateDir)
      const ids: string[] = []
      for (let i = 0; i < 20; i++) {
        ids.push((await first.make('projects', { client_token: `c${i}`, metadata: { n: String(i) } })).id)
        first.clock.now += 30
        if (i % 3 === 2) await first.ask('DELETE', `projects/${ids[i - 2]}`)
        if (i % 5 === 4) first.admin('DELETE', `objects/${ids[i - 1]}`)
        if (i % 7 === 6) first.admin('POST', 'finish')
      }
      first.clock.now += 1_000
      const before = first.admin('GET', 'mutations').body
      const account = await first.get('account')
      first.desk.cloud.close()
      for (const _again of [1, 2]) {
        const next = rig([], 100, stateDir)
        next.clock.now = first.clock.now
        await next.ask('GET', 'projects')
        expect(next.admin('GET', 'mutations').body).toEqual(before)
        expect(await next.get('account')).toEqual(account)
        next.desk.cloud.close()
      }
    } finally {
      rmSync(stateDir, { recursive: true })
    }
  })

  it('refuses what is no page', () => {
    const { admin } = rig()
    const statuses = ['since=-1', 'since=x', 'limit=0', 'limit=10001'].map((query) => admin('GET', `mutations?${query}`).status)
    expect(statuses).toEqual([422, 422, 422, 422])
  })
})
