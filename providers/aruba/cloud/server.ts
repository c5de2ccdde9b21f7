import type { Desk } from '../../stand-in/admin-routes.ts'
import { StandInAdmin } from '../../stand-in/admin.ts'
import { type DeskOptions, openDesk as openDeskOf } from '../../stand-in/counter.ts'
import type { Front } from '../../stand-in/front.ts'
import { type Fields, Refusal } from '../../stand-in/model.ts'
import { bearerOf, type DoorOptions, type Enter, type StandIn, startStandIn } from '../../stand-in/server.ts'
import { Cloud } from './cloud.ts'
import { problemOf } from './problem.ts'
import { collectionOf, serveApi } from './routes.ts'
import { show } from './show.ts'
import { Order, type Switches, switchesOf } from './switches.ts'
import type * as z from 'zod'
import { TOKEN_PATH, Tokens } from './tokens.ts'

type Options = Omit<DeskOptions<Switches>, 'onTokens'>

/** The cloud with its desk, without a door: for calls in this process, on any clock. */
export function openDesk(options: DeskOptions<Switches>, tokens: Tokens): Desk<Cloud> {
  const switches = options.switches ?? switchesOf(['neat'])
  const desk = openDeskOf(
    { ...options, switches },
    (ground) => new Cloud(ground),
    (cloud) => frontOf(cloud, tokens),
  )
  return { ...desk, setTokens: (secrets) => void (tokens.secrets = secrets) }
}

function frontOf(cloud: Cloud, tokens: Tokens): Front<Switches> {
  return {
    typeOf: collectionOf,
    serve: (call) => (isTokenPath(call.path) ? tokens.issue(call.body, cloud.time, cloud.switches.tokenLifeS) : serveApi(cloud, call)),
    refused: (refusal) => problemOf(refusal, cloud.switches),
    show: (object) => ({ ...show(cloud, object), id: object.id, fields: object.fields }),
    ordered: (order) => ({ ...cloud.switches, ...Order.parse(order) }) as Switches,
    create: (type, { place = {}, ...body }) => cloud.create(type, place as Fields, body, 'admin'),
    change: (id, body) => cloud.meddle(id, body as Fields),
  }
}

const isTokenPath = (path: readonly string[]) => path.join('/') === TOKEN_PATH.join('/')

/** `token` is the client's secret; its id is whatever it says. */
export function startArubaCloud(options: DoorOptions & Options): Promise<StandIn> {
  let desk: Desk<Cloud> | undefined
  const tokens = new Tokens(options.token, () => desk?.cloud.account ?? '')
  const now = options.now ?? Date.now
  const enter: Enter = ({ path, headers }) => {
    if (!isTokenPath(path) && !tokens.isGood(bearerOf(headers), now())) throw new Refusal(401, 'unauthorized', 'Unauthorized')
    return path
  }
  return startStandIn(options, enter, (more) => (desk = openDesk({ ...options, ...more }, tokens)))
}

export type ArubaAdmin = StandInAdmin<z.input<typeof Order>, Switches>
export const adminOf = (url: string, adminToken: string): ArubaAdmin => new StandInAdmin({ url, adminToken })
