import { type Attempt, attempt, type Verdict } from './attempt.ts'
import { OWN, path, VAULT, type World } from './world.ts'

/** A field of a PUT that names something, the API and type of what it names, and a thing of the victim that is one. */
interface Field {
  readonly api: string
  readonly collection: string
  /** Nested or not: what comes before the type inside the workspace. */
  readonly parent?: string
  readonly name: string
  readonly target: string
  readonly spec: (reference: unknown) => object
}

const SKU = { resource: 'skus/RD100' }

const FIELDS: Readonly<Record<string, Field>> = {
  'image.blockStorageRef': {
    api: 'storage',
    collection: 'block-storages',
    name: 'disk',
    target: 'images/bait',
    spec: (reference) => ({ blockStorageRef: reference, cpuArchitecture: 'amd64' }),
  },
  'volume.sourceImageRef': {
    api: 'storage',
    collection: 'images',
    name: 'golden-1',
    target: `workspaces/${OWN}/block-storages/bait`,
    spec: (reference) => ({ skuRef: SKU, sizeGB: 50, sourceImageRef: reference }),
  },
  'instance.bootVolume': {
    api: 'storage',
    collection: 'block-storages',
    name: 'disk',
    target: `workspaces/${OWN}/instances/bait`,
    spec: (reference) => ({ skuRef: { resource: 'skus/D2XS' }, zone: 'a', bootVolume: { deviceRef: reference } }),
  },
  'nic.subnetRef': {
    api: 'network',
    collection: 'subnets',
    parent: 'networks/net/',
    name: 'front-1',
    target: `workspaces/${OWN}/nics/bait`,
    spec: (reference) => ({ addresses: ['10.0.1.8'], subnetRef: reference }),
  },
  'nic.publicIpRefs': {
    api: 'network',
    collection: 'public-ips',
    name: 'address-1',
    target: `workspaces/${OWN}/nics/bait-2`,
    spec: (reference) => ({ addresses: ['10.0.1.8'], subnetRef: { resource: 'networks/net/subnets/front-1' }, publicIpRefs: [reference] }),
  },
  'subnet.routeTableRef': {
    api: 'network',
    collection: 'route-tables',
    parent: 'networks/net/',
    name: 'main-1',
    target: `workspaces/${OWN}/networks/net/subnets/bait`,
    spec: (reference) => ({ cidr: { ipv4: '10.0.7.0/24' }, zone: 'a', routeTableRef: reference }),
  },
  'route.targetRef': {
    api: 'network',
    collection: 'internet-gateways',
    name: 'exit-1',
    target: `workspaces/${OWN}/networks/net/route-tables/bait`,
    spec: (reference) => ({ routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: reference }] }),
  },
  'group.ruleRefs': {
    api: 'network',
    collection: 'security-group-rules',
    name: 'allow-1',
    target: `workspaces/${OWN}/security-groups/bait`,
    spec: (reference) => ({ ruleRefs: [reference] }),
  },
}

/** API of the PUT, where that is not the target's. */
const WRITER: Readonly<Record<string, string>> = { 'instance.bootVolume': 'compute' }

