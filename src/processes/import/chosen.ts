import { SecaError } from '../../errors.ts'
import type { Unmanaged } from '../../provider/contract.ts'
import { unmanagedId } from '../../provider/unmanaged.ts'

const WORKSPACE = 'Workspace'

interface Choice {
  /** What `--from` says: id or name of a workspace in the cloud. */
  readonly from?: string | undefined
  /** The cloud's id of the Workspace that the manifests are for, where that is there. */
  readonly own?: string | undefined
  /** Name of the Workspace that stands for one of the cloud's, wherever it is. */
  standsFor(id: string): string | undefined
}

interface Chosen {
  /** What is in it, or in none. */
  readonly found: readonly Unmanaged[]
  /** The workspace itself, where it is to be taken over, too. */
  readonly workspace?: Unmanaged
  readonly remarks: readonly string[]
}

/** What belongs into one Workspace: where the cloud has them, an account may hold several. */
export function chosenFrom(all: readonly Unmanaged[], { from, own, standsFor }: Choice): Chosen {
  const workspaces = all.filter(({ kind }) => kind === WORKSPACE)
  const others = all.filter(({ kind }) => kind !== WORKSPACE)
  const titles = new Map([
    ...others.flatMap(({ workspaceId: id }) => (id === undefined ? [] : [[id, id] as const])),
    ...workspaces.map((one) => [unmanagedId(one), `${one.name} (${unmanagedId(one)})`] as const),
  ])
  const named = from && (titles.has(from) ? from : sole(workspaces.filter(({ name }) => name === from).map(unmanagedId), from))
  if (from !== undefined && named === undefined) throw invalid(`--from ${from}: the account has ${listed(titles)}`)
  if (own !== undefined && named !== undefined && own !== named)
    throw invalid(`--from ${from}: this workspace is ${own} in the cloud; give --workspace another name`)
  const id = own ?? named ?? (titles.size > 1 ? undefined : [...titles.keys()][0])
  if (id === undefined && titles.size > 1) throw invalid(`the account has ${listed(titles)}: say with --from which one the workspace is`)
  const workspace = workspaces.find((one) => unmanagedId(one) === id)
  if (id !== undefined && workspace === undefined && id !== own)
    throw invalid(`${id} carries a tag already: give --workspace ${standsFor(id) ?? 'the name that it has'}`)
  const isIn = ({ workspaceId }: Unmanaged) => workspaceId === undefined || workspaceId === id
  const elsewhere = [...titles].filter(([one]) => one !== id).map(([, title]) => title)
  return {
    found: others.filter(isIn),
    ...(workspace === undefined ? {} : { workspace }),
    remarks: elsewhere.length === 0 ? [] : [`what is in ${elsewhere.join(', ')} is not looked at: run import for each`],
  }
}

const listed = (titles: ReadonlyMap<string, string>) => [...titles.values()].join(', ') || 'none'

function sole(ids: readonly string[], name: string): string | undefined {
  if (ids.length > 1) throw invalid(`--from ${name}: several are called so, ${ids.join(', ')}; give the id`)
  return ids[0]
}

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
