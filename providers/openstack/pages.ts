import type { CallContext } from '../../src/provider/contract.ts'
import type { Service } from './identity/catalog.ts'
import type { Call, Session } from './identity/session.ts'
import type { Native } from './native.ts'

export interface List {
  readonly path: string
  readonly query?: Call['query']
  /** Key of the list in a body. */
  readonly key: string
  readonly pageSize: number
}

/** Either of these says that there is another page. */
interface Page {
  readonly next?: string
  readonly [key: string]: unknown
}

/** The pages of a list, each from behind the last object of the one before; none where the project is gone. */
export async function* pagesOf(
  session: Pick<Session, 'page'>,
  service: Service,
  { path, query, key, pageSize }: List,
  context: CallContext,
  project?: string,
): AsyncGenerator<readonly Native[]> {
  for (let marker: string | undefined = ''; marker !== undefined;) {
    const call: Call = { method: 'GET', path, query: { ...query, limit: pageSize, marker: marker || undefined } }
    const page: Page = (await session.page<Page>(service, call, context, project)) ?? {}
    const objects = (page[key] ?? []) as readonly Native[]
    yield objects
    const links = (page[`${key}_links`] ?? []) as readonly { readonly rel: string }[]
    marker = page.next !== undefined || links.some(({ rel }) => rel === 'next') ? objects.at(-1)?.id : undefined
  }
}
