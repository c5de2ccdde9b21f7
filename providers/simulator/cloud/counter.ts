import type { Desk } from '../../stand-in/admin-routes.ts'
import { type DeskOptions, openDesk as openDeskOf } from '../../stand-in/counter.ts'
import type { Front } from '../../stand-in/front.ts'
import type { Refusal } from '../../stand-in/model.ts'
import { Order, ordered, type Switches, switchesOf } from './characters.ts'
import { Cloud } from './cloud.ts'
import { customerRoute } from './routes.ts'
import { show } from './sight.ts'

/** The simulated cloud with its desk, without a door: for calls in this process, on any clock. */
export function openDesk(options: DeskOptions<Switches>): Desk<Cloud> {
  return openDeskOf({ ...options, switches: options.switches ?? switchesOf([]) }, (ground) => new Cloud(ground), frontOf)
}

function frontOf(cloud: Cloud): Front<Switches> {
  return {
    typeOf: ([type = '']) => type,
    serve: (call) => customerRoute(cloud, call),
    refused: ({ status, code, message, details }: Refusal) => ({ status, body: { code, message, ...details } }),
    show: (object, find) => show(cloud, object, find),
    ordered: (order) => ordered(Order.parse(order), cloud.switches),
    create: (type, body) => cloud.create(type, body, 'admin').object,
    change: (id, body) => cloud.change(id, body, 'admin'),
  }
}
