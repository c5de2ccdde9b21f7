import { CloudProvider } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'

/** A cloud account is in order when its Secret is complete and the cloud accepts it. */
export const cloudProvider = controller(CloudProvider, {
  isAccount: true,
  adapter: ({ services, view }) => ({
    async observe({ path }, context) {
      const object = view.lookup.get('CloudProvider', path.name)
      if (object !== undefined) await services.checkAccount(object, context)
      return { externalId: '', status: {}, drift: [] }
    },
    create: () => Promise.resolve({ externalId: '' }),
    delete: () => Promise.resolve(),
  }),
})