/** Every way to write that the target is in another tenant (contract §4), and ways that look like one. */
function spellings(victim: string, attacker: string, { api, collection, parent = '', name }: Field): Readonly<Record<string, unknown>> {
  const short = `${collection}/${name}`
  const inWorkspace = `workspaces/${VAULT}/${parent}${short}`
  const inTenant = `tenants/${victim}/${inWorkspace}`
  const full = `seca.${api}/v1/${inTenant}`
  const place = { tenant: victim, workspace: VAULT }
  return {
    'full URN': { resource: full },
    'full URN, as a string': full,
    'without the API': { resource: inTenant },
    'tenant without workspace': { resource: `tenants/${victim}/${parent}${short}` },
    'tenant beside it': { resource: inWorkspace, tenant: victim },
    'tenant and workspace beside it': { resource: `${parent}${short}`, ...place },
    'a name and all beside it': { resource: name, ...place, provider: `seca.${api}/v1` },
    'the own tenant beside it': { resource: inTenant, tenant: attacker },
    "the victim's beside the own URN": { resource: `tenants/${attacker}/workspaces/${OWN}/${parent}${short}`, ...place },
    'the tenant twice': { resource: `tenants/${attacker}/${inTenant}` },
    'the tenant twice, otherwise': { resource: `tenants/${victim}/tenants/${attacker}/${inWorkspace}` },
    'steps up': { resource: `tenants/${attacker}/../${victim}/${inWorkspace}` },
    'steps up, encoded': { resource: `tenants/${attacker}/%2e%2e/${victim}/${inWorkspace}` },
    'steps up from the workspace': { resource: `workspaces/../../${victim}/${inWorkspace}` },
    'encoded slash': { resource: `tenants%2f${victim}%2f${inWorkspace}` },
    'leading slash': { resource: `/${inTenant}` },
    'empty segments': { resource: `tenants//${victim}/${inWorkspace}` },
    'a URL': { resource: `https://localhost/providers/seca.${api}/v1/${inTenant}` },
    'a path': { resource: `/providers/seca.${api}/v1/${inTenant}` },
    'a query': { resource: `${short}?tenant=${victim}` },
    'a namespace': { resource: `seca-${victim}--${VAULT}/${name}` },
    'a namespace as workspace': { resource: `workspaces/seca-${victim}--${VAULT}/${parent}${short}` },
    'a namespace as tenant': { resource: `tenants/seca-${victim}/${inWorkspace}` },
    'a key of the store': { resource: name, workspace: `../seca-${victim}--${VAULT}` },
    'upper case': { resource: full.toUpperCase() },
    'another version': { resource: full.replace('/v1/', '/v9/') },
    'the group of the CRD': { resource: full.replace(`seca.${api}`, `${api}.secapi.cloud`) },
    'NUL behind it': { resource: `${inTenant}\0` },
    'a line behind it': { resource: `${inTenant}\n` },
    'a list': [{ resource: full }],
    'a list inside': { resource: [full] },
    'an object inside': { resource: { resource: full } },
    'a number': 7,
    'a key of prototypes': { resource: short, __proto__x: {}, constructor: { tenant: victim } },
    'more of metadata': { resource: short, namespace: `seca-${victim}`, ref: full },
    'tenant is an object': { resource: inWorkspace, tenant: { toString: victim } },
    'tenant is a list': { resource: inWorkspace, tenant: [victim] },
    'tenant with a tail': { resource: inWorkspace, tenant: `${victim}/` },
    'tenant with steps': { resource: inWorkspace, tenant: `${attacker}/../${victim}` },
    'the catalogue as tenant': { resource: inWorkspace, tenant: 'seca' },
    'a star as tenant': { resource: inWorkspace, tenant: '*' },
  }
}

/** Refused; or, for what turns out to name something of one's own or nothing at all, not stored as anything of the victim's. */
const keepsOut: Verdict = ({ statuses, text }, { victim }) => {
  const [status = 0] = statuses
  if (status >= 400 && status < 500) return undefined
  // What was stored is echoed. A workspace, or the lack of one, is never looked for in another tenant than the reference names.
  if (status === 201 || status === 200) {
    const { spec } = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { spec: object }
    return [`tenants/${victim}`, `"tenant":"${victim}`].some((words) => JSON.stringify(spec).includes(words))
      ? 'a reference to the victim was stored'
      : undefined
  }
  return `it was answered with ${statuses.join()}`
}

export function referenceAttempts(world: World): readonly Attempt[] {
  const { attacker, victim, mallory } = world
  return Object.entries(FIELDS).flatMap(([name, field]) =>
    Object.entries(spellings(victim, attacker, field)).map(([spelling, reference]) =>
      attempt(
        `${name}: ${spelling}`,
        'direct',
        mallory,
        {
          method: 'PUT',
          target: path(WRITER[name] ?? field.api, `tenants/${attacker}/${field.target}`),
          body: JSON.stringify({ spec: field.spec(reference) }),
        },
        { verdict: keepsOut },
      ),
    ),
  )
}

/** Two PUTs that differ in whether the victim has what they name: their answers must not. */
export async function oracles(world: World): Promise<readonly string[]> {
  const { attacker, victim, mallory, send } = world
  const told: string[] = []
  for (const [name, field] of Object.entries(FIELDS))
    for (const [spelling, reference] of Object.entries(spellings(victim, attacker, { ...field, name: 'REAL' }))) {
      const answers = await Promise.all(
        [field.name, 'nothing'].map(async (real) => {
          const body = JSON.stringify({ spec: field.spec(reference) }).replaceAll('REAL', real)
          const target = path(WRITER[name] ?? field.api, `tenants/${attacker}/${field.target}-${real === 'nothing' ? 'a' : 'b'}`)
          const { status, text } = await send('PUT', target, { token: mallory, body })
          // With the own names it may well be found or not: that is no secret.
          return status < 300 ? 'own' : `${status} ${text.replaceAll(real, 'X').replaceAll(/bait(-2)?-[ab]/g, 'bait')}`
        }),
      )
      if (answers[0] !== answers[1] && !answers.includes('own')) told.push(`${name}, ${spelling}: ${answers.join(' | ')}`)
    }
  return told
}
