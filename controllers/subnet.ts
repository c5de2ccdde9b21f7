import { Subnet } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'
import { isDone } from '../src/reconcile/in-step.ts'

/** A subnet shows the route table in use: while another one is put in its place, the one before. */
export const subnet = controller(Subnet, {
  derives: ['routeTableRef'],
  derive: ({ spec, status }, _view, outcome) => ({ routeTableRef: isDone(outcome) ? spec.routeTableRef : status?.routeTableRef }),
})
