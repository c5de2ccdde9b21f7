import { Alias, Document, Scalar, stringify } from 'yaml'
import type { Kind } from '../kinds/kind.ts'

/** Text of a Lua script by its path below `charts/seca-operator/files/argocd`. */
type Scripts = (path: string) => string

/**
 * The settings of Argo CD that make it understand our kinds, as a patch of an installation's ConfigMap `argocd-cm`, in YAML. Each kind has
 * keys of its own, so that everybody else's stay as they are: the form with wildcards is one key for all, and knows no actions.
 */
export function argocdSettings(kinds: readonly Kind[], scripts: Scripts): string {
  const document = new Document({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm' },
    data: {},
  })
  const set = (setting: string, { gvr, kind }: Kind, value: unknown) =>
    document.setIn(['data', `resource.customizations.${setting}.${gvr.group}_${kind}`], value)
  // One script for all: written once.
  const health = new Scalar(scripts('health.lua'))
  health.type = 'BLOCK_LITERAL'
  health.anchor = 'health'
  for (const [index, kind] of kinds.filter(({ status }) => status !== undefined).entries())
    set('health', kind, index === 0 ? health : new Alias(health.anchor))
  for (const kind of kinds.filter(({ actions }) => actions !== undefined)) set('actions', kind, actionsOf(kind, scripts))
  return document.toString({ lineWidth: 140 })
}

/** A kind's actions, in the form that Argo CD reads from a string. */
function actionsOf({ secaKind, actions = [] }: Kind, scripts: Scripts): string {
  const script = (name: string) => scripts(`actions/${secaKind}/${name}.lua`)
  const settings = { 'discovery.lua': script('discovery'), definitions: actions.map((name) => ({ name, 'action.lua': script(name) })) }
  return stringify(settings, { lineWidth: 0 })
}
