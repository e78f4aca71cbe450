import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, MooringError } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fileMount } from '../verify/signer.fake.ts';
import { ReceiverStage } from './receiver-stage.fake.ts';
import { sweepContents } from './sweep.ts';

let stage: ReceiverStage;
beforeEach(() => {
  stage = new ReceiverStage();
});
afterEach(() => stage.close());

const content = (text: string) => Buffer.from(text);
const running = (text: string) => ({ mounts: [fileMount('/etc/app.conf', content(text))], contents: [content(text)] });
const fileOf = (text: string) => stage.keep.contents.content(digestOf(content(text)), false);
const countOf = (folder: string) => readdirSync(join(stage.data, folder)).length;

async function accept(
  generation: bigint,
  stacks: Parameters<typeof stage.signer.assignment>[0]['stacks'] = {},
): Promise<void> {
  stage.announce(generation, stage.signer.assignment({ generation, stacks }));
  await vi.waitFor(() => expect(stage.generation).toBe(generation), { timeout: 4000, interval: 5 });
}

function sweep(): void {
  const { workload } = stage.receiver;
  if (workload === undefined) throw new Error('nothing is accepted');
  sweepContents(workload, stage.keep, { keys: stage.signer.keys, dataKey: stage.signer.dataKey });
}

describe('a sweep', () => {
  test('removes what only an earlier assignment needed, and the host still starts from its disk alone', async () => {
    await accept(5n, { shop: running('old') });
    await accept(6n, { shop: running('new') });
    expect(countOf('objects')).toBe(4);
    sweep();
    expect([existsSync(fileOf('old')), existsSync(fileOf('new'))]).toEqual([false, true]);
    expect(countOf('objects')).toBe(2);
    stage.fetchObject = () => Promise.reject(new MooringError('BROKER_UNREACHABLE', 'Cannot ask: down; up'));
    await stage.restart();
    expect(stage.receiver.workload?.stacks).toMatchObject([{ refusal: undefined }]);
  });

  test('keeps the release that a refused stack goes on with', async () => {
    await accept(5n, { shop: running('old') });
    await accept(6n, { shop: { spoil: (bundle) => ({ ...bundle, requires: ['gpu.v9'] }) } });
    sweep();
    expect(existsSync(fileOf('old'))).toBe(true);
    await stage.restart();
    expect(stage.receiver.workload?.stacks).toMatchObject([{ desired: { generation: 5n } }]);
  });

  test('removes nothing while a kept release cannot say what it needs', async () => {
    await accept(5n, { shop: running('old'), blog: running('blog') });
    await accept(6n, { shop: running('new') });
    const kept = stage.keep.releases.find('blog', 'running')?.bundle ?? '';
    rmSync(stage.objectFile(kept));
    sweep();
    expect(existsSync(fileOf('old'))).toBe(true);
    stage.keep.releases.forget('blog');
    sweep();
    expect(existsSync(fileOf('old'))).toBe(false);
  });
});
