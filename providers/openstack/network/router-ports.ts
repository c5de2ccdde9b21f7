/** What Neutron calls the interfaces of a router in a subnet: plain, distributed and highly available ones. */
export const ROUTER_PORTS: readonly string[] = [
  'network:router_interface',
  'network:router_interface_distributed',
  'network:ha_router_replicated_interface',
]
