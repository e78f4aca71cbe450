import { DriftAction, DriftKind, ListDriftResponse } from '@mooring/proto';
import { expect, test } from 'vitest';
import { driftText } from './drift.ts';

const NOW_MS = 1_700_000_000_000;

test('drift says where, what, since when and what is done, in lines of 80', () => {
  const listing = ListDriftResponse.fromPartial({
    total: 2,
    cleanHosts: 1,
    unknownHosts: [
      { name: 'db-1', lastSeenAgeMs: 120_000n },
      { name: 'db-2', lastSeenAgeMs: -1n },
    ],
    drift: [
      {
        host: 'web-1',
        stack: 'shop',
        service: 'app',
        kind: DriftKind.DRIFT_KIND_MODIFIED,
        field: 'memory',
        desired: '64 MiB',
        observed: '1 GiB',
        sinceMs: BigInt(NOW_MS - 5000),
        action: DriftAction.DRIFT_ACTION_CORRECTING,
      },
      {
        host: 'web-1',
        stack: 'shop',
        kind: DriftKind.DRIFT_KIND_EXTRA,
        name: 'a-container-of-another-time-that-nobody-took-away',
        observed: 'running',
        sinceMs: BigInt(NOW_MS - 7_200_000),
        action: DriftAction.DRIFT_ACTION_REPORTED,
      },
    ],
  });
  const text = driftText(listing, NOW_MS);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toBe(`WHERE           KIND      WHAT              DESIRED → OBSERV…  SINCE  ACTION
web-1/shop/app  modified  memory            64 MiB → 1 GiB     5s     correcting
web-1/shop      extra     a-container-of-…  - → running        2h     reported
2 differences; 1 host is as Git says.
Unknown: db-1, last seen 2m ago.
Unknown: db-2, last seen never.`);
});
