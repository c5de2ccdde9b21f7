import { Answer, type Fields, type Door } from './contract.ts'
import { Refusal } from './problem.ts'
import { docsPage } from './reference/docs.ts'
import { escaped } from './reference/html.ts'
import { openApi } from './reference/openapi.ts'
import { BASE_URL, Template } from './reference/template.ts'
import { wellknown } from './render/regions.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** What everybody may read: discovery, the OpenAPI document and its rendering. Each is made once; only the base URL is filled in. */
export class Documents {
  readonly #openApi = new Map<Door, Template>()
  readonly #docs = new Map<Door, { readonly page: Template; readonly policy: string }>()

  /** Throws 404 for every other path. `base`: base URL as this client sees it. */
  serve(pathname: string, door: Door, base: string): Answer {
    switch (pathname) {
      case '/.wellknown/secapi':
        return answer(JSON.stringify(wellknown(door, base)), JSON_TYPE)
      case '/openapi':
      case '/openapi.json':
        return answer(this.#document(door).fill(JSON.stringify(base).slice(1, -1)), JSON_TYPE)
      case '/docs': {
        const { page, policy } = this.#page(door)
        return answer(page.fill(escaped(base)), {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
        })
      }
      default:
        throw new Refusal('NotFound', 'nothing is here; see /docs')
    }
  }

  #document(door: Door): Template {
    return remembered(this.#openApi, door, () => new Template(JSON.stringify(openApi(door, BASE_URL))))
  }
  #page(door: Door) {
    return remembered(this.#docs, door, () => {
      const { body, policy } = docsPage(openApi(door, BASE_URL))
      return { page: new Template(body), policy }
    })
  }
}

/** They hold the host that this client used: nothing for a cache that others share. */
const answer = (body: string | Uint8Array, headers: Fields) => new Answer(body, { headers: { ...headers, 'cache-control': 'no-store' } })

function remembered<K, T>(memory: Map<K, T>, key: K, make: () => T): T {
  const known = memory.get(key)
  if (known !== undefined) return known
  const made = make()
  memory.set(key, made)
  return made
}
