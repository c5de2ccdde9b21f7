import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEPT } from '../kinds/names.ts'
import { isReserved, ownTags, stored, tagsOf } from './labels.ts'

/** What the object carries after a write. */
function written({ labels, annotations, kept }: ReturnType<typeof stored>) {
  return { labels, annotations: { ...annotations, ...(kept === undefined ? {} : { [KEPT]: kept }) } }
}

describe('labels and annotations', () => {
  it('come back byte for byte, whatever they are', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        'app.kubernetes.io/name',
        'secapi.cloud/paused',
        'ns:key',
        'a b',
        'ok',
        'example.com/ok',
        KEPT,
      ),
    )
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.string({ maxLength: 63 })),
        fc.dictionary(key, fc.string({ maxLength: 1024 })),
        (labels, annotations) => {
          expect(tagsOf(written(stored({ labels, annotations })))).toEqual({ labels, annotations })
        },
      ),
    )
  })

  it('go where Kubernetes can hold them, and steer nothing', () => {
    const { labels, annotations, kept } = stored({
      labels: { env: 'prod', free: 'a b', 'ns:key': 'x', 'app.kubernetes.io/name': 'x', empty: '' },
      annotations: { note: 'any text: ok', 'secapi.cloud/paused': 'true', 'kubectl.kubernetes.io/restart': '1' },
    })
    expect(labels).toEqual({ env: 'prod', empty: '' })
    expect(annotations).toEqual({ note: 'any text: ok' })
    expect(JSON.parse(kept ?? '')).toEqual({
      labels: { free: 'a b', 'ns:key': 'x', 'app.kubernetes.io/name': 'x' },
      annotations: { 'secapi.cloud/paused': 'true', 'kubectl.kubernetes.io/restart': '1' },
    })
  })

  it('hide what belongs to tooling; a later real label wins over a kept one', () => {
    const metadata = {
      labels: { env: 'b', 'argocd.argoproj.io/instance': 'x', 'kustomize.toolkit.fluxcd.io/name': 'x' },
      annotations: { [KEPT]: '{"labels":{"env":"a b","x:y":"z"},"annotations":{"n":1}}', 'secapi.cloud/requested': '1' },
    }
    expect(tagsOf(metadata)).toEqual({ labels: { env: 'b', 'x:y': 'z' }, annotations: {} })
    expect(ownTags(metadata.labels)).toEqual({ env: 'b' })
    for (const text of ['null', '[]', '{"labels":[1]}', '{'])
      expect(tagsOf({ annotations: { [KEPT]: text } })).toEqual({ labels: {}, annotations: {} })
  })

  it.each([
    ['kubernetes.io/x', true],
    ['a.b.k8s.io/x', true],
    ['secapi.cloud/tenant', true],
    ['SECAPI.cloud/tenant', true],
    ['notk8s.io/x', false],
    ['kubernetes.io', false],
    ['example.com/kubernetes.io', false],
  ])('%s reserved: %s', (key, expected) => {
    expect(isReserved(key)).toBe(expected)
  })
})
