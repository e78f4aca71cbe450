import { HOST_NAME_GRAMMAR, isHostName } from '@mooring/proto';
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../ages.ts';

/** Rows of a list unless `--limit` says otherwise. */
export const limitOption = 20;

/** A whole number from 1 to 1000. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000)
    throw new InvalidArgumentError('A whole number from 1 to 1000 is wanted.');
  return value;
}

/** Milliseconds of `30s`, `5m`, `1h`. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value <= 0) throw new InvalidArgumentError('A duration such as 30s, 5m or 1h is wanted.');
  return value;
}

/** A host's or user's name. */
export function hostName(text: string): string {
  if (!isHostName(text)) throw new InvalidArgumentError(`A name that matches ${HOST_NAME_GRAMMAR} is wanted.`);
  return text;
}

/** The whole name of a commit. */
export function fullCommit(text: string): string {
  if (!/^[0-9a-f]{40}$/.test(text)) throw new InvalidArgumentError('All 40 hex digits of a commit are wanted.');
  return text;
}

/** Collects `--label key=value` options. */
export function label(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] =
    /^([a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?)=([^=]*)$/.exec(text) === null ? [] : [text, ...splitLabel(text)];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('A label such as role=web is wanted.');
  return { ...before, [name]: value };
}

function splitLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A TCP port, or 0 for one that is free. */
export function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('A port from 0 to 65535 is wanted.');
  return value;
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT` for all addresses. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads a listen address. */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('An address such as 0.0.0.0:7443 is wanted.');
  const host = bracketed ?? plain ?? '';
  return { host: host === '' ? '0.0.0.0' : host, port: port(digits) };
}

/** Collects a repeated option. */
export function repeated(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
