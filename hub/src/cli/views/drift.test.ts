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

test('an image that moved is told with both images', () => {
  const moved = {
    host: 'web-1',
    stack: 'shop',
    service: 'app',
    name: 'shop-app-1',
    kind: DriftKind.DRIFT_KIND_IMAGE_MOVED,
    field: 'services.app.image',
    desired: `sha256:${'1a2b3c4d5e6f'.padEnd(64, '0')}`,
    observed: `sha256:${'0f9e8d7c6b5a'.padEnd(64, '0')}`,
    sinceMs: BigInt(NOW_MS - 5000),
    action: DriftAction.DRIFT_ACTION_CORRECTING,
  };
  const lines = driftText(ListDriftResponse.fromPartial({ total: 1, drift: [moved] }), NOW_MS).split('\n');
  expect(lines[1]).toMatch(/^web-1\/shop\/app +image_moved +services\.app/);
  expect(lines.at(-1)).toBe('Image moved: web-1/shop/app runs 0f9e8d7c6b5a, its tag names 1a2b3c4d5e6f.');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});
