import { CREATED, changed } from '../asserts.ts'
import { another, respec, several, USERS } from '../fixtures.ts'
import type { Resource } from '../resource.ts'
import type { Scenario, Steps } from '../steps.ts'
import { refuseEnvelopes, refuseSpecs } from './constraints.ts'

async function roleLifeCycle(steps: Steps, role: Resource): Promise<void> {
  await steps.created(role)
  const [permission] = role.spec['permissions'] as object[]
  const updated = respec(role, { permissions: [{ ...permission, verb: ['GET', 'PUT'] }] })
  await steps.update(updated)
  await steps.active(updated, changed(CREATED))
}

async function assignmentLifeCycle(steps: Steps, assignment: Resource): Promise<void> {
  await steps.created(assignment)
  const updated = respec(assignment, { subs: USERS })
  await steps.update(updated)
  await steps.active(updated, changed(CREATED))
}

export const AUTHORIZATION: Readonly<Record<string, Scenario>> = {
  'Authorization.V1.ProviderLifeCycle': async (steps) => {
    const { role, assignment } = steps.fixtures()
    await roleLifeCycle(steps, role)
    await assignmentLifeCycle(steps, assignment)
    await steps.removed(assignment, role)
  },
  'Authorization.V1.ProviderQueries': async (steps) => {
    const { role, assignment } = steps.fixtures()
    const roles = several(role, 3)
    for (const one of roles) await steps.create(one)
    await steps.lists(roles, { isAll: false })
    const assignments = several(respec(assignment, { roles: [roles[1]!.name] }), 3)
    for (const one of assignments) await steps.create(one)
    await steps.lists(assignments, { isAll: false })
    await steps.removed(...assignments, ...roles)
  },
  'Authorization.V1.RoleLifeCycle': async (steps) => {
    const { role } = steps.fixtures()
    await roleLifeCycle(steps, role)
    await steps.removed(role)
  },
  'Authorization.V1.RoleAssignmentLifeCycle': async (steps) => {
    // Its role is never made.
    const { assignment } = steps.fixtures()
    await assignmentLifeCycle(steps, assignment)
    await steps.removed(assignment)
  },
  'Authorization.V1.RoleConstraintsValidation': async (steps) => refuseEnvelopes(steps, steps.fixtures().role),
  'Authorization.V1.RoleAssignmentConstraintsValidation': async (steps) => {
    const { assignment } = steps.fixtures()
    await refuseEnvelopes(steps, assignment)
    const long = 'a'.repeat(65)
    await refuseSpecs(steps, assignment, [
      { subs: ['a'.repeat(129)] },
      { roles: [long] },
      ...['tenants', 'regions', 'workspaces'].map((dimension) => ({ scopes: [{ [dimension]: [long] }] })),
    ])
  },
  'Authorization.V1.RoleError': async (steps) => {
    const { role } = steps.fixtures()
    const [permission] = role.spec['permissions'] as object[]
    await refuseSpecs(steps, role, [
      { permissions: [{ ...permission, provider: 'non-existent-provider' }] },
      { permissions: [] },
      { permissions: [{ ...permission, verb: ['CONNECT'] }] },
    ])
  },
}

/** An assignment of what may come later is accepted; scopes that do not exist are refused. */
export const roleAssignmentError: Scenario = async (steps) => {
  const { role, assignment } = steps.fixtures()
  const { tenant } = steps
  await steps.create(role)
  const late = [
    { roles: ['non-existent-role'] },
    { scopes: [{ tenants: [tenant], workspaces: ['non-existent-workspace'] }] },
    { subs: ['non-existent-sub@example.com'] },
  ].map((spec) => another(respec(assignment, spec)))
  for (const one of late) await steps.created(one)
  await refuseSpecs(steps, assignment, [
    { scopes: [{ tenants: ['non-existent-tenant'] }] },
    { scopes: [{ tenants: [tenant], regions: ['non-existent-region'] }] },
  ])
  await steps.removed(...late, role)
}
