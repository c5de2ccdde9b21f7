import { expect, test } from 'vitest'
import type { Call, Session } from './identity/session.ts'
import { pagesOf } from './pages.ts'

const context = { signal: new AbortController().signal }

/** Lists objects two by two, and says in its own way that there are more. */
function cloud(ids: readonly string[], more: object) {
  const asked: Call['query'][] = []
  const page = (_service: string, { query }: Call) => {
    asked.push(query)
    const from = ids.indexOf(String(query?.['marker'])) + 1
    const things = ids.slice(from, from + 2).map((id) => ({ id }))
    return Promise.resolve({ things, ...(from + 2 < ids.length ? more : {}) })
  }
  return { asked, session: { page } as unknown as Pick<Session, 'page'> }
}

test.each([
  ['Nova, Neutron and Cinder', { things_links: [{ rel: 'previous' }, { rel: 'next' }] }],
  ['Glance', { next: '/v2/things?marker=b' }],
])('%s: every page is read, each from behind the one before', async (_who, more) => {
  const { asked, session } = cloud(['a', 'b', 'c', 'd', 'e'], more)
  const list = { path: '/things', query: { name: 'x' }, key: 'things', pageSize: 2 }
  const pages = await Array.fromAsync(pagesOf(session, 'network', list, context))
  expect(pages.map((page) => page.map(({ id }) => id))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect(asked.map((query) => query?.['marker'])).toEqual([undefined, 'b', 'd'])
})

test('a project that is gone has nothing', async () => {
  const session = { page: () => Promise.resolve(undefined) } as unknown as Pick<Session, 'page'>
  expect(await Array.fromAsync(pagesOf(session, 'network', { path: '/things', key: 'things', pageSize: 2 }, context))).toEqual([[]])
})
