import { Subnet } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'

/** A subnet shows the route table in use. */
export const subnet = controller(Subnet, {
  derive: ({ spec }) => ({ routeTableRef: spec.routeTableRef }),
})
