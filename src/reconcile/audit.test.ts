import { describe, expect, it } from 'vitest'
import { installationKey, tagKey } from '../provider/tags.ts'
import { compare, type Expected, type Found, type Look, prove } from './audit.ts'

const TAG = 'i/eu-1/seca.storage/v1/tenants/acme/workspaces/prod/block-storages/v'

const found = (fields: Partial<Found> = {}): Found => ({
  kind: 'BlockStorage',
  externalId: 'vol-1',
  tag: TAG,
  account: 'a',
  cloudProvider: 'sim',
  secret: 's',
  region: 'eu-1',
  cloudRegion: 'one',
  ...fields,
})

/** The same of a cloud that has room for keys only. */
const keyed = (fields: Partial<Found> = {}): Found => {
  const { tag = '', ...rest } = found(fields)
  return { ...rest, tagKey: tagKey(tag) }
}

const expected = (fields: Partial<Expected> = {}): Expected => ({
  kind: 'BlockStorage',
  object: 'BlockStorage w/v',
  uid: 'u',
  tag: TAG,
  tagKey: tagKey(TAG),
  externalId: 'vol-1',
  incarnation: 'n',
  account: 'a',
  isLeaving: false,
  isUntagged: false,
  ...fields,
})

const look = (fields: Partial<Look>): Look => ({ installation: 'i', found: [], expected: [], accounts: new Set(['a']), ...fields })
const told = (fields: Partial<Look>) => compare(look(fields)).map(({ finding, found: one, isQuiet }) => [finding, one?.externalId, isQuiet])

describe('what one look shows', () => {
  it('is nothing where each has its other', () => {
    expect(told({ found: [found()], expected: [expected()] })).toEqual([])
    expect(told({ found: [keyed()], expected: [expected()] })).toEqual([])
  })

  it('leaked: ours by its tag, and no resource', () => {
    expect(told({ found: [found()] })).toEqual([['leaked', 'vol-1', true]])
    expect(told({ found: [found({ busy: 'resizing' })] })).toEqual([['leaked', 'vol-1', false]])
  })

  it("nothing of another installation's, whatever an inventory answers", () => {
    expect(told({ found: [found({ tag: TAG.replace('i/', 'j/') })] })).toEqual([])
  })

  it('leaked by a key only where the cloud tells that the key is ours', () => {
    expect(told({ found: [keyed({ installationKey: installationKey('i') })] })).toEqual([['leaked', 'vol-1', true]])
    expect(told({ found: [keyed({ installationKey: installationKey('j') })] })).toEqual([['unknown', 'vol-1', true]])
    expect(told({ found: [keyed()] })).toEqual([['unknown', 'vol-1', true]])
  })

  it('not leaked: what a resource records that stands for nothing at the moment', () => {
    const lost = expected({ tag: undefined, tagKey: undefined, account: undefined })
    expect(told({ found: [found()], expected: [lost] })).toEqual([['unknown', 'vol-1', true]])
    const made = found({ externalId: 'vol-2', incarnation: 'n' })
    expect(told({ found: [made], expected: [{ ...lost, externalId: undefined }] })).toEqual([['unknown', 'vol-2', true]])
  })

  it('double: several with one tag in the account of the resource', () => {
    const twins = [found(), found({ externalId: 'vol-2' })]
    expect(told({ found: twins, expected: [expected()] })).toEqual([
      ['double', 'vol-1', true],
      ['double', 'vol-2', true],
    ])
    const going = [found(), found({ externalId: 'vol-2', busy: 'being deleted' })]
    expect(told({ found: going, expected: [expected()] }).map(([, , isQuiet]) => isQuiet)).toEqual([false, false])
  })

  it('missing: an id is recorded and the account has nothing', () => {
    expect(told({ expected: [expected()] })).toEqual([['missing', undefined, true]])
    expect(told({ expected: [expected({ externalId: undefined })] })).toEqual([])
    expect(told({ expected: [expected({ externalId: '' })] })).toEqual([])
    expect(told({ expected: [expected({ isLeaving: true })] })).toEqual([['missing', undefined, false]])
  })

  it('not missing: what is there under another tag, or never had one', () => {
    const other = found({ tag: TAG.replace('eu-1', 'eu-2') })
    expect(told({ found: [other], expected: [expected()] })).toEqual([['unknown', 'vol-1', true]])
    expect(told({ expected: [expected({ isUntagged: true })] })).toEqual([])
  })

  it('nothing is missing in an account that was not read', () => {
    expect(told({ expected: [expected()], accounts: new Set() })).toEqual([])
    expect(told({ expected: [expected({ account: undefined })] })).toEqual([])
  })

  it('abandoned: in another account than the one that the resource lives in', () => {
    const old = found({ externalId: 'old', account: 'b' })
    const accounts = new Set(['a', 'b'])
    expect(told({ found: [found(), old], expected: [expected()], accounts })).toEqual([['abandoned', 'old', true]])
    // Not proven while nothing is in its place.
    expect(told({ found: [old], expected: [expected()], accounts })).toEqual([['abandoned', 'old', false]])
  })

  it('abandoned: a resource that lives in an account which no Secret opens', () => {
    expect(told({ expected: [expected({ opened: 'b' })], accounts: new Set(['b']) })).toEqual([['abandoned', undefined, true]])
    expect(told({ expected: [expected({ opened: 'b' })], found: [found()], accounts: new Set(['a', 'b']) })).toEqual([])
  })
})

describe('what two looks prove', () => {
  const leak = (fields: Partial<Found> = {}) => compare(look({ found: [found(fields)] }))
  const verdict = (first: ReturnType<typeof leak>, second: ReturnType<typeof leak>) => {
    const { proven, inFlux } = prove(first, second)
    return [proven.length, inFlux.length]
  }

  it('what both show in the same way', () => {
    expect(verdict(leak(), leak())).toEqual([1, 0])
  })

  it('nothing of what only one shows, or what was under way in one', () => {
    expect(verdict(leak(), [])).toEqual([0, 1])
    expect(verdict([], leak())).toEqual([0, 1])
    expect(verdict(leak({ busy: 'being deleted' }), leak())).toEqual([0, 1])
    expect(verdict(leak(), leak({ busy: 'resizing' }))).toEqual([0, 1])
  })

  it('nothing of what was made anew meanwhile', () => {
    const missing = (fields: Partial<Expected>) => compare(look({ expected: [expected(fields)] }))
    expect(verdict(missing({}), missing({}))).toEqual([1, 0])
    expect(verdict(missing({}), missing({ uid: 'other' }))).toEqual([0, 2])
    expect(verdict(missing({}), missing({ incarnation: 'other' }))).toEqual([0, 2])
    expect(verdict(missing({}), missing({ externalId: 'other' }))).toEqual([0, 2])
    expect(verdict(leak(), leak({ externalId: 'other' }))).toEqual([0, 2])
  })
})
