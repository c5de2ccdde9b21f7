import type { CallContext, Desired } from '../../../src/provider/contract.ts'
import { tagKey } from '../../../src/provider/tags.ts'
import { projectOf } from '../identity/workspace.ts'
import type { Native } from '../native.ts'
import { listOf, textOf } from '../native.ts'
import type { ServerClient } from './client.ts'

type Member = Pick<Desired, 'tag' | 'path' | 'workspace'>
const PATH = '/os-server-groups'

/** Server groups have neither tags nor metadata: a name made of the workspace and of what the group is called there. */
export function groupName({ tag, path }: Pick<Desired, 'tag' | 'path'>, group: string): string {
  const workspace = tag.slice(0, tag.indexOf(`/workspaces/${path.workspace ?? ''}/`))
  return tagKey(`${workspace}/${path.workspace ?? ''}/anti-affinity/${group}`)
}

async function named(client: ServerClient, member: Member, group: string, context: CallContext): Promise<readonly Native[]> {
  const place = { parent: projectOf(member) }
  const name = groupName(member, group)
  const found = await client.call<{ server_groups: readonly Native[] }>(
    { method: 'GET', path: PATH, query: { limit: 1000 } },
    place,
    context,
  )
  // Of two made at the same time, everybody takes the same.
  return (found?.server_groups ?? []).filter((one) => textOf(one, 'name') === name).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** Id of the group, which is made where it is not there yet. */
export async function ensureGroup(client: ServerClient, member: Member, group: string, context: CallContext): Promise<string> {
  const [known] = await named(client, member, group, context)
  if (known !== undefined) return known.id
  const server_group = { name: groupName(member, group), policy: 'anti-affinity' }
  await client.call({ method: 'POST', path: PATH, body: { server_group } }, { parent: projectOf(member) }, context)
  const [first, ...others] = await named(client, member, group, context)
  for (const { id } of others) await client.call({ method: 'DELETE', path: `${PATH}/${id}` }, { parent: projectOf(member) }, context)
  return first?.id ?? ''
}

/** Removes the group when `server` is the last that is in it. */
export async function leaveGroup(client: ServerClient, member: Member, group: string, server: string, context: CallContext): Promise<void> {
  for (const one of await named(client, member, group, context))
    if (listOf<string>(one, 'members').every((id) => id === server))
      await client.call({ method: 'DELETE', path: `${PATH}/${one.id}` }, { parent: projectOf(member) }, context)
}
