import type { CloudObject, Fields, Find } from '../../stand-in/model.ts'
import type { View } from './view.ts'
import { typeOf } from './types.ts'

const LOCATION = { code: 'IT', country: 'Italy', city: 'Bergamo', name: 'Bergamo', value: 'ITBG-Bergamo' }

/** URI of an object, as answers write it. */
export function uriOf(cloud: View, { id, type, fields }: Pick<CloudObject, 'id' | 'type' | 'fields'>): string {
  if (type === 'projects') return `/projects/${id}`
  const { parent, service, otherCase = type } = typeOf(type)
  const segment = cloud.switches.otherCase ? otherCase : type
  if (parent === undefined) return `/projects/${String(fields['project'])}/providers/${service}/${segment}/${id}`
  const outer = { id: String(fields[parent.field]), type: parent.type, fields }
  return `${uriOf(cloud, outer)}/${segment}/${id}`
}

const date = (ms: number) => new Date(ms).toISOString()

/** The object's state in the cloud's words. */
export function stateOf(cloud: View, { id, type, state, fields, operation }: CloudObject): string {
  if (state === 'building') return 'InCreation'
  if (state === 'changing') return operation?.name ?? 'Updating'
  if (state === 'deleting') return 'Deleting'
  if (state === 'failed') return 'Failed'
  if (type === 'cloudServers') return fields['power'] === 'off' ? 'Stopped' : 'Running'
  if (type === 'elasticIps' || type === 'blockStorages') return cloud.serverOf(id) === undefined ? 'NotUsed' : 'Used'
  return 'Active'
}

/** An object as customers see it: `state` where it is another one than that of the object. */
export function show(cloud: View, object: CloudObject, _find?: Find, state = stateOf(cloud, object)): Fields {
  const { id, type, name, fields, createdAt, error } = object
  const { service, category } = typeOf(type)
  const dates = { creationDate: date(createdAt), createdBy: 'stand-in' }
  if (type === 'projects') {
    const { description = null, default: isDefault = false, tags } = fields
    const resourcesNumber = cloud.store.users(id).length
    return {
      metadata: { id, name, tags, ...dates, ownerId: cloud.account },
      properties: { description, default: isDefault, resourcesNumber },
    }
  }
  const metadata = {
    id,
    uri: uriOf(cloud, object),
    name,
    location: LOCATION,
    project: { id: fields['project'] },
    tags: fields['tags'],
    category: { name: category, provider: service, typology: { id: category.toLowerCase(), name: category } },
    ...dates,
    updateDate: date(createdAt),
    updatedBy: 'stand-in',
    version: '1.0',
  }
  const reason = error === undefined ? {} : { failureReason: error }
  return { metadata, status: { state, creationDate: date(createdAt), ...reason }, properties: propertiesOf(cloud, object) }
}

const ref = (cloud: View, id: unknown) => {
  const object = typeof id === 'string' ? cloud.store.get(id) : undefined
  return object === undefined ? undefined : { uri: uriOf(cloud, object) }
}
const links = (cloud: View, ids: readonly unknown[]) =>
  ids.flatMap((id) => ref(cloud, id) ?? []).map(({ uri }) => ({ uri, strictCorrelation: false }))
const known = (fields: Fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

function propertiesOf(cloud: View, { id, type, fields }: CloudObject): Fields {
  const { lowerBilling, otherProtocols } = cloud.switches
  const period = (text: unknown) => (lowerBilling ? String(text).toLowerCase() : text)
  const linkedResources = links(cloud, [cloud.serverOf(id)?.id])
  switch (type) {
    case 'blockStorages': {
      const { sizeGb, billingPeriod, dataCenter, type: kind, bootable, image } = fields
      return known({ sizeGb, billingPeriod: period(billingPeriod), dataCenter, type: kind, bootable, image, linkedResources })
    }
    case 'snapshots': {
      const { sizeGb, billingPeriod, volume, type: kind } = fields
      return { sizeGb, billingPeriod: period(billingPeriod), volume: ref(cloud, volume) ?? { uri: null }, type: kind, bootable: true }
    }
    case 'vpcs':
      return { linkedResources: [], default: fields['default'] }
    case 'subnets': {
      const { type: kind, default: isDefault, network, dhcp, vpc } = fields
      return known({ linkedResources: [], vpc: ref(cloud, vpc), type: kind, default: isDefault, network, dhcp })
    }
    case 'securityGroups':
      return { linkedResources: [], default: fields['default'], vpc: ref(cloud, fields['vpc']) }
    case 'securityRules': {
      const { direction, protocol, port, target } = fields
      const word = String(protocol)
      const shown = otherProtocols ? word.charAt(0) + word.slice(1).toLowerCase() : word
      return known({ linkedResources: [], direction, protocol: shown, port, target })
    }
    case 'elasticIps':
      return { linkedResources, address: fields['address'], billingPlan: { billingPeriod: period(fields['billingPeriod']) } }
    case 'keyPairs':
      return { linkedResources: [], value: fields['value'] }
    default:
      return serverOf(cloud, fields)
  }
}

/** Nothing of it is shown as it was sent (tf 247). */
function serverOf(cloud: View, fields: Fields): Fields {
  const { vpc, dataCenter, flavor, bootVolume, keyPair, subnets, securityGroups, dataVolumes, elasticIps, interfaces } = fields
  const named = [bootVolume, keyPair, subnets, securityGroups, dataVolumes, elasticIps].flat()
  const shown = interfaces as readonly { readonly subnet: string; readonly mac: string; readonly ip: string }[]
  return known({
    linkedResources: links(cloud, named),
    vpc: ref(cloud, vpc),
    dataCenter,
    flavor,
    bootVolume: ref(cloud, bootVolume),
    keyPair: ref(cloud, keyPair),
    networkInterfaces: shown.map(({ subnet, mac, ip }) => ({ subnet: ref(cloud, subnet)?.uri, macAddress: mac, ips: [ip] })),
  })
}
