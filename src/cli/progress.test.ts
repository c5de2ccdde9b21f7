import { describe, expect, it } from 'vitest'
import { createProgress, duration, during } from './progress.ts'

describe('progress', () => {
  it('prints plain lines without a terminal', async () => {
    let text = ''
    let time = 0
    const progress = createProgress({ write: (chunk) => (text += chunk) }, () => time)
    await during(progress, 'building', async (step) => {
      step.update('12 packages')
      time = 65_000
    })
    await during(progress, 'starting', () => Promise.reject(new Error('no'))).catch(() => {})
    expect(text).toBe('building\n✓ building (1 min 5 s)\nstarting\n✗ starting (0.0 s)\n')
  })

  it('rewrites one line on a terminal', () => {
    let text = ''
    const step = createProgress({ write: (chunk) => (text += chunk), isTTY: true, columns: 12 }, () => 0).step('a long label')
    step.done()
    expect(text).toBe('\r\u001b[2Ka long labe\r\u001b[2K✓ a long label (0.0 s)\n')
  })

  it('says durations as people do', () => {
    expect([400, 12_000, 200_000].map(duration)).toEqual(['0.4 s', '12 s', '3 min 20 s'])
  })
})
