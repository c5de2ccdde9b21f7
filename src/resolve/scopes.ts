import { isName, LABEL_LENGTH } from '../kinds/naming.ts'
import type { Rule } from './rule.ts'

/** All of a dimension (contract §7.2, §11.24). */
const ALL = '*'

interface Scope {
  readonly tenants?: readonly string[]
  readonly regions?: readonly string[]
  readonly workspaces?: readonly string[]
}

/**
 * Where roles hold: tenants and regions exist, workspaces may come later but must be able to (contract §9). A scope without the own
 * tenant grants nothing (contract §11.9).
 */
export const scopes: Rule = function* (value, { lookup, object, guard }) {
  const own = lookup.scopeOf(object.metadata.namespace ?? '')?.tenant
  for (const [index, { tenants = [], regions = [], workspaces = [] }] of (value as readonly Scope[]).entries()) {
    const at = `${guard.field}[${index}]`
    const holdsHere = own === undefined || tenants.length === 0 || tenants.includes(ALL) || tenants.includes(own)
    for (const [place, tenant] of tenants.entries()) {
      const [path, what] = [`${at}.tenants[${place}]`, `tenant "${tenant}"`]
      const isThere = tenant === ALL || lookup.namespaceOf({ tenant }) !== undefined
      if (!holdsHere)
        yield { path, state: 'impossible', message: `${what}: an assignment grants in its own tenant alone, which is "${own}"` }
      if (!isThere) yield { path, state: 'missing', missing: what, message: `${what} does not exist`, isPrivate: true }
    }
    for (const [place, region] of regions.entries()) {
      if (region === ALL || lookup.get('Region', region) !== undefined) continue
      const what = `region "${region}"`
      yield { path: `${at}.regions[${place}]`, state: 'missing', missing: what, message: `${what} does not exist` }
    }
    for (const [place, workspace] of workspaces.entries())
      if (workspace !== ALL && !isName(workspace, LABEL_LENGTH))
        yield { path: `${at}.workspaces[${place}]`, state: 'impossible', message: `no workspace can be called "${workspace}"` }
  }
}

/** Names of objects that may come later, as long as they can. */
export const names: Rule = function* (value, { lookup, guard }) {
  const kind = lookup.kindNamed(guard.of ?? '')
  if (kind === undefined) return
  const { prefix, specs } = kind.builtIns ?? {}
  const listed = value as readonly string[]
  if (listed.length === 0) yield { path: guard.field, state: 'impossible', message: `must name at least one ${kind.secaKind}` }
  for (const [index, name] of listed.entries()) {
    const path = `${guard.field}[${index}]`
    if (specs?.has(name) === true) continue
    if (!isName(name)) yield { path, state: 'impossible', message: `no ${kind.secaKind} can be called "${name}"` }
    else if (prefix !== undefined && name.startsWith(prefix))
      yield {
        path,
        state: 'impossible',
        message: `there is no ${kind.secaKind} "${name}", and none can be made; of those that begin with "${prefix}", there are ${[...(specs?.keys() ?? [])].join(', ')}`,
      }
  }
}
