import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conflictOf, isForeignManager, keepOwners, ownersOf } from './owners.ts'

const entry = (manager: string, fieldsV1: object, subresource?: string) => ({
  manager,
  operation: 'Apply',
  fieldsV1,
  ...(subresource === undefined ? {} : { subresource }),
})

function owned(...managedFields: object[]) {
  const object = { apiVersion: 'x', kind: 'X', metadata: { name: 'x', managedFields } }
  keepOwners(object)
  return ownersOf(object)
}

const FLUX = entry('kustomize-controller', {
  'f:metadata': { 'f:labels': { '.': {}, 'f:env': {} }, 'f:finalizers': { '.': {} } },
  'f:spec': {
    '.': {},
    'f:sizeGB': {},
    'f:skuRef': { '.': {}, 'f:resource': {} },
    'f:list': { 'k:{"a":"b"}': { 'f:a': {} } },
    'f:empty': {},
  },
})

describe('GitOps safety', () => {
  it('keeps the leaves of managers that are not people or us', () => {
    expect(
      owned(FLUX, entry('kubectl-client-side-apply', { 'f:spec': { 'f:x': {} } }), entry('seca-api', { 'f:spec': { 'f:y': {} } })),
    ).toEqual([
      {
        manager: 'kustomize-controller',
        paths: [
          ['spec', 'sizeGB'],
          ['spec', 'skuRef', 'resource'],
          ['spec', 'list'],
          ['spec', 'empty'],
          ['metadata', 'labels', 'env'],
        ],
      },
    ])
    expect(owned(entry('other', { 'f:status': { 'f:x': {} } }, 'status'))).toEqual([])
    expect(ownersOf({ apiVersion: 'x', kind: 'X', metadata: { name: 'never seen' } })).toBeUndefined()
  })

  it('finds the owner of what a write touches', () => {
    const owners = owned(FLUX) ?? []
    const conflict = (...path: string[]) => conflictOf(owners, [path], isForeignManager)?.manager
    expect(conflict('spec', 'sizeGB')).toBe('kustomize-controller')
    expect(conflict('spec', 'skuRef')).toBe('kustomize-controller')
    expect(conflict('spec', 'list')).toBe('kustomize-controller')
    expect(conflict('spec', 'skuRef', 'resource', 'deeper')).toBe('kustomize-controller')
    expect(conflict('metadata', 'labels', 'env')).toBe('kustomize-controller')
    expect(conflict('metadata', 'labels', 'other')).toBeUndefined()
    expect(conflict('spec', 'sizeGBx')).toBeUndefined()
    expect(conflictOf(owners, [['spec', 'sizeGB']], () => false)).toBeUndefined()
  })

  it('compares like each change with each path', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'a.b', '"', ','), { minLength: 1, maxLength: 3 })
    const begins = (one: readonly string[], other: readonly string[]) => one.every((step, index) => step === other[index])
    fc.assert(
      fc.property(fc.array(path, { maxLength: 4 }), fc.array(path, { maxLength: 4 }), (paths, changes) => {
        const slow = changes.find((change) => paths.some((owned) => begins(owned, change) || begins(change, owned)))
        expect(conflictOf([{ manager: 'flux', paths }], changes, () => true)?.path).toEqual(slow)
      }),
    )
  })
})
