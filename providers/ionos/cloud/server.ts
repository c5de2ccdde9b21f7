import type { DeskOptions } from '../../stand-in/counter.ts'
import { Refusal } from '../../stand-in/model.ts'
import { bearerOf, type DoorOptions, type Enter, type StandIn, startStandIn } from '../../stand-in/server.ts'
import { StandInAdmin } from '../../stand-in/admin.ts'
import type { IonosCloud } from './cloud.ts'
import { openDesk } from './counter.ts'
import type { Order, Switches } from './switches.ts'

/** Starts the stand-in of IONOS Cloud; its API begins at `<url>/cloudapi/v6`. */
export async function startIonos(options: DoorOptions & Omit<DeskOptions<Switches>, 'onTokens'>): Promise<StandIn> {
  let cloud: IonosCloud | undefined
  const running = await startStandIn(options, enter, (more) => {
    const desk = openDesk({ ...options, ...more })
    cloud = desk.cloud
    return desk
  })
  if (cloud) cloud.origin = running.url
  return running
}

const enter: Enter = ({ path: [first, second, ...path], headers }, isToken) => {
  if (first !== 'cloudapi' || second !== 'v6') throw new Refusal(404, '309', 'this cloud answers below /cloudapi/v6')
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1]
  const shown = basic === undefined ? bearerOf(headers) : Buffer.from(basic, 'base64').toString()
  if (!isToken(shown)) throw new Refusal(401, '315', 'Unauthorized')
  return path.filter((segment) => segment !== '')
}

/** Client of the stand-in's `/admin`. */
export class IonosAdmin extends StandInAdmin<Order, Switches> {}
