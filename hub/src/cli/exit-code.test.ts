import type { ErrorCode } from '@mooring/proto';
import { expect, test } from 'vitest';
import { exitCodeOf } from './exit-code.ts';

test.each<[ErrorCode, number]>([
  ['INTERNAL', 1],
  ['NOT_FOUND', 1],
  ['HOST_UNKNOWN', 1],
  ['USAGE', 2],
  ['TIMED_OUT', 3],
  ['HUB_UNREACHABLE', 4],
  ['UNAUTHENTICATED', 5],
  ['PERMISSION_DENIED', 5],
  ['USER_REVOKED', 5],
  ['AGENT_REVOKED', 5],
  ['CERT_EXPIRED', 5],
  ['CERT_MISSING', 5],
])('%s ends a command with %i', (code, exit) => expect(exitCodeOf(code)).toBe(exit));
