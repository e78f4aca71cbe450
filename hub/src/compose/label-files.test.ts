import { expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

test('labels of files come one after the other, and labels win', async () => {
  const files = { 'a.labels': 'one=a\ntwo=a\nthree=a\n', 'b.labels': "two='b'\nfour=$one\nalone\n" };
  const { labels } = await memoryService('label_file: [a.labels, ./b.labels]\nlabels: { three: own }', { files });
  expect(labels.map(({ name, value }) => `${name}=${value}`)).toEqual(['four=a', 'one=a', 'three=own', 'two=b']);
  expect((await memoryService('label_file: a.labels', { files })).labels.length).toBe(3);
});

test.each<[string, string, Record<string, string>?]>([
  ['label_file: none', 'GIT_FILE_MISSING 4:17'],
  ['label_file: a', 'LABEL_RESERVED 4:17', { a: 'io.mooring.stack=x\n' }],
  ['label_file: a', 'COMPOSE_VAR_SYNTAX 1:1', { a: '=x\n' }],
  ['label_file: [{ path: a }]', 'COMPOSE_TYPE 4:18', { a: '' }],
])('%s is refused', async (attributes, refusal, files = {}) => {
  expect(await memoryRefusal(attributes, { files })).toBe(refusal);
});
