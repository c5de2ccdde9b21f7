import { describe, expect, it } from 'vitest'
import type { CloudObject, Fields } from '../../stand-in/model.ts'
import type { Surroundings } from './model.ts'
import { templates, volumes } from './storage.ts'

const cloudOf = (...objects: { id: string; fields: Fields }[]) =>
  ({ find: (id: string) => objects.find((one) => one.id === id) }) as unknown as Surroundings
const object = (fields: Fields) => ({ id: 'vol-1', fields }) as unknown as CloudObject

describe('a volume', () => {
  const cloud = cloudOf({ id: 'tpl-1', fields: { size_mb: 2_048 } })
  const complete = (wanted: Fields, before?: Fields) => volumes.complete!(wanted, cloud, before && object(before))

  it('grows, and does not shrink', () => {
    expect([complete({ size_gb: 5 }, { size_gb: 5 }), complete({ size_gb: 6 }, { size_gb: 5 })]).toEqual([{ size_gb: 5 }, { size_gb: 6 }])
    expect(() => complete({ size_gb: 4 }, { size_gb: 5 })).toThrow('volume vol-1 has 5 GB and cannot shrink to 4 GB')
  })

  it('has room for what it is filled from, when it is made', () => {
    expect(complete({ size_gb: 2, source_template: 'tpl-1' })).toMatchObject({ size_gb: 2 })
    expect(() => complete({ size_gb: 1, source_template: 'tpl-1' })).toThrow('at least 2048 MB')
    expect(complete({ size_gb: 1, source_template: 'tpl-1' }, { size_gb: 1 })).toMatchObject({ size_gb: 1 })
    expect(complete({ size_gb: 1, source_template: 'gone' })).toMatchObject({ size_gb: 1 })
  })
})

describe('a template', () => {
  it('holds a tenth of its volume, as that was when it was made', () => {
    const cloud = cloudOf({ id: 'vol-1', fields: { size_gb: 10 } })
    const complete = (wanted: Fields, before?: Fields) => templates.complete!(wanted, cloud, before && object(before))
    expect(complete({ source_volume: 'vol-1' })).toEqual({ source_volume: 'vol-1', size_mb: 1_024 })
    expect(complete({ source_volume: 'gone' })).toMatchObject({ size_mb: 1 })
    const wanted = { source_volume: 'vol-1', size_mb: 7 }
    expect(complete(wanted, { source_volume: 'vol-1' })).toBe(wanted)
    expect(complete(wanted, { source_volume: 'vol-2' })).toMatchObject({ size_mb: 1_024 })
  })
})
