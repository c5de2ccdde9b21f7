import type { Crossing } from './gate.ts'

/** Repetitions of one request in one phase that are told apart; later ones are polls like those before. */
const TOLD_APART = 3
const NOT_OURS = /\/(leases|events|tokenreviews|subjectaccessreviews)\b/

/** What a request to the cloud is, so that it is the same of another object, and what tells it from others of its sort. */
export type NameOf = (crossing: Crossing) => { readonly name: string; readonly exact: string }

/** Names the moments of a tenant's life by kind and what is done, so that the same moment of another object, or life, is the same point. */
export class Points {
  readonly #seen = new Map<string, number>()
  readonly #names = new WeakMap<Crossing, string>()
  readonly #cloudName: NameOf
  /** What the user is doing meanwhile: `create`, `change`, `delete`. */
  phase = ''

  constructor(cloudName: NameOf = simulatorName) {
    this.#cloudName = cloudName
  }

  /** A new life: counting begins anew. */
  begin(phase: string): void {
    this.phase = phase
    this.#seen.clear()
  }

  /** The point that a request, or its answer, is at; undefined when nothing is decided there: reads of the cluster, the Lease, events. */
  at(where: 'cluster' | 'cloud', moment: 'before' | 'after', crossing: Crossing): string | undefined {
    if (this.phase === '') return undefined
    const name = this.#names.get(crossing) ?? this.#nameOf(where, crossing)
    if (name === undefined) return undefined
    this.#names.set(crossing, name)
    return `${name} ${moment}`
  }

  #nameOf(where: 'cluster' | 'cloud', crossing: Crossing): string | undefined {
    const { method, path } = crossing
    const [place = ''] = path.split('?', 1)
    if (where === 'cluster' && (method === 'GET' || NOT_OURS.test(place))) return undefined
    const { name, exact } = where === 'cluster' ? { name: clusterPlace(place), exact: place } : this.#cloudName(crossing)
    const count = Math.min((this.#seen.get(`${method} ${exact}`) ?? 0) + 1, TOLD_APART)
    this.#seen.set(`${method} ${exact}`, count)
    return `${this.phase} ${where} ${method} ${name} #${count}`
  }
}

const simulatorName: NameOf = ({ method, path, body }) => {
  const [place = '', query = ''] = path.split('?', 2)
  const exact = `${place} ${/[?&]?(tag|key)=[^&]*/.exec(query)?.[0] ?? ''} ${method === 'POST' ? tagOf(body) : ''}`
  return { name: cloudPlace(place, query), exact }
}

/** `/apis/storage.secapi.cloud/v1/namespaces/n/block-storages/data/status` → `block-storages/status`. */
function clusterPlace(place: string): string {
  const parts = place.split('/').slice(place.startsWith('/api/') ? 3 : 4)
  const [plural, , sub] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts
  return [plural, sub].filter((part) => part !== undefined).join('/')
}

/** `/v1/servers/srv-1/start` → `servers/:id/start`, `/v1/volumes?tag=…` → `volumes?tag`. */
function cloudPlace(place: string, query: string): string {
  const [type, id, ...rest] = place.split('/').slice(2)
  const by = /(?:^|&)(tag|key|tag_prefix|owner|public)=/.exec(query)?.[1]
  return `${[type, ...(id === undefined ? [] : [':id']), ...rest].join('/')}${by === undefined ? '' : `?${by}`}`
}

function tagOf(body: string): string {
  return /"(?:tag|key)":"([^"]*)"/.exec(body)?.[1] ?? ''
}
