import { describe, expect, it } from 'vitest'
import type { Desired, ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Found } from './audit.ts'
import { clear, type ClearOptions } from './audit-clear.ts'

const found = (externalId: string, fields: Partial<Found> = {}): Found => ({
  kind: 'Subnet',
  externalId,
  tag: `i/eu-1/seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets/${externalId}`,
  incarnation: 'nonce',
  account: 'a',
  cloudProvider: 'sim',
  secret: 's',
  region: 'eu-1',
  cloudRegion: 'one',
  ...fields,
})

/** A cloud in which `uses` says who keeps whom from going, and that takes each deletion as `answer` says. */
function cloud(objects: readonly Found[], uses: Readonly<Record<string, string>> = {}, answer?: (id: string) => void) {
  const there = new Set(objects.map(({ externalId }) => externalId))
  const asked: Desired[] = []
  const remove: ResourceAdapter['delete'] = (desired) => {
    const id = desired.externalId ?? ''
    asked.push(desired)
    answer?.(id)
    const user = uses[id]
    if (user !== undefined && there.has(user)) throw new ProviderError('waiting', `used by ${user}`)
    there.delete(id)
    return Promise.resolve()
  }
  const options: ClearOptions = {
    installation: 'i',
    linkOf: () =>
      ({
        connection: { adapters: { Subnet: { delete: remove } } },
        through: (_who: string, context: object, make: Made) => make(context),
      }) as never,
    objection: () => Promise.resolve(undefined),
    remaining: (all) => Promise.resolve(all.filter(({ externalId }) => there.has(externalId))),
    sleep: () => Promise.resolve(),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  }
  return { asked, there, options }
}
type Made = (context: object) => unknown

describe('deletion of what is nobody’s', () => {
  it('tells the adapter all that the inventory knew, and asks for nothing else', async () => {
    const one = found('s-1', { handle: { parent: 'net-1' } })
    const { options, asked } = cloud([one])
    expect(await clear([one], options)).toEqual({ gone: [one], left: [] })
    expect(asked).toMatchObject([
      {
        externalId: 's-1',
        handle: { parent: 'net-1' },
        incarnation: 'nonce',
        tag: one.tag,
        region: 'one',
        isLeaving: true,
        mayAdopt: false,
        path: { api: 'seca.network/v1', tenant: 'acme', workspace: 'prod', region: 'eu-1', kind: 'Subnet', name: 's-1' },
      },
    ])
  })

  it('goes on in rounds until the users of each are gone', async () => {
    const all = [found('a'), found('b'), found('c')]
    const { options, asked } = cloud(all, { a: 'b', b: 'c' })
    expect((await clear(all, options)).gone).toEqual(all)
    expect(asked.map(({ externalId }) => externalId)).toEqual(['a', 'b', 'c', 'a', 'b', 'a'])
  })

  it('begins with what nothing uses', async () => {
    const all = [found('a', { usedBy: 'b' }), found('b')]
    const { options, asked } = cloud(all, { a: 'b' })
    expect((await clear(all, options)).gone).toEqual(all)
    expect(asked.map(({ externalId }) => externalId)).toEqual(['b', 'a'])
  })

  it('ends where nothing goes any more, and says why', async () => {
    const all = [found('a'), found('b')]
    const { options, there } = cloud(all, { a: 'a' })
    expect(await clear(all, options)).toEqual({ gone: [all[1]], left: [{ found: all[0], why: 'used by a' }] })
    expect([...there]).toEqual(['a'])
  })

  it('leaves what the cluster objects to, without a call', async () => {
    const all = [found('a'), found('b')]
    const { options, asked } = cloud(all)
    const objection = ({ externalId }: Found) => Promise.resolve(externalId === 'a' ? 'there is a resource again' : undefined)
    const { gone, left } = await clear(all, { ...options, objection })
    expect(gone).toEqual([all[1]])
    expect(left).toEqual([{ found: all[0], why: 'there is a resource again' }])
    expect(asked.map(({ externalId }) => externalId)).toEqual(['b'])
  })

  it('asks the cluster anew before every single call', async () => {
    const one = found('a')
    let asks = 0
    const { options, asked } = cloud([one], { a: 'a' })
    const objection = () => Promise.resolve(++asks === 3 ? 'there is a resource again' : undefined)
    expect((await clear([one], { ...options, objection })).left).toEqual([{ found: one, why: 'there is a resource again' }])
    expect(asked).toHaveLength(2)
  })

  it('leaves what the cloud refuses for good, and tries nothing again there', async () => {
    const one = found('a')
    const { options, asked } = cloud([one], {}, () => {
      throw new ProviderError('rejected', 'it is protected')
    })
    expect((await clear([one], options)).left).toEqual([{ found: one, why: 'it is protected' }])
    expect(asked).toHaveLength(1)
  })

  it('leaves kinds that the cloud has no adapter for', async () => {
    const one = found('a', { kind: 'Nic' })
    expect((await clear([one], cloud([one]).options)).left).toEqual([{ found: one, why: 'its cloud has no Nic' }])
  })
})
