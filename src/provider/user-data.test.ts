import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { userDataOf } from './user-data.ts'

const text = (encoded: string | undefined) => Buffer.from(encoded ?? '', 'base64').toString()
/** Parts of a MIME message, by type. */
function partsOf(message: string): Readonly<Record<string, string>> {
  const boundary = /boundary="([^"]+)"/.exec(message)?.[1] ?? ''
  const parts = message.split(`--${boundary}`).slice(1, -1)
  return Object.fromEntries(
    parts.map((part) => {
      const [head = '', body = ''] = part.split('\n\n')
      return [/Content-Type: ([^;]+)/.exec(head)?.[1] ?? '', text(body.replaceAll('\n', ''))]
    }),
  )
}

test('nothing, and what the user wrote as it is', () => {
  expect(userDataOf({})).toBeUndefined()
  expect(text(userDataOf({ userData: '#!/bin/sh\necho ä' }))).toBe('#!/bin/sh\necho ä')
})

test('keys alone are a document of cloud-init', () => {
  expect(parse(text(userDataOf({ sshKeys: ['ssh-ed25519 AAAA a: "b"'] })))).toMatchObject({
    ssh_authorized_keys: ['ssh-ed25519 AAAA a: "b"'],
  })
})

test.each([
  ['#!/bin/sh\necho hi', 'text/x-shellscript'],
  ['#cloud-boothook\necho hi', 'text/cloud-boothook'],
  ['hello', 'text/plain'],
])('keys stand beside %j', (userData, type) => {
  const message = text(userDataOf({ sshKeys: ['ssh-ed25519 AAAA ann', 'ssh-ed25519 BBBB bob'], userData }))
  expect(message.split('\n').every((line) => line.length <= 100)).toBe(true)
  const parts = partsOf(message)
  expect(parts['text/cloud-config']).toContain('ssh-ed25519 BBBB bob')
  expect(parts[type]).toBe(userData)
})

test("the user's own document of cloud-init comes first, so that keys are added to it", () => {
  const message = text(userDataOf({ sshKeys: ['ssh-ed25519 AAAA ann'], userData: '#cloud-config\npackages: [nginx]' }))
  expect(message.match(/Content-Type: text\/cloud-config/g)).toHaveLength(2)
})
