import { CloudProvider } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'

/** A cloud account is in order when its Secret is complete and the cloud accepts it. Secrets of single tenants are told of, no more: they are those tenants' trouble. */
/** A tenant's Secret that does not work is looked at again this often. */
const AGAIN_MS = 45_000

export const cloudProvider = controller(CloudProvider, {
  isAccount: true,
  adapter: ({ services, view }) => ({
    async observe({ path }, context) {
      const object = view.lookup.get('CloudProvider', path.name)
      if (object === undefined) return { externalId: '', status: {}, drift: [] }
      const { homes, problems } = await services.checkAccount(object, context)
      const items = Object.entries(problems).map(([path, message]) => [path, { state: 'error', message }] as const)
      return { externalId: '', status: homes, drift: [], items: Object.fromEntries(items), ...(items.length > 0 && { againMs: AGAIN_MS }) }
    },
    create: () => Promise.resolve({ externalId: '' }),
    delete: () => Promise.resolve(),
  }),
})
