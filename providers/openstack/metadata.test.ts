import { expect, test } from 'vitest'
import { buildTag, installationKey, tagKey } from '../../src/provider/tags.ts'
import { factsIn, metadataAfter, metadataFor } from './metadata.ts'

const tag = buildTag({ installation: 'ins', region: 'eu-1', path: 'seca.storage/v1/tenants/a/workspaces/b/block-storages/c' })
const mark = { tag, tagKey: tagKey(tag), installationKey: installationKey('ins'), incarnation: 'once' }

test('tag, incarnation, labels and notes, there and back', () => {
  const metadata = metadataFor({ mark, labels: { app: 'web' }, notes: { source: 'a/b/c', none: undefined } })
  expect(factsIn({ id: 'x', metadata })).toEqual({ tag, incarnation: 'once', labels: { app: 'web' }, notes: { source: 'a/b/c' } })
})

test('labels that are not wanted go, ours and everything else stay', () => {
  const object = { id: 'x', metadata: { ...metadataFor({ mark, labels: { app: 'web' } }), readonly: 'False' } }
  expect(factsIn({ id: 'x', metadata: metadataAfter(object, { labels: { tier: 'front' } }) })).toMatchObject({
    tag,
    labels: { tier: 'front' },
  })
  expect(factsIn({ id: 'x', metadata: metadataAfter(object, { notes: { restart: 'r' } }) })).toMatchObject({
    tag,
    labels: { app: 'web', readonly: 'False' },
    notes: { restart: 'r' },
  })
})

test('a tag of somebody else is none', () => {
  expect(factsIn({ id: 'x', metadata: { 'seca.tag': 'whatever' } })).toMatchObject({ tag: '' })
  expect(factsIn({ id: 'x' })).toMatchObject({ tag: '', labels: {}, notes: {} })
})
