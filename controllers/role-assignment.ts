import { RoleAssignment } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'

/** Stays when the last of its roles is deleted (contract §11.22). */
export const roleAssignment = controller(RoleAssignment, {
  remark: ({ spec }) => (spec.roles.length > 0 ? undefined : { reason: 'NoRoles', message: 'names no role, so it grants nothing' }),
})
