import { type Attempt, attempt, harmless, type Verdict } from './attempt.ts'
import { OWN, path, VAULT, type World } from './world.ts'

const SYSTEM = ['seca.admin', 'seca.region-admin', 'seca.workspace-admin', 'seca.workspace-editor', 'seca.workspace-viewer']
const ALL = { permissions: [{ provider: 'seca.storage/v1', resources: ['*'], verb: ['*'] }] }

/** Somebody who may only read one workspace tries to become more than that. */
export function readerAttempts(world: World): readonly Attempt[] {
  const { attacker, reader } = world
  const own = (rest: string): string => path('authorization', `tenants/${attacker}/${rest}`)
  const put = (name: string, target: string, body: object) =>
    attempt(name, 'direct', reader, { method: 'PUT', target, body: JSON.stringify(body) })
  return [
    put('the reader makes itself administrator', own('role-assignments/reader'), {
      spec: { subs: ['reader'], roles: ['seca.admin'], scopes: [{}] },
    }),
    put('the reader makes a role', own('roles/reader'), { spec: ALL }),
    put('the reader widens its role', own('roles/seca.workspace-viewer'), { spec: ALL }),
    put('the reader makes a workspace and so its administrator', path('workspace', `tenants/${attacker}/workspaces/reader`), { spec: {} }),
    put('the reader takes over its workspace', path('workspace', `tenants/${attacker}/workspaces/${OWN}`), { spec: {} }),
    put('the reader writes', path('storage', `tenants/${attacker}/workspaces/${OWN}/block-storages/disk`), {
      spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 60 },
    }),
    attempt('the reader deletes', 'direct', reader, {
      method: 'DELETE',
      target: path('storage', `tenants/${attacker}/workspaces/${OWN}/block-storages/disk`),
    }),
    ...['start', 'stop', 'restart', 'START', 'start%00', 'shutdown', '__proto__'].map((action) =>
      attempt(`the reader's ${action}`, 'direct', reader, {
        method: 'POST',
        target: path('compute', `tenants/${attacker}/workspaces/${OWN}/instances/server/${action}`),
      }),
    ),
  ]
}

