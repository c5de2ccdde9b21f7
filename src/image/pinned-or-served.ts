import { SecaError } from '../errors.ts'
import type { BuildOptions } from './build.ts'

/** Does work with the pinned packages of Debian, or, where the mirror has newer ones only, with those: for images that nobody else gets. */
export async function pinnedOrServed<T>(options: BuildOptions, work: (options: BuildOptions) => Promise<T>): Promise<T> {
  try {
    return await work(options)
  } catch (error) {
    const isGone = error instanceof SecaError && error.code === 'NotFound' && error.message.includes('--unpinned')
    if (!isGone) throw error
    options.progress.line(`${error.message.split('\n')[0] ?? ''} What it serves is taken.`)
    return work({ ...options, isUnpinned: true })
  }
}
