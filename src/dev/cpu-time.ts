/**
 * Milliseconds of processor that this thread spends until the work is done. What else runs on the machine does not count, nor do
 * waits: a bound on it that leaves ten times what the work takes fails for slow code, not on a busy machine.
 */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}
