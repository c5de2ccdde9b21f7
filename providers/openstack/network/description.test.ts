import { expect, test } from 'vitest'
import { buildTag } from '../../../src/provider/tags.ts'
import { descriptionOf, markOf } from './description.ts'

const tag = buildTag({ installation: 'ins', region: 'eu-1', path: 'seca.network/v1/tenants/acme/workspaces/prod/networks/main' })

test('tag and incarnation, there and back', () => {
  expect(markOf(descriptionOf({ tag, incarnation: 'n0-_nce' }))).toEqual({ tag, incarnation: 'n0-_nce' })
  expect(markOf(descriptionOf({ tag, incarnation: '' }))).toEqual({ tag })
})

test('both within 255 characters, else the tag alone', () => {
  const long = buildTag({ installation: 'ins', region: 'eu-1', path: `seca.network/v1/tenants/${'a'.repeat(220)}` })
  expect(descriptionOf({ tag: long, incarnation: 'n'.repeat(16) })).toBe(long)
})

test.each(['', 'web server', `${tag} n and more`, 'a/b'])('%j is nobody of ours', (text) => {
  expect(markOf(text)).toEqual({ tag: '' })
})
