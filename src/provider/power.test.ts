import { expect, test } from 'vitest'
import { powerActions, wantedPower } from './power.ts'

const { drift, answered } = powerActions(
  ({ power }: { power: 'on' | 'off' }) => power,
  () => undefined,
)
const desired = (powerState?: 'on' | 'off', restartRequest?: string) => ({ spec: { powerState }, restartRequest }) as never

test('power is off unless asked for, and differs where the cloud says otherwise', () => {
  expect([wantedPower(desired()), wantedPower(desired('on'))]).toEqual(['off', 'on'])
  expect([drift({ power: 'on' }, desired(), {}), drift({ power: 'on' }, desired('on'), {})]).toEqual([['powerState'], []])
})

test('a restart is due until its request is noted; what was asked for before the creation needs none', () => {
  expect(drift({ power: 'on' }, desired('on', 'one'), { restart: 'zero' })).toEqual(['restart'])
  expect(drift({ power: 'on' }, desired('on', 'one'), { restart: 'one' })).toEqual([])
  expect(answered?.(desired('on', 'one'))).toEqual({ restart: 'one' })
})
