import { isQueued } from '../../stand-in/lanes.ts'
import type { CloudObject, Fields, Find } from '../../stand-in/model.ts'
import type { Cloud } from './cloud.ts'
import { stateOf } from './parts.ts'

/** Wire form of an object; `find` answers others as they are seen beside it. */
export function show(cloud: Cloud, object: CloudObject, find: Find = (id) => cloud.store.get(id)): Fields {
  const { id, tag, key, owner, name, labels, metadata, error, createdAt } = object
  const { state, operation } = stateOf(object, find)
  const under = isQueued(operation) ? 'queued' : operation?.name
  return { ...cloud.viewOf(object), id, tag, key, owner, name, labels, metadata, state, error, operation: under, created_at: createdAt }
}
