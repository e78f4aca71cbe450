import { describe, expect, test } from 'vitest';
import { corpusFolder, type Outcome, refuseCorpus, renderCorpus } from './corpus.ts';
import { DIFFERENT, LEAST_AS_WRITTEN, LEAST_WITH_IMAGES, REFUSED } from './exceptions.ts';

const folder = corpusFolder();

if (folder === undefined) {
  test('no corpus of real files is here: only the fixtures beside this test are compared (MOORING_CORPUS names a folder)', () => {
    expect(folder).toBeUndefined();
  });
} else {
  describe('real Compose files', async () => {
    const outcomes = await renderCorpus(folder);
    process.stdout.write(summary(outcomes));

    test('are many', () => {
      expect(outcomes.length).toBeGreaterThan(100);
    });

    test('render, or are refused for a reason that is known', () => {
      const refused = outcomes.filter(({ refusedWithImages }) => refusedWithImages !== undefined);
      const codes = refused.map(({ file, refusedWithImages = '' }) => [file, refusedWithImages.split(' ')[0]]);
      expect(Object.fromEntries(codes)).toEqual(
        Object.fromEntries(Object.entries(REFUSED).map(([file, { code }]) => [file, code])),
      );
      expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(LEAST_WITH_IMAGES);
    });

    test('are refused as they are, beyond that, only where they build an image', () => {
      const builders = outcomes.filter(({ refused, refusedWithImages }) => refused !== refusedWithImages);
      for (const { refused } of builders) expect(refused).toContain('builds an image');
      const asWritten = outcomes.filter(({ refused }) => refused === undefined);
      expect(asWritten.length).toBeGreaterThanOrEqual(LEAST_AS_WRITTEN);
    });

    test('are refused where docker compose refuses them', async () => {
      const refusals = await refuseCorpus(folder);
      expect(refusals.length).toBeGreaterThan(20);
      expect(refusals.filter(({ refused }) => refused === undefined)).toEqual([]);
    });

    test('mean what docker compose says they mean', () => {
      const different = outcomes.filter(({ differences }) => differences.length > 0);
      expect(Object.fromEntries(different.map(({ file, differences }) => [file, differences]))).toEqual(DIFFERENT);
    });
  });
}

function summary(outcomes: readonly Outcome[]): string {
  const rendered = outcomes.filter(({ refusedWithImages }) => refusedWithImages === undefined);
  const services = rendered.reduce((sum, outcome) => sum + outcome.services, 0);
  const lines = [
    `${outcomes.length} files that docker compose parses:`,
    `  ${outcomes.filter(({ refused }) => refused === undefined).length} render as they are`,
    `  ${rendered.length} render once each service that is only built has an image (${services} services)`,
    `  ${rendered.filter(({ differences }) => differences.length === 0).length} of these equal docker compose's model`,
    ...Object.entries(REFUSED).map(([file, { code, why }]) => `  refused: ${file} (${code}): ${why}`),
  ];
  return `${lines.join('\n')}\n`;
}
