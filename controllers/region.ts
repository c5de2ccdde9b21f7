import { CATALOGUE } from '../src/errors.ts'
import { Region } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'
import { isUsable } from '../src/reconcile/outcome.ts'

/** A region serves as soon as its cloud does; it stays while anything lives in it. What its cloud offers is kept up at each look at it. */
export const region = controller(Region, {
  check({ spec }, { lookup }) {
    const cloud = lookup.get('CloudProvider', spec.cloudProvider)
    if (cloud === undefined)
      return {
        reason: CATALOGUE.ReferenceNotFound.reason,
        message: `spec.cloudProvider: CloudProvider "${spec.cloudProvider}" does not exist`,
      }
    if (isUsable(cloud)) return undefined
    const why = cloud.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'it was not checked yet'
    return { reason: CATALOGUE.ReferenceNotReady.reason, message: `CloudProvider "${spec.cloudProvider}" is not ready: ${why}` }
  },
  // It may not stay for what it brought itself.
  async beforeDelete(object, tools) {
    await tools.services.keepCatalogue(object, tools)
  },
  adapter: ({ services, view }) => ({
    async observe({ path }, context) {
      const object = view.lookup.get('Region', path.name)
      const message = object && (await services.keepCatalogue(object, context))
      const items = message === undefined ? {} : { catalogue: { state: 'error' as const, message } }
      return { externalId: '', status: {}, drift: [], items }
    },
    create: () => Promise.resolve({ externalId: '' }),
    delete: () => Promise.resolve(),
  }),
})
