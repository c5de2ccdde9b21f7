import { createHash } from 'node:crypto'

interface Wanted {
  readonly sshKeys?: readonly string[] | undefined
  readonly userData?: string | undefined
}

/**
 * What the machine is told at first boot, in base64; undefined = nothing. Keys travel as a part of their own (cloud-init's MIME multi-part), merged
 * in such a way that those which the user's own part names stay.
 */
export function userDataOf({ sshKeys = [], userData = '' }: Wanted): string | undefined {
  if (sshKeys.length === 0) return userData === '' ? undefined : base64(userData)
  const keys = `#cloud-config\nmerge_how: "list(append)+dict(recurse_array)+str()"\nssh_authorized_keys:\n${sshKeys.map((key) => `  - ${JSON.stringify(key)}\n`).join('')}`
  if (userData === '') return base64(keys)
  // A boundary that neither part can hold by chance.
  const boundary = `seca-${createHash('sha256').update(userData).update(keys).digest('hex').slice(0, 32)}`
  const part = (type: string, text: string) =>
    `--${boundary}\nContent-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n${lines(base64(text))}\n`
  const body = `${part(typeOf(userData), userData)}${part('text/cloud-config', keys)}--${boundary}--\n`
  return base64(`Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${body}`)
}

/** What cloud-init tells the parts by, from their first line. */
const TYPES: readonly (readonly [start: string, type: string])[] = [
  ['#cloud-config', 'text/cloud-config'],
  ['#!', 'text/x-shellscript'],
  ['#include', 'text/x-include-url'],
  ['#cloud-boothook', 'text/cloud-boothook'],
  ['## template: jinja', 'text/jinja2'],
]

const typeOf = (text: string) => TYPES.find(([start]) => text.startsWith(start))?.[1] ?? 'text/plain'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const lines = (text: string) => text.replace(/.{76}/g, '$&\n')
