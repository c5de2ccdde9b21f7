import { expect, test } from 'vitest'
import type { Unmanaged } from '../../provider/contract.ts'
import { chosenFrom } from './chosen.ts'

const workspace = (externalId: string, name: string): Unmanaged => ({ kind: 'Workspace', externalId, name, spec: {} })
const volume = (externalId: string, workspaceId?: string): Unmanaged => ({
  kind: 'BlockStorage',
  externalId,
  name: 'v',
  spec: {},
  ...(workspaceId === undefined ? {} : { workspaceId }),
})
const standsFor = (id: string) => (id === 'p9' ? 'ours' : undefined)
const idsOf = ({ found, workspace: one }: ReturnType<typeof chosenFrom>) => [one?.externalId, ...found.map(({ externalId }) => externalId)]
const TWO = [workspace('p1', 'shop'), workspace('p2', 'shop'), workspace('p3', 'lab'), volume('a', 'p1'), volume('b', 'p3'), volume('c')]

test('where the cloud has no workspaces, all is in one', () => {
  expect(idsOf(chosenFrom([volume('a')], { standsFor }))).toEqual([undefined, 'a'])
  expect(idsOf(chosenFrom([], { standsFor }))).toEqual([undefined])
})

test('the only one there is meant, the one that is named otherwise', () => {
  expect(idsOf(chosenFrom([workspace('p1', 'shop'), volume('a', 'p1')], { standsFor }))).toEqual(['p1', 'a'])
  const lab = chosenFrom(TWO, { from: 'lab', standsFor })
  expect(idsOf(lab)).toEqual(['p3', 'b', 'c'])
  expect(lab.remarks).toEqual(['what is in shop (p1), shop (p2) is not looked at: run import for each'])
  expect(idsOf(chosenFrom(TWO, { from: 'p1', standsFor }))).toEqual(['p1', 'a', 'c'])
})

test('the Workspace that is there says which', () => {
  expect(idsOf(chosenFrom([workspace('p1', 'shop'), volume('a', 'p1'), volume('b', 'p9')], { own: 'p9', standsFor }))).toEqual([
    undefined,
    'b',
  ])
})

test.each([
  [{}, 'say with --from which one'],
  [{ from: 'shop' }, 'several are called so, p1, p2'],
  [{ from: 'nobody' }, 'the account has shop (p1), lab (p3), shop (p2)'],
  [{ from: 'p1', own: 'p3' }, 'this workspace is p3 in the cloud'],
])('%j is refused: %s', (choice, words) => {
  expect(() => chosenFrom(TWO, { ...choice, standsFor })).toThrow(words)
})

test('what is in a workspace that is ours under another name is refused', () => {
  expect(() => chosenFrom([volume('a', 'p9')], { standsFor })).toThrow('p9 carries a tag already: give --workspace ours')
})
