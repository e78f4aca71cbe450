import { GetStatusResponse, HealthState, ListDriftResponse, SyncState } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { jsonOf } from './message-json.ts';
import { plain } from './words.ts';

describe('the JSON of a message', () => {
  test('has its lists and zeros also where there is nothing', () => {
    const message = ListDriftResponse.fromPartial({ cleanHosts: 2 });
    expect(plain(jsonOf(ListDriftResponse, message))).toEqual({
      drift: [],
      nextPageToken: '',
      total: 0,
      unknownHosts: [],
      cleanHosts: 2,
    });
  });

  test('says false of a host that is offline, states in words, times as numbers, and leaves out what is absent', () => {
    const message = GetStatusResponse.fromPartial({
      hostSummaries: [
        { name: 'web-1', sync: SyncState.SYNC_STATE_OUT_OF_DATE, health: HealthState.HEALTH_STATE_UNSPECIFIED },
      ],
    });
    const json = plain(jsonOf(GetStatusResponse, message)) as { hostSummaries: object[] };
    expect(json).not.toHaveProperty('accepted');
    const [host] = message.hostSummaries;
    const present = Object.entries(host ?? {}).filter(([, value]) => value !== undefined);
    expect(Object.keys(json.hostSummaries[0] ?? {}).sort()).toEqual(present.map(([name]) => name).sort());
    expect(json.hostSummaries).toMatchObject([
      {
        name: 'web-1',
        labels: [],
        online: false,
        lastSeenAgeMs: 0,
        sync: 'OutOfDate',
        health: 'Unspecified',
        reason: '',
      },
    ]);
  });
});
