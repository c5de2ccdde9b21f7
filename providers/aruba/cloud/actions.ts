import type { CloudObject, Fields } from '../../stand-in/model.ts'
import type { View } from './view.ts'
import { interfacesFor } from './make.ts'
import { inTransit, notReady, Wrong } from './problem.ts'

/** What an action makes of a server, and what the cloud calls that while it does it. */
interface Effect {
  readonly fields: Fields
  readonly state: string
}
type Action = (cloud: View, server: CloudObject, body: Fields) => Effect

/** Ids that are named in a list of references, none of them in transit. */
function named(cloud: View, body: Fields, key: string, type: string): readonly string[] {
  return ((body[key] ?? []) as readonly { uri?: string }[]).map(({ uri = '' }) => {
    const object = cloud.named(uri, type)
    if (object === undefined) throw new Wrong(key, `${uri} does not exist`)
    if (object.operation !== undefined) throw notReady(`${uri} is not ready`)
    return object.id
  })
}

function power(on: boolean): Action {
  return (_cloud, { fields }) => {
    if ((fields['power'] === 'on') === on) throw inTransit()
    return { fields: { power: on ? 'on' : 'off' }, state: on ? 'Enabling' : 'Disabling' }
  }
}

/** A list of connections, of which some come and some go. */
function connect(
  field: string,
  type: string,
  [add, drop]: readonly [string, string],
  limits: { readonly isShared?: true; readonly min?: number; readonly max?: number },
): Action {
  return (cloud, server, body) => {
    const had = server.fields[field] as readonly string[]
    const [added, dropped] = [named(cloud, body, add, type), named(cloud, body, drop, type)]
    for (const id of added) {
      if (limits.isShared !== true && cloud.serverOf(id) !== undefined) throw new Wrong(add, `${id} in use`)
      if (limits.isShared === true && cloud.find(id).fields['vpc'] !== server.fields['vpc']) throw new Wrong(add, `${id} is in another VPC`)
    }
    const next = [...had.filter((id) => !dropped.includes(id)), ...added.filter((id) => !had.includes(id))]
    if (next.length < (limits.min ?? 0) || next.length > (limits.max ?? Infinity)) throw new Wrong(field, `cannot be ${next.length}`)
    const interfaces = server.fields['interfaces'] as Parameters<typeof interfacesFor>[2]
    return {
      fields: { [field]: next, ...(field === 'subnets' ? { interfaces: interfacesFor(cloud, next, interfaces) } : {}) },
      state: 'Updating',
    }
  }
}

/** By verb. */
export const actions: Readonly<Record<string, Action>> = {
  poweron: power(true),
  poweroff: power(false),
  attachDetachDataVolumes: connect('dataVolumes', 'blockStorages', ['volumesToAttach', 'volumesToDetach'], {}),
  associateDisassociateSubnets: connect('subnets', 'subnets', ['subnetsToAssociate', 'subnetsToDisassociate'], { isShared: true, min: 1 }),
  associateDisassociateSecurityGroups: connect(
    'securityGroups',
    'securityGroups',
    ['securityGroupsToAssociate', 'securityGroupsToDisassociate'],
    { isShared: true, min: 1 },
  ),
  associateDisassociateElasticIPs: connect('elasticIps', 'elasticIps', ['elasticIPsToAssociate', 'elasticIPsToDisassociate'], { max: 1 }),
}
