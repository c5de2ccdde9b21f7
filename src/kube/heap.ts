/** Something that is due. */
interface Due {
  readonly at: number
}

/** Adds to a heap that has what is due first at its root. */
export function heapPush<T extends Due>(heap: T[], item: T): void {
  let child = heap.push(item) - 1
  while (child > 0) {
    const parent = (child - 1) >> 1
    const above = heap[parent]
    if (above === undefined || above.at <= item.at) break
    heap[child] = above
    child = parent
  }
  heap[child] = item
}

/** Takes the root out of a heap. */
export function heapPop<T extends Due>(heap: T[]): void {
  const item = heap.pop()
  if (item === undefined || heap.length === 0) return
  let parent = 0
  for (;;) {
    let child = 2 * parent + 1
    let below = heap[child]
    if (below === undefined) break
    const right = heap[child + 1]
    if (right !== undefined && right.at < below.at) {
      child++
      below = right
    }
    if (below.at >= item.at) break
    heap[parent] = below
    parent = child
  }
  heap[parent] = item
}