/** What does not belong to the attacker's administrator: system roles, other tenants' roles, and rights beyond their own tenant. */
export function roleAttempts(world: World): readonly Attempt[] {
  const { attacker, victim, mallory } = world
  const own = (rest: string): string => path('authorization', `tenants/${attacker}/${rest}`)
  const put = (name: string, target: string, body: object, token = mallory, verdict?: Verdict) =>
    attempt(name, 'direct', token, { method: 'PUT', target, body: JSON.stringify(body) }, verdict === undefined ? {} : { verdict })
  const assignment = (scopes: unknown, subs: unknown = ['mallory'], roles: unknown = ['seca.admin']) => ({ spec: { subs, roles, scopes } })
  const scopes: Readonly<Record<string, unknown>> = {
    'the victim': [{ tenants: [victim] }],
    'both tenants': [{ tenants: [attacker, victim] }],
    'every tenant': [{ tenants: ['*'] }],
    'an empty list': [{ tenants: [] }],
    'steps up': [{ tenants: [`${attacker}/../${victim}`] }],
    'a pattern': [{ tenants: ['victim-*'] }],
    'upper case': [{ tenants: [victim.toUpperCase()] }],
    "the victim's workspace": [{ tenants: [victim], workspaces: [VAULT] }],
    "the victim's workspace in the own tenant": [{ workspaces: [VAULT, `${victim}/${VAULT}`, '*'] }],
    'a prototype': [{ __proto__x: {}, constructor: { tenants: [victim] } }],
    'an object': { tenants: [victim] },
    'a string': victim,
  }
  const permissions = [
    ['*', '*'],
    ['seca.storage/v1', `tenants/${victim}/*`],
    ['seca.storage/v1', `../${victim}/*`],
    ['seca.storage/v1', `/tenants/${victim}/workspaces/${VAULT}/block-storages/*`],
    ['seca.storage', '**'],
    ['seca.storage/v1', '.*'],
    ['seca.storage/v1/../seca.compute', '*'],
    ['*.*', '*'],
    ['kubernetes.io', 'secrets/*'],
  ] as const
  return [
    ...SYSTEM.flatMap((role) => [
      put(`PUT system role ${role}`, own(`roles/${role}`), { spec: ALL }),
      attempt(`DELETE system role ${role}`, 'direct', mallory, { method: 'DELETE', target: own(`roles/${role}`) }),
    ]),
    ...['seca.evil', 'seca.', 'seca', 'SECA.admin', 'seca.admin%20', 'seca.admin.', 'seca%2eadmin'].map((role) =>
      put(`PUT role ${role}`, own(`roles/${role}`), { spec: ALL }, mallory, role === 'seca' ? harmless : undefined),
    ),
    ...Object.entries(scopes).map(([name, scope]) =>
      put(
        `assignment for ${name}`,
        own(`role-assignments/scope-${name.replaceAll(/[^a-z]+/g, '-')}`),
        assignment(scope),
        mallory,
        harmless,
      ),
    ),
    ...[['*'], ['vera'], ['mallory', '*'], ['__proto__'], ['system:masters']].map((subs, index) =>
      put(`assignment to ${subs.join()}`, own(`role-assignments/subs-${index}`), assignment([{}], subs), mallory, harmless),
    ),
    ...permissions.map(([provider, resources], index) =>
      put(
        `role with ${provider} ${resources}`,
        own(`roles/wide-${index}`),
        { spec: { permissions: [{ provider, resources: [resources], verb: ['*'] }] } },
        mallory,
        harmless,
      ),
    ),
    ...['verb', 'VERB', 'get.*', 'escalate', 'bind', 'impersonate', ''].map((verb) =>
      put(`role with verb "${verb}"`, own('roles/verbs'), {
        spec: { permissions: [{ provider: 'seca.storage/v1', resources: ['*'], verb: [verb] }] },
      }),
    ),
    // In the victim's tenant.
    put('role of the victim', path('authorization', `tenants/${victim}/roles/own`), { spec: ALL }),
    put('assignment of the victim', path('authorization', `tenants/${victim}/role-assignments/mallory`), assignment([{}])),
    attempt("DELETE the victim's assignment", 'direct', mallory, {
      method: 'DELETE',
      target: path('authorization', `tenants/${victim}/role-assignments/vera`),
    }),
    attempt("LIST the victim's assignments", 'direct', mallory, { target: path('authorization', `tenants/${victim}/role-assignments`) }),
    ...['GET', 'PUT', 'DELETE'].flatMap((method) =>
      [
        'region/v1/regions/eu-1',
        'region/v1/regions/evil',
        `compute/v1/tenants/${attacker}/skus/evil`,
        'compute/v1/tenants/seca/skus/d2xs',
        `workspace/v1/tenants/${victim}`,
        `workspace/v1/tenants/${victim}/workspaces/${VAULT}`,
        'workspace/v1/tenants/evil/workspaces/new',
      ].map((rest) =>
        attempt(
          `${method} ${rest}`,
          'direct',
          mallory,
          { method, target: `/providers/seca.${rest}`, ...(method === 'PUT' ? { body: '{"spec":{}}' } : {}) },
          method === 'GET' ? { verdict: harmless } : {},
        ),
      ),
    ),
  ]
}

/** After all that the attacker gave itself. */
export function afterwards(world: World): readonly Attempt[] {
  const { victim, mallory, reader } = world
  const rest = `tenants/${victim}/workspaces/${VAULT}`
  return [mallory, reader].flatMap((token, index) =>
    [
      path('storage', `${rest}/block-storages`),
      path('storage', `${rest}/block-storages/disk`),
      path('compute', `${rest}/instances/server`),
      path('network', `${rest}/networks/net/subnets/front-1`),
      path('storage', `tenants/${victim}/images`),
      path('workspace', `tenants/${victim}/workspaces`),
      path('authorization', `tenants/${victim}/roles`),
    ].map((target) => attempt(`${index} afterwards ${target}`, 'direct', token, { target })),
  )
}
