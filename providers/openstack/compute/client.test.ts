import { expect, test } from 'vitest'
import type { Session } from '../identity/session.ts'
import type { Projects } from '../identity/projects.ts'
import type { Native } from '../native.ts'
import type { NetworkClient } from '../network/client.ts'
import { ServerClient } from './client.ts'

const context = { signal: new AbortController().signal }
const mark = { tag: 'i/r/x', tagKey: 'seca-x', installationKey: 'seca-i', incarnation: 'one' }

/** Nova with these servers; `asked` holds the servers whose ports were asked for. */
function world(servers: readonly Native[]) {
  const asked: string[] = []
  const session = { page: () => Promise.resolve({ servers }) } as unknown as Session
  const among = (_place: object, _field: string, ids: readonly string[]) => {
    asked.push(...ids)
    return Promise.resolve(ids.map((id) => ({ id: `port of ${id}`, device_id: id })))
  }
  const projects = { parentOf: () => undefined } as unknown as Projects
  return { asked, client: new ServerClient(session, projects, { among } as unknown as NetworkClient) }
}

test('ports are asked for once nothing is under way', async () => {
  const { asked, client } = world([
    { id: 'new', status: 'BUILD', 'OS-EXT-STS:task_state': 'spawning' },
    { id: 'going', status: 'ACTIVE', 'OS-EXT-STS:task_state': 'deleting' },
    { id: 'calm', status: 'ACTIVE', 'OS-EXT-STS:task_state': null },
    { id: 'broken', status: 'ERROR', 'OS-EXT-STS:task_state': null },
  ])
  const found = await client.find({ type: 'servers' }, mark, context)
  expect(asked).toEqual(['calm', 'broken'])
  expect(found.map(({ id, ports }) => [id, ports])).toEqual([
    ['new', []],
    ['going', []],
    ['calm', ['port of calm']],
    ['broken', ['port of broken']],
  ])
})
