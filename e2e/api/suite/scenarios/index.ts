import type { Scenario } from '../steps.ts'
import { AUTHORIZATION, roleAssignmentError } from './authorization.ts'
import { COMPUTE } from './compute.ts'
import { NETWORK } from './network.ts'
import { NETWORK_REFUSALS, nicError } from './network-refusals.ts'
import { STORAGE } from './storage.ts'
import { foundationProviders, USAGE } from './usage.ts'
import { WORKSPACE } from './workspace.ts'

/** Scenarios of the ecosystem's conformance suite, by its names for them. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...AUTHORIZATION,
  ...WORKSPACE,
  ...COMPUTE,
  ...STORAGE,
  ...NETWORK,
  ...NETWORK_REFUSALS,
  ...USAGE,
}

/** Those that contradict others of the suite (contract §11.23), as far as they go, with what we do instead. */
export const CONTRADICTED: Readonly<Record<string, Scenario>> = {
  'Network.V1.NicError: a NIC whose public address is missing is accepted': nicError,
  'Authorization.V1.RoleAssignmentError: an assignment whose role is missing is accepted': roleAssignmentError,
  'Usage.V1.FoundationProviders: an image whose volume is missing is refused': foundationProviders,
}
