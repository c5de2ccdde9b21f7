import { createHash } from 'node:crypto'
import { BlockList } from 'node:net'

/** Addresses of one node: each has a network of its own, so that several can run on a machine. */
export interface Addresses {
  /** Of the veth on the host's side: `seca3`. */
  readonly link: string
  /** Of nodes and pods, IPv4. */
  readonly pods: string
  /** The node's own: kube-apiserver, kubelet. */
  readonly node: string
  /** The host's, in the same network. */
  readonly host: string
  readonly firstPod: string
  readonly services: string
  /** Of the Service `kubernetes`. */
  readonly apiserver: string
}

const COUNT = 64

/**
 * Networks of a node that collide neither with a route of the host nor with another node, in the order of trying. Each data folder begins
 * at a place of its own: what a node that was killed had is not the first that others take before it starts again.
 */
export function candidates(routes: readonly string[], dataDir: string): Addresses[] {
  const first = createHash('sha256').update(dataDir).digest().readUInt16BE() % COUNT
  return Array.from({ length: COUNT }, (_, index) => addresses((first + index) % COUNT)).filter(
    ({ pods, services }) => !routes.some((route) => overlaps(route, pods) || overlaps(route, services)),
  )
}

function addresses(index: number): Addresses {
  const [network, services] = [`10.${128 + index}`, `10.${192 + index}`]
  return {
    link: `seca${index}`,
    pods: `${network}.0.0/16`,
    node: `${network}.0.1`,
    host: `${network}.255.254`,
    firstPod: `${network}.1.1`,
    services: `${services}.0.0/16`,
    apiserver: `${services}.0.1`,
  }
}

/** Whether a route's destination (`default`, an address or a CIDR) meets a block. A default route meets none. */
function overlaps(route: string, block: string): boolean {
  if (route === 'default') return false
  const [address = '', bits = '32'] = route.split('/')
  const [start = '', length = '32'] = block.split('/')
  const isInside = (outer: string, prefix: string, one: string) => {
    const list = new BlockList()
    list.addSubnet(outer, Number(prefix))
    return list.check(one)
  }
  return isInside(start, length, address) || isInside(address, bits, start)
}
