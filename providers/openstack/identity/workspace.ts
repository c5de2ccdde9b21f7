import type { Workspace } from '../../../src/kinds/index.ts'
import type { Desired, ResourceAdapter } from '../../../src/provider/contract.ts'

/** The project that an object goes to, where each workspace has one. */
export const projectOf = (desired: Desired): string | undefined => desired.workspace?.externalId

/** In a shared project a workspace is nothing but the tags of what is in it. */
export const sharedWorkspace: ResourceAdapter<typeof Workspace> = {
  observe: () => Promise.resolve({ status: {}, drift: [], part: "its objects are tagged in the account's project" }),
  create: () => Promise.resolve({}),
  delete: () => Promise.resolve(),
}
