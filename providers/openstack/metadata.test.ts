import { expect, test } from 'vitest'
import { buildTag, installationKey, tagKey } from '../../src/provider/tags.ts'
import { CINDER_KEYS, NOVA_KEYS } from './label-keys.ts'
import { factsIn, metadataAfter, metadataFor } from './metadata.ts'

const tag = buildTag({ installation: 'ins', region: 'eu-1', path: 'seca.storage/v1/tenants/a/workspaces/b/block-storages/c' })
const mark = { tag, tagKey: tagKey(tag), installationKey: installationKey('ins'), incarnation: 'once' }

test('tag, incarnation, labels and notes, there and back', () => {
  const metadata = metadataFor({ mark, labels: { app: 'web' }, notes: { source: 'a/b/c', none: undefined } }, CINDER_KEYS)
  expect(factsIn({ id: 'x', metadata }, CINDER_KEYS)).toEqual({
    tag,
    incarnation: 'once',
    labels: { app: 'web' },
    notes: { source: 'a/b/c' },
  })
})

test('labels that are not wanted go, ours and everything else stay', () => {
  const object = { id: 'x', metadata: { ...metadataFor({ mark, labels: { app: 'web' } }, CINDER_KEYS), readonly: 'False' } }
  expect(factsIn({ id: 'x', metadata: metadataAfter(object, { labels: { tier: 'front' } }, CINDER_KEYS) }, CINDER_KEYS)).toMatchObject({
    tag,
    labels: { tier: 'front' },
  })
  expect(factsIn({ id: 'x', metadata: metadataAfter(object, { notes: { restart: 'r' } }, CINDER_KEYS) }, CINDER_KEYS)).toMatchObject({
    tag,
    labels: { app: 'web', readonly: 'False' },
    notes: { restart: 'r' },
  })
})

test('a tag of somebody else is none', () => {
  expect(factsIn({ id: 'x', metadata: { 'seca.tag': 'whatever' } }, CINDER_KEYS)).toMatchObject({ tag: '' })
  expect(factsIn({ id: 'x' }, CINDER_KEYS)).toMatchObject({ tag: '', labels: {}, notes: {} })
})

test('a label is no mark, whatever it is called', () => {
  const metadata = metadataFor({ mark, labels: { 'seca.tag': 'of somebody else', 'example.com/team': 'x' } }, NOVA_KEYS)
  expect(factsIn({ id: 'x', metadata }, NOVA_KEYS)).toMatchObject({
    tag,
    labels: { 'seca.tag': 'of somebody else', 'example.com/team': 'x' },
  })
})
