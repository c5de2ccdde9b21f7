import { beforeEach, describe, expect, it } from 'vitest'
import { made, VOLUME, volume, type WriteRig, writeRig } from './testing.ts'
import { parsePrecondition } from './version.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const put = (sizeGB: number, version: string, labels = {}) =>
  rig.put(`${VOLUME}/data`, volume(sizeGB, { labels }), { 'if-unmodified-since': version })

describe('if-unmodified-since', () => {
  it.each(['0', '1', '0017', '9223372036854775807'])('is the integer %s', (text) => {
    expect(parsePrecondition(new Headers({ 'if-unmodified-since': text }))).toBe(String(BigInt(text)))
  })
  it.each(['', 'x', '-1', '1.5', '1e3', '0x1', '+1', '1, 1', '1'.repeat(20), 'Wed, 21 Oct 2015 07:28:00 GMT'])('is not %j', (text) => {
    expect(() => parsePrecondition(new Headers({ 'if-unmodified-since': text }))).toThrow(/integer/)
  })

  it('lets exactly one of many writers win', async () => {
    const { metadata } = await made(rig, 'data')
    for (let round = 0; round < 5; round++) {
      const { resourceVersion } = round === 0 ? metadata : rig.stored('BlockStorage', 'data')!.metadata
      const answers = await Promise.all([1, 2, 3, 4, 5].map((writer) => put(10, resourceVersion, { writer: `${round}-${writer}` })))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412, 412])
      const winner = answers.find(({ status }) => status === 200)
      expect(rig.stored('BlockStorage', 'data')?.metadata.labels).toEqual(winner?.json['labels'])
    }
  })

  it('holds against writers outside, seen or not', async () => {
    const { metadata } = await made(rig, 'data')
    rig.isWatching = false
    const object = rig.stored('BlockStorage', 'data')!
    const theirs = rig.server.update({ ...object, metadata: { ...object.metadata, labels: { theirs: 'x' } } }, 'kubectl-edit')
    const refused = await put(20, metadata.resourceVersion)
    expect([refused.status, refused.json['detail']]).toEqual([412, expect.stringContaining(theirs.metadata.resourceVersion)])
    expect(rig.stored('BlockStorage', 'data')?.spec).toMatchObject({ sizeGB: 10 })
    // Memory that is behind refuses nothing that fits.
    rig.isWatching = false
    const again = rig.server.update({ ...theirs, metadata: { ...theirs.metadata, labels: { theirs: 'y' } } }, 'kubectl-edit')
    expect((await put(20, again.metadata.resourceVersion)).status).toBe(200)
  })

  it('is 404 for what is not there, and creates nothing', async () => {
    expect((await put(1, '1')).status).toBe(404)
    expect(rig.stored('BlockStorage', 'data')).toBeUndefined()
  })
})
