import type { Ground } from './ground.ts'
import { type CloudObject, type Fields, type Find, markOf } from './model.ts'

/** Looks at the cloud as somebody does whose sight is so many milliseconds behind. */
export function sight({ store, time }: Pick<Ground, 'store' | 'time'>, lagMs: number) {
  const find: Find = (id) => (store.past ? store.past.at(id, store.get(id), time - lagMs) : store.get(id))
  const seen = (objects: Iterable<CloudObject | undefined>) => Array.from(objects).filter((object) => object !== undefined)
  return {
    find,
    /** What carries a tag or key. */
    marked(type: string, by: 'tag' | 'key', value: string): readonly CloudObject[] {
      const mark = markOf(type, by, value)
      if (!store.past) return store.carrying(mark)
      const ids = store.marked(mark).union(store.past.marked(mark))
      return seen(Array.from(ids, find)).filter((object) => object[by] === value)
    },
    /** Everything of a type, oldest first. */
    all(type: string): Iterable<CloudObject> {
      const { past } = store
      if (!past) return store.all(type).values()
      const gone = Array.from(past.ids).filter((id) => !store.get(id))
      const shown = seen([...store.all(type).keys(), ...gone].map(find)).filter((object) => object.type === type)
      return gone.length === 0 ? shown : shown.toSorted((a, b) => a.seq - b.seq)
    },
  }
}

/** Where customers see something else than is true, by GET or in lists; null = not there. */
export function behind(cloud: Ground, show: (object: CloudObject) => Fields) {
  const { store, switches } = cloud
  const byId = sight(cloud, switches.readLagMs)
  const inLists = sight(cloud, switches.listLagMs)
  return Array.from(store.past?.ids ?? []).flatMap((id) => {
    const views = { truth: store.get(id), byId: byId.find(id), listed: inLists.find(id) }
    const any = views.truth ?? views.byId ?? views.listed
    if (!any || (views.truth === views.byId && views.truth === views.listed)) return []
    const shown = Object.entries(views).map(([name, object]) => [name, object ? show(object) : null])
    return [{ id, type: any.type, tag: any.tag, ...(Object.fromEntries(shown) as Record<keyof typeof views, Fields | null>) }]
  })
}
