import type { Desk } from '../../stand-in/admin-routes.ts'
import { type DeskOptions, openDesk as openDeskOf } from '../../stand-in/counter.ts'
import type { Front } from '../../stand-in/front.ts'
import type { Fields, Refusal } from '../../stand-in/model.ts'
import { IonosCloud } from './cloud.ts'
import { route } from './routes.ts'
import { Order, ordered, type Switches, switchesOf } from './switches.ts'
import { plan } from './changes.ts'

/** What a request is about: the last collection of its path. */
const COLLECTIONS = [
  'datacenters',
  'lans',
  'volumes',
  'servers',
  'nics',
  'securitygroups',
  'rules',
  'ipblocks',
  'snapshots',
  'requests',
  'labels',
]

/** The cloud with its desk, without a door. */
export function openDesk(options: DeskOptions<Switches>): Desk<IonosCloud> {
  return openDeskOf({ ...options, switches: options.switches ?? switchesOf([]) }, (ground) => new IonosCloud(ground), frontOf)
}

function frontOf(cloud: IonosCloud): Front<Switches> {
  return {
    typeOf: (path) => (path.at(-1) === 'create-snapshot' ? 'snapshots' : (path.findLast((segment) => COLLECTIONS.includes(segment)) ?? '')),
    serve(call) {
      const { headers, ...reply } = route(cloud, call)
      return { ...reply, headers: { ...headers, 'x-ratelimit-remaining': '90', 'x-ratelimit-burst': '100', 'x-ratelimit-limit': '600' } }
    },
    refused: ({ status, code, message }: Refusal) => ({ status, body: { httpStatus: status, messages: [{ errorCode: code, message }] } }),
    show: ({ id, type, name, labels, fields, state, error }) => ({ id, type, name, labels, state, error, ...fields }),
    ordered: (order) => ordered(Order.parse(order), cloud.switches),
    create: (type, { parent, ...properties }) => {
      const { targets, done } = plan(cloud, type, typeof parent === 'string' ? cloud.find(parent) : undefined, { properties })
      cloud.accept({ method: 'POST', url: '', body: properties, targets, action: 'create', done })
      cloud.finish()
      return cloud.find(targets[0]?.id ?? '')
    },
    change: (id, body) => {
      const object = cloud.find(id)
      const { labels = object.labels, ...more } = body as Fields & { labels?: Readonly<Record<string, string>> }
      const fields = { ...object.fields, ...more }
      return cloud.atOnce({ ...object, name: String(fields['name'] ?? ''), labels, fields }, 'admin', Object.keys(body as object))
    },
  }
}
