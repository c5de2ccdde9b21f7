import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProviderError } from './errors.ts'
import { buildTag, claim, installationKey, parseTag, TAG_LIMIT, tagKey, tagPrefix } from './tags.ts'

const PATH = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/db'
const TAG = `in-1/eu-1/${PATH}`

describe('tags', () => {
  test('are the path behind installation and region', () => {
    expect(buildTag({ installation: 'in-1', region: 'eu-1', path: PATH })).toBe(TAG)
    expect(parseTag(TAG)).toEqual({ installation: 'in-1', region: 'eu-1', path: PATH, isHashed: false })
    expect(TAG.startsWith(tagPrefix('in-1'))).toBe(true)
  })

  test('fit any cloud, stay apart, and say whose they are', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    const long = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,126}[a-z0-9])?$/)
    fc.assert(
      fc.property(name, name, name, name, name, long, (installation, region, tenant, workspace, network, subnet) => {
        const path = `seca.network/v1/tenants/${tenant}/workspaces/${workspace}/networks/${network}/subnets/${subnet}`
        const tag = buildTag({ installation, region, path })
        expect(tag.length).toBeLessThanOrEqual(TAG_LIMIT)
        expect(parseTag(tag)).toMatchObject({ installation, region })
        expect(buildTag({ installation, region, path: `${path}x` })).not.toBe(tag)
      }),
    )
  })

  test('too long a path is hashed, always the same way', () => {
    const path = `seca.network/v1/tenants/${'t'.repeat(63)}/workspaces/${'w'.repeat(63)}/networks/${'n'.repeat(63)}/subnets/${'s'.repeat(60)}`
    const tag = buildTag({ installation: 'in-1', region: 'eu-1', path })
    expect(tag).toBe('in-1/eu-1/~c744b41b1811c49288f073e587d4842d2c8a4fb553582454d2114fbf42fdd8a1')
    expect(parseTag(tag)).toMatchObject({ installation: 'in-1', isHashed: true })
  })

  test.each(['', 'a/b', 'owner: somebody', 'Name', '/eu-1/seca.storage/v1/tenants/x'])('"%s" is none of ours', (text) =>
    expect(parseTag(text)).toBeUndefined(),
  )
  test.each(['', 'a/b', 'ä'])('no tag for the installation "%s"', (installation) =>
    expect(() => buildTag({ installation, region: 'eu-1', path: PATH })).toThrow(RangeError),
  )
})

test('short keys are 30 characters that any cloud takes, and stay apart', () => {
  expect(tagKey(TAG)).toMatch(/^seca-[a-z2-7]{25}$/)
  expect(installationKey('in-1')).toMatch(/^seci-[a-z2-7]{25}$/)
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(tagKey(one) === tagKey(other)).toBe(one === other)
    }),
  )
})

describe('claim', () => {
  const desired = { tag: TAG, tagKey: tagKey(TAG), incarnation: 'n', externalId: 'vol-1', mayAdopt: false }
  const refusal = (run: () => unknown): ProviderError => {
    try {
      return expect.unreachable(`claimed ${JSON.stringify(run())}`)
    } catch (thrown) {
      if (thrown instanceof ProviderError) return thrown
      throw thrown
    }
  }

  test('takes the one with our tag, whatever id was recorded', () => {
    expect(claim([{ id: 'vol-2', tag: TAG }], desired)).toEqual({ object: { id: 'vol-2', tag: TAG }, isUntagged: false, twins: [] })
  })
  test('finds nothing among strangers', () => {
    expect(claim([], desired)).toBeUndefined()
    expect(claim([{ id: 'vol-9', tag: undefined }], desired)).toBeUndefined()
  })
  test('refuses two with our tag, and names both', () => {
    const error = refusal(() =>
      claim(
        [
          { id: 'vol-2', tag: TAG },
          { id: 'vol-1', tag: TAG },
        ],
        desired,
      ),
    )
    expect(error.failure).toBe('foreign')
    expect(error.message).toContain('vol-1, vol-2')
  })
  test('finds by the short key, where the cloud holds no more', () => {
    expect(claim([{ id: 'vol-2', tag: tagKey(TAG) }], desired)?.object.id).toBe('vol-2')
  })
  describe('of several with our tag and incarnation', () => {
    const one = (id: string, more: object = {}) => ({ id, tag: TAG, incarnation: 'n', ...more })
    test('the recorded one wins, then one in use, then the first; the others are twins', () => {
      expect(claim([one('vol-2'), one('vol-1')], desired)).toMatchObject({ object: { id: 'vol-1' }, twins: ['vol-2'] })
      const unknown = { ...desired, externalId: undefined }
      expect(claim([one('vol-2', { isUsed: true }), one('vol-1')], unknown)).toMatchObject({ object: { id: 'vol-2' }, twins: ['vol-1'] })
      expect(claim([one('vol-3'), one('vol-2')], unknown)).toMatchObject({ object: { id: 'vol-2' }, twins: ['vol-3'] })
    })
    test('one that is in use, or of another incarnation, is nobody to remove', () => {
      expect(refusal(() => claim([one('vol-1'), one('vol-2', { isUsed: true })], desired)).failure).toBe('foreign')
      expect(refusal(() => claim([one('vol-1'), one('vol-2', { incarnation: 'm' })], desired)).failure).toBe('foreign')
      expect(refusal(() => claim([one('vol-1'), { id: 'vol-2', tag: TAG }], desired)).failure).toBe('foreign')
    })
  })
  test("refuses another installation's object, even where adoption is allowed", () => {
    const foreign = [{ id: 'vol-1', tag: TAG.replace('in-1', 'in-2') }]
    const { failure, message } = refusal(() => claim(foreign, { ...desired, mayAdopt: true }))
    expect([failure, message]).toEqual([
      'foreign',
      expect.stringMatching(
        /^vol-1 is this resource's, of installation in-2; this cluster works as in-1\. .*old id in ConfigMap seca-installation/,
      ),
    ])
  })
  test("refuses what is tagged as another object's of ours", () => {
    expect(refusal(() => claim([{ id: 'vol-1', tag: `${TAG}-2` }], { ...desired, mayAdopt: true })).failure).toBe('foreign')
  })
  test('takes an untagged object only where it may', () => {
    expect(refusal(() => claim([{ id: 'vol-1', tag: '' }], desired)).message).toContain('adoption')
    expect(claim([{ id: 'vol-1', tag: '' }], { ...desired, mayAdopt: true })).toMatchObject({ isUntagged: true })
  })
})
