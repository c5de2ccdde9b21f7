import { globMatches } from '../glob.ts'
import { isLabel, isName } from '../kinds/naming.ts'
import { KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Rule } from './rule.ts'

interface Permission {
  readonly provider: string
  readonly resources: readonly string[]
  readonly verb: readonly string[]
}

/** contract §11.3. */
const VERBS: ReadonlySet<string> = new Set(['get', 'list', 'put', 'delete', 'post', '*'])
/** APIs of the specification's extensions: a role may speak of them although they are not served here (yet). */
const EXTENSIONS = [
  'seca.activity-log/v1beta1',
  'seca.kubernetes/v1beta1',
  'seca.load-balancer/v1beta1',
  'seca.nat-gateway/v1beta1',
  'seca.object-storage/v1beta1',
]

/** Kinds of each API, by its name with and without version (contract §11.5); none of extensions. */
const APIS: ReadonlyMap<string, readonly Kind[]> = (() => {
  const served = KINDS.filter(({ api }) => api.startsWith('seca.')).map(({ api }) => api)
  const versioned = [...new Set([...served, ...EXTENSIONS])]
  const kindsOf = (isMeant: (api: string) => boolean) => KINDS.filter(({ api }) => isMeant(api))
  const plain = (api: string) => api.slice(0, api.indexOf('/'))
  return new Map([
    ...versioned.map((api) => [plain(api), kindsOf((one) => plain(one) === plain(api))] as const),
    ...versioned.map((api) => [api, kindsOf((one) => one === api)] as const),
  ])
})()

/** Permissions that can permit something: the API exists, in that version; verbs are known; resources can be named so. */
export const permissions: Rule = function* (value, { guard }) {
  for (const [index, { provider, resources, verb }] of (value as readonly Permission[]).entries()) {
    const at = `${guard.field}[${index}]`
    const kinds = APIS.get(provider)
    if (kinds === undefined)
      yield {
        path: `${at}.provider`,
        state: 'impossible',
        message: `there is no API "${provider}"; write one of ${[...APIS.keys()].join(', ')}`,
      }
    for (const [place, name] of verb.entries())
      if (!VERBS.has(name.toLowerCase()))
        yield {
          path: `${at}.verb[${place}]`,
          state: 'impossible',
          message: `there is no verb "${name}"; it is one of ${[...VERBS].join(', ')}`,
        }
    for (const [place, pattern] of resources.entries())
      if (kinds !== undefined && !canMatch(pattern, kinds))
        yield {
          path: `${at}.resources[${place}]`,
          state: 'impossible',
          message: `"${pattern}" matches nothing of ${provider}; write *, or <type>, <type>/*, <type>/<name>${typesOf(kinds)}`,
        }
  }
}

const typesOf = (kinds: readonly Kind[]): string =>
  kinds.length === 0 ? '' : ` with a type of ${kinds.map(({ collection }) => collection).join(', ')}`

/**
 * Whether a pattern can match anything of an API, now or later (contract §11.10): `*`, `type`, `type/*`, `type/name`, and for nested
 * kinds also with their parent's collection, or that and its name, in front.
 */
function canMatch(pattern: string, kinds: readonly Kind[]): boolean {
  if (pattern === '*') return true
  const steps = pattern.split('/')
  if (kinds.length === 0) return steps.every((step) => step !== '')
  return kinds.some((kind) => isTypeOf(steps, kind) || isNestedTypeOf(steps, kind))
}

function isTypeOf([type = '', name, ...more]: readonly string[], kind: Kind): boolean {
  return more.length === 0 && globMatches(type, kind.collection) && canBeCalled(name, kind)
}

function isNestedTypeOf([first, ...rest]: readonly string[], kind: Kind): boolean {
  const parent = KINDS.find((one) => one.kind === kind.parent?.kind)
  if (parent === undefined || first !== parent.collection) return false
  const [parentOrType, type, name, ...more] = rest
  if (parentOrType === kind.collection && rest.length <= 2 && canBeCalled(type, kind)) return true
  return type === kind.collection && more.length === 0 && canBeCalled(parentOrType, parent) && canBeCalled(name, kind)
}

const PARENTS: ReadonlySet<string> = new Set(KINDS.flatMap(({ parent }) => parent?.kind ?? []))

/** Whether a name fits a glob that some resource of the kind can have. The case of SKUs does not count (contract §11.19). */
function canBeCalled(glob: string | undefined, kind: Kind): boolean {
  if (glob === undefined) return true
  // Whatever is legal around a star stays legal when one letter takes its place.
  const name = glob.replaceAll(/\*+/g, 'x')
  return PARENTS.has(kind.kind) ? isLabel(name) : isName(kind.catalog === true ? name.toLowerCase() : name)
}
