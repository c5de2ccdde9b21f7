import { asError } from '../../src/errors.ts'
import { buildImage, type Image } from '../../src/image/image.ts'

const progress = { line: () => undefined, step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }) }

/** Builds the image as `npm run image` does; of the Debian packages that there are now where a mirror has dropped the pinned ones. */
export async function builtImage(out: string): Promise<Image> {
  try {
    return await buildImage({ out, progress })
  } catch (error) {
    if (!asError(error).message.includes('--unpinned')) throw error
    process.stderr.write(`${asError(error).message} The tests go on with --unpinned.\n`)
    return buildImage({ out, progress, choice: 'served' })
  }
}
