import { mkdirSync } from 'node:fs'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, issue } from './x509.ts'
import { until } from './kube/testing.ts'
import { createVolume, type Volume } from './mounted-testing.ts'
import { follow, readMounted, readTls, whenThere } from './mounted.ts'

let volume: Volume
beforeEach(() => {
  volume = createVolume()
  onTestFinished(() => volume.remove())
})
const path = (name: string) => volume.path(name)
const mount = (files: Record<string, string>) => volume.mount(files)
const stopped = () => {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return stop.signal
}

const ca = createAuthority('ca')
const pair = () => issue(ca, { commonName: 'x', usages: ['server'] })
const files = () => ({ certFile: path('tls.crt'), keyFile: path('tls.key') })

describe('a certificate in files', () => {
  it('is read with its key', () => {
    const { cert, key } = pair()
    mount({ 'tls.crt': cert, 'tls.key': key })
    expect(readTls(files())).toEqual({ cert, key })
  })

  it.each([
    ['of another key', () => ({ 'tls.crt': pair().cert, 'tls.key': pair().key }), 'mismatch'],
    ['that is none', () => ({ 'tls.crt': 'x', 'tls.key': pair().key }), 'PEM'],
    ['with a key that is none', () => ({ 'tls.crt': pair().cert, 'tls.key': 'x' }), 'cannot be used'],
  ])('%s cannot be used, and the key is not told', (_, make, words) => {
    const made = make()
    mount(made)
    expect(() => readTls(files())).toThrow(words)
    const key = made['tls.key'].split('\n')[1] ?? 'nothing'
    let message = ''
    try {
      readTls(files())
    } catch (error) {
      ;({ message } = error as Error)
    }
    expect(message).toContain(path('tls.crt'))
    expect(message).not.toContain(key)
  })

  it('is not there yet when either file is missing or empty', () => {
    expect(() => readTls(files())).toThrow('tls.crt is not there yet')
    mount({ 'tls.crt': pair().cert, 'tls.key': ' \n' })
    expect(() => readTls(files())).toThrow('tls.key is not there yet, or empty')
  })
})

describe('a file that is not there yet', () => {
  it('is waited for, and told once', async () => {
    const told: string[] = []
    const waiting = whenThere(() => readMounted(path('a')) + readMounted(path('b')), {
      signal: stopped(),
      everyMs: 5,
      onWait: (why) => told.push(why),
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    mount({ a: 'A', b: '' })
    await until(() => told.length === 2)
    mount({ a: 'A', b: 'B' })
    expect(await waiting).toBe('AB')
    expect(told).toEqual([`${path('a')} is not there yet, or empty`, `${path('b')} is not there yet, or empty`])
  })

  it('is waited for no longer than until the end', async () => {
    const stop = new AbortController()
    const waiting = whenThere(() => readMounted(path('a')), { signal: stop.signal, onWait: () => stop.abort() })
    expect(await waiting).toBeUndefined()
  })

  it('is another matter than one that cannot be read', async () => {
    mkdirSync(path('a'))
    await expect(whenThere(() => readMounted(path('a')), { signal: stopped(), onWait: () => undefined })).rejects.toThrow('cannot be read')
  })
})

describe('a file that is followed', () => {
  it('is read again when its volume is swapped; what cannot be used changes nothing and is told once', async () => {
    const [seen, told]: [string[], string[]] = [[], []]
    mount({ a: '1', b: '1' })
    const read = () => {
      const text = readMounted(path('a')) + readMounted(path('b'))
      if (text === '33') throw new Error('three')
      return text
    }
    const options = {
      signal: stopped(),
      everyMs: 5,
      onChange: (text: string) => void seen.push(text),
      onTrouble: (why: string) => void told.push(why),
    }
    void follow(read, { from: read(), ...options })
    mount({ a: '1', b: '1' })
    mount({ a: '2', b: '2' })
    await until(() => seen.length === 1)
    mount({ a: '3', b: '3' })
    await until(() => told.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    mount({ a: '4', b: '4' })
    await until(() => seen.length === 2)
    expect([seen, told]).toEqual([['22', '44'], ['three']])
  })
})
