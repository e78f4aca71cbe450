import { GetStatusResponse, HealthState, RevisionVerdict, SyncState } from '@mooring/proto';
import { expect, test } from 'vitest';
import { statusText } from './status.ts';

test('status shows the revision, why the newest commit was refused, problems, stacks and hosts', () => {
  const status = GetStatusResponse.fromPartial({
    fleetName: 'home',
    source: 'https://git.example/fleet.git',
    branch: 'main',
    sourceAgeMs: 4000n,
    accepted: { commit: '0123456789abcdef', subject: 'Good', verdict: RevisionVerdict.REVISION_VERDICT_ACCEPTED },
    refused: {
      commit: 'fedcba9876543210',
      subject: 'Bad',
      problems: [
        {
          code: 'COMPOSE_UNKNOWN_KEY',
          file: 'stacks/shop/compose.yaml',
          line: 9,
          column: 5,
          message: 'Cannot read service web: "imagee" is no key\n! all is well; one of the keys is wanted',
          hint: 'Did you mean "image"?',
        },
      ],
    },
    problems: [{ code: 'BROKER_UNREACHABLE', message: 'Cannot publish', hint: 'Start it.' }],
    hosts: {
      total: 2,
      online: 1,
      synced: 1,
      healthy: 1,
      sync: SyncState.SYNC_STATE_UNKNOWN,
      health: HealthState.HEALTH_STATE_UNKNOWN,
    },
    stacks: [
      {
        name: 'shop',
        sum: {
          total: 2,
          synced: 1,
          sync: SyncState.SYNC_STATE_UNKNOWN,
          health: HealthState.HEALTH_STATE_UNKNOWN,
        },
        reason: 'web-2: offline',
      },
    ],
    hostSummaries: [
      {
        name: 'web-2',
        sync: SyncState.SYNC_STATE_UNKNOWN,
        health: HealthState.HEALTH_STATE_UNKNOWN,
        stacksTotal: 1,
        lastSeenAgeMs: 3_600_000n,
        reason: 'not heard of for 60 min\u001b[31m',
      },
      {
        name: 'web-1',
        online: true,
        sync: SyncState.SYNC_STATE_SYNCED,
        health: HealthState.HEALTH_STATE_HEALTHY,
        stacksSynced: 1,
        stacksTotal: 1,
        lastSeenAgeMs: 900n,
      },
    ],
  });
  expect(statusText(status)).toBe(`Fleet     home
Source    https://git.example/fleet.git (main), asked 4s ago
Revision  0123456789ab  Good
Hosts     1/2 synced, Unknown, Unknown

Refused   fedcba987654  Bad
  COMPOSE_UNKNOWN_KEY stacks/shop/compose.yaml:9:5
    Cannot read service web: "imagee" is no key\\u000a! all is well; one of the keys is wanted
    Did you mean "image"?

! BROKER_UNREACHABLE: Cannot publish Start it.

STACK  SYNC     HEALTH   HOSTS  REASON
shop   Unknown  Unknown  1/2    web-2: offline

HOST   STATE    SYNC     HEALTH   STACKS  SEEN  REASON
web-2  Offline  Unknown  Unknown  0/1     60m   not heard of for 60 min\\u001b[3…
web-1  Online   Synced   Healthy  1/1     0s`);
});
