import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answered, type Attempt, make } from './hostile/attempt.ts'
import { bodyAttempts, traces } from './hostile/bodies.ts'
import { headerAttempts, identityAttempts, methodAttempts, smugglingAttempts } from './hostile/headers.ts'
import { openStream, streams } from './hostile/http2.ts'
import { listAttempts } from './hostile/lists.ts'
import { pathAttempts } from './hostile/paths.ts'
import { oracles, referenceAttempts } from './hostile/references.ts'
import { afterwards, readerAttempts, roleAttempts } from './hostile/rights.ts'
import { soundToken, tokenAttempts } from './hostile/tokens.ts'
import { makeWorld, OWN, path, VAULT, type World } from './hostile/world.ts'

/** An attacker with every right in a tenant of its own tries to get at another one. Nothing may come of it. */
describe('hostile input', () => {
  let world: World
  let before: readonly string[]
  let count = 0

  beforeAll(async () => {
    world = await makeWorld()
    before = await world.snapshot()
  })
  afterAll(async () => {
    const statuses = [...answered].toSorted(([one], [other]) => one - other).map(([status, times]) => `${status || 'hung up'}: ${times}`)
    process.stdout.write(`escape attempts: ${count} (${statuses.join(', ')})\n`)
    await world.stop()
  })

  /** None succeeds, and the victim is as it was. */
  const expectNone = async (attempts: readonly Attempt[]) => {
    count += attempts.length
    expect(await make(world, attempts)).toEqual([])
    expect(await world.snapshot()).toEqual(before)
  }

  it('would see a success and a leak', async () => {
    const disk = path('storage', `tenants/${world.victim}/workspaces/${VAULT}/block-storages/disk`)
    const seen = await world.send('GET', disk, { token: world.vera })
    expect([seen.status, seen.text]).toEqual([200, expect.stringContaining(world.marker)])
    expect((await world.send('GET', disk, { token: soundToken(world) })).status).toBe(200)
    expect(before.length).toBeGreaterThan(15)
  })

  it('paths', () => expectNone(pathAttempts(world)))

  it('tokens', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end('{"keys":[]}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await expectNone(await tokenAttempts(world, `http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    server.close()
    // Nobody fetches what a token points to.
    expect(asked).toEqual([])
  })

  it('forged identities', () => expectNone(identityAttempts(world)))
  it('headers', () => expectNone(headerAttempts(world)))
  it('methods', () => expectNone(methodAttempts(world)))
  it('requests inside of requests', () => expectNone(smugglingAttempts(world)))
  it('lists', () => expectNone(listAttempts(world)))

  it('HTTP/2', async () => {
    const all = streams(world)
    count += all.length
    for (const stream of all) {
      const { status, text } = await openStream(world, stream)
      expect([stream.name, status ?? 400, text.includes(world.marker)]).toEqual([
        stream.name,
        expect.toSatisfy((one: number) => one >= 400 && one < 500),
        false,
      ])
    }
    expect(await world.snapshot()).toEqual(before)
  })

  it('references to another tenant', async () => {
    await expectNone(referenceAttempts(world))
    // Nor does an answer tell whether the victim has what is named.
    expect(await oracles(world)).toEqual([])
  })

  it('bodies, labels and annotations', async () => {
    await expectNone(bodyAttempts(world))
    expect(await traces(world)).toEqual([])
    const polluted = await world.send('GET', path('storage', `tenants/${world.attacker}/workspaces/${OWN}/block-storages`))
    expect([polluted.status, polluted.text.includes('polluted')]).toEqual([200, false])
  })

  it('roles', async () => {
    await expectNone(readerAttempts(world))
    await expectNone(roleAttempts(world))
    await expectNone(afterwards(world))
  })

  it('the log has neither errors nor tokens', () => {
    const log = world.api.logs()
    expect(log.split('\n').filter((line) => line.includes('request failed'))).toEqual([])
    for (const secret of [world.vera, world.mallory, world.account, world.marker]) expect(log).not.toContain(secret)
  })
})
