import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyFolder, markFolder, openFolder, shellEnv } from './folder.ts'

const fresh = () => mkdtempSync(join(tmpdir(), 'seca-folder-'))

describe('data folder', () => {
  it('has one holder, who is named to the next', () => {
    const path = fresh()
    const folder = openFolder(path, false)
    expect(() => openFolder(path, true)).toThrow(`already (process ${process.pid})`)
    folder.setReady(true)
    folder.release()
    expect(existsSync(join(path, 'ready'))).toBe(false)
    openFolder(path, false).release()
  })

  it('is emptied only when it is ours', () => {
    const foreign = fresh()
    writeFileSync(join(foreign, 'precious'), '')
    // A start without --clean in somebody's folder does not make it ours.
    const folder = openFolder(foreign, false)
    markFolder(folder)
    folder.release()
    expect(() => openFolder(foreign, true)).toThrow('--clean deletes nothing there')
    expect(existsSync(join(foreign, 'precious'))).toBe(true)

    const ours = fresh()
    const first = openFolder(ours, false)
    markFolder(first)
    first.release()
    writeFileSync(join(ours, 'data'), '')
    const again = openFolder(ours, true)
    emptyFolder(again)
    expect(existsSync(join(ours, 'data'))).toBe(false)
    again.release()
  })
})

it('the shell reads back what was written, whatever is in it', () => {
  const file = join(fresh(), 'env')
  const value = `it's $HOME "quoted" \\ and more`
  writeFileSync(file, shellEnv({ A: value }, ['/opt/my tools']))
  const output = execFileSync('sh', ['-c', `. '${file}'; printf '%s\\n%s' "$A" "$PATH"`], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin' },
  })
  expect(output).toBe(`${value}\n/opt/my tools:/bin:/usr/bin`)
})
