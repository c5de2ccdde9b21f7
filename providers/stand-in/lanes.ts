import type { CloudObject, Operation } from './model.ts'

/** Of an operation whose end nobody knows. */
export const NEVER = 8.64e15

/** Operations that wait for each other: in each lane the first is under way, and the others begin in their turn. */
export class Lanes {
  readonly #lanes = new Map<string, { readonly id: string; readonly turn: number }[]>()
  #lastTurn = 0

  /** How many operations of others are under way or wait in a lane. */
  ahead(lane: string, id: string): number {
    return (this.#lanes.get(lane) ?? []).filter((one) => one.id !== id).length
  }

  /** An operation takes its place, or the place of an earlier one of the same object, and is told when it ends: as planned, or not yet. */
  enter({ id, operation }: CloudObject): Operation | undefined {
    if (operation?.lane === undefined) return operation
    const lane = this.#lanes.get(operation.lane) ?? []
    this.#lanes.set(operation.lane, lane)
    const turn = operation.turn ?? lane.find((one) => one.id === id)?.turn ?? this.#lastTurn + 1
    this.#lastTurn = Math.max(this.#lastTurn, turn)
    if (!lane.some((one) => one.id === id)) {
      lane.push({ id, turn })
      lane.sort((a, b) => a.turn - b.turn)
    }
    // What has a turn was told before, and comes out of the journal.
    if (operation.turn !== undefined) return operation
    return lane[0]?.id === id ? { ...operation, turn } : retimed({ ...operation, turn }, NEVER)
  }

  /** An object has nothing under way any more. Answers whose turn it is, if it was this one's. */
  leave(name: string, id: string): string | undefined {
    const lane = this.#lanes.get(name) ?? []
    const place = lane.findIndex((one) => one.id === id)
    if (place < 0) return undefined
    lane.splice(place, 1)
    if (lane.length === 0) this.#lanes.delete(name)
    return place === 0 ? lane[0]?.id : undefined
  }
}

/** Whether an operation still waits for its turn. */
export function isQueued(operation: Operation | undefined): boolean {
  return operation?.lane !== undefined && operation.endsAt === NEVER && !operation.hangs
}

/** An operation whose turn comes at a time. */
export function begun(operation: Operation, at: number): Operation {
  return operation.hangs ? operation : retimed(operation, at + (operation.takesMs ?? 0))
}

/** The same operation with another end, also where its fields name the end. */
function retimed(operation: Operation, endsAt: number): Operation {
  const moved = Object.entries(operation.fields ?? {}).map(([key, value]) => [key, value === operation.endsAt ? endsAt : value])
  return { ...operation, endsAt, ...(operation.fields ? { fields: Object.fromEntries(moved) } : {}) }
}
