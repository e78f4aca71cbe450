import { describe, expect, test } from 'vitest';
import { IMPORT_RULES } from './import-rules.ts';
import { PURITY_RULES } from './purity-rules.ts';
import { listedByGit, readSources } from './read-sources.ts';
import { complaints } from './rule.ts';
import { parseFile } from './source-file.ts';
import { TEXT_RULES } from './text-rules.ts';

const RULES = [...IMPORT_RULES, ...PURITY_RULES, ...TEXT_RULES];
const files = readSources().map(parseFile);

describe('the repository', () => {
  test('is seen whole, every file that Git lists', () => {
    const seen = new Set(files.map((file) => file.path));
    for (const folder of ['hub/src/', 'agent/src/', 'proto/src/']) {
      expect(
        [...seen].some((path) => path.startsWith(folder)),
        `files under ${folder}`,
      ).toBe(true);
    }
    const unseen = (listedByGit() ?? []).filter((path) => !seen.has(path));
    expect(unseen, 'files that no rule looked at; read-sources.ts must find them').toEqual([]);
  });

  test('has imports that the parser sees', () => {
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(files.length);
  });

  test.each(RULES)('$name', (rule) => {
    expect(complaints(rule, files)).toEqual([]);
  });
});

/** For each rule: files that break it, then files next to it that do not. */
const SEEDED: Readonly<Record<string, { faults: Seeds; sound: Seeds }>> = {
  'every import can be read': {
    faults: [['hub/src/hub.ts', 'const name = "./x.ts"; await import(name);']],
    sound: [
      ['hub/src/hub.ts', "await import('./moor.ts');"],
      ['hub/src/store/write.test.ts', 'const name = "./x.ts"; await import(name);'],
    ],
  },
  'the protocol imports nothing of ours, and no I/O': {
    faults: [
      ['proto/src/digest.ts', "import { readFileSync } from 'node:fs';"],
      ['proto/src/digest.ts', "export { startHub } from '@mooring/hub';"],
      ['proto/src/digest.ts', "import { status } from '@grpc/grpc-js';"],
      ['proto/src/digest.ts', "import { x } from '../../hub/src/index.ts';"],
      ['proto/src/seal.test.ts', "import { startHub } from '@mooring/hub';"],
    ],
    sound: [
      ['proto/src/digest.ts', "import { createHash } from 'node:crypto'; export * from './envelope.ts';"],
      ['proto/src/gen/methods.ts', "import { status } from '@grpc/grpc-js'; import '@bufbuild/protobuf/wire';"],
      ['proto/src/seal.test.ts', "import { test } from 'vitest';"],
    ],
  },
  'hub and agent never import each other': {
    faults: [
      ['hub/src/query/hosts.ts', "import { plan } from '../../../agent/src/plan/plan.ts';"],
      ['agent/src/agent.ts', "import type { Hub } from '@mooring/hub';"],
      ['agent/src/agent.ts', "let hub: import('@mooring/hub').Hub;"],
      ['agent/src/agent.test.ts', "await import('../../hub/src/hub.ts');"],
    ],
    sound: [
      ['hub/src/query/hosts.ts', "import { AGENT } from '../agent/names.ts'; import '@mooring/proto';"],
      ['test/e2e/whole.test.ts', "import '@mooring/hub'; import '@mooring/agent';"],
    ],
  },
  'a package is entered by its door': {
    faults: [
      ['hub/src/sign/sign.ts', "import { digest } from '@mooring/proto/src/digest.ts';"],
      ['hub/src/sign/sign.ts', "import { digest } from '../../../proto/src/digest.ts';"],
      ['test/e2e/whole.test.ts', "import { startHub } from '../../hub/src/hub.ts';"],
      ['test/e2e/whole.test.ts', "import { FakeEngine } from '@mooring/agent/fakes';"],
    ],
    sound: [
      ['hub/src/sign/sign.ts', "import { digest } from '@mooring/proto'; import './key.ts';"],
      ['test/sim/world.ts', "import { FakeEngine } from '@mooring/agent/fakes';"],
    ],
  },
  'one outside library has one edge': {
    faults: [
      ['hub/src/query/hosts.ts', "import Database from 'better-sqlite3';"],
      ['hub/src/source/clone.ts', "export { clone } from 'isomorphic-git';"],
      ['agent/src/apply/replace.ts', "import type Docker from 'dockerode';"],
      ['agent/src/receive/receiver.ts', "await import('nats');"],
      ['agent/src/join/join-fleet.ts', "import {\n  status,\n} from '@grpc/grpc-js';"],
    ],
    sound: [
      ['hub/src/store/sqlite.ts', "import Database from 'better-sqlite3';"],
      ['agent/src/join/join-grpc.ts', "import { status } from '@grpc/grpc-js';"],
      ['agent/src/join/hub.fake.ts', "import { Server } from '@grpc/grpc-js';"],
    ],
  },
  'nobody imports main.ts': {
    faults: [['hub/src/moor.ts', "import './main.ts';"]],
    sound: [['hub/src/moor.ts', "import './domain.ts';"]],
  },
  'what ships imports neither tests nor fakes': {
    faults: [
      ['agent/src/join/identity.ts', "import { hub } from './hub.fake.ts';"],
      ['agent/src/join/identity.ts', "import { vi } from 'vitest';"],
    ],
    sound: [['agent/src/join/identity.test.ts', "import { hub } from './hub.fake.ts'; import 'vitest';"]],
  },
  'a pure stage imports no I/O': {
    faults: [
      ['hub/src/compose/model.ts', "import { readFileSync } from 'node:fs';"],
      ['hub/src/render/rendering.ts', "import { connect } from 'node:net';"],
      ['hub/src/drift/worst.ts', "import { openStore } from '../store/open-store.ts';"],
      ['agent/src/plan/plan.ts', "import { look } from '../observe/look.ts';"],
      ['agent/src/verify/verify-bundle.ts', "import got from 'got';"],
    ],
    sound: [
      ['hub/src/compose/ports.ts', "import { isIP } from 'node:net'; import { posix } from 'node:path';"],
      ['hub/src/drift/worst.ts', "import type { Store } from '../store/store.ts';"],
      ['hub/src/compose/model.test.ts', "import { readFileSync } from 'node:fs';"],
      ['hub/src/store/lock.ts', "import { readFileSync } from 'node:fs';"],
    ],
  },
  'a pure stage asks neither clock, chance nor environment': {
    faults: [
      ['agent/src/plan/plan.ts', 'const now = Date.now();'],
      ['agent/src/plan/plan.ts', 'const clock = Date.now;'],
      ['agent/src/plan/plan.ts', 'const now = new Date();'],
      ['hub/src/drift/worst.ts', 'const chance = Math.random();'],
      ['hub/src/render/rendering.ts', 'const home = process.env.HOME;'],
      ['hub/src/render/rendering.ts', 'setTimeout(() => 1, 5);'],
    ],
    sound: [
      ['agent/src/plan/plan.ts', 'const then = new Date(5); // not Date.now()'],
      ['hub/src/drift/worst.test.ts', 'const now = Date.now();'],
      ['hub/src/hub.ts', 'const now = Date.now();'],
    ],
  },
  'no drawer': {
    faults: [
      ['hub/src/utils/pad.ts', ''],
      ['agent/src/plan/types.ts', ''],
      ['test/support/helpers.ts', ''],
      ['hub/src/common.test.ts', ''],
    ],
    sound: [['hub/src/type-check.ts', '']],
  },
  'no mark of unfinished work': {
    faults: [
      ['hub/src/hub.ts', '// TODO: close it'],
      ['agent/src/agent.ts', '/* FIXME */'],
      ['test/e2e/whole.test.ts', '// XXX'],
    ],
    sound: [['hub/src/hub.ts', "const word = 'TODO'; // todos are a noun"]],
  },
  'no test is skipped, singled out or promised': {
    faults: [
      ['hub/src/hub.test.ts', "test.skip('x', () => 1);"],
      ['hub/src/hub.test.ts', "describe.only('x', () => 1);"],
      ['hub/src/hub.test.ts', "it.concurrent.todo('x');"],
      ['hub/src/hub.test.ts', "test.skipIf(true)('x', () => 1);"],
    ],
    sound: [['hub/src/grpc/reader.ts', 'reader.skip(4);']],
  },
  'no cast to any': {
    faults: [['hub/src/hub.ts', 'const x = y as any;']],
    sound: [
      ['hub/src/hub.ts', 'const x = y as unknown; // as any other'],
      ['proto/src/gen/messages.ts', 'const x = y as any;'],
    ],
  },
  'no error is swallowed in silence': {
    faults: [
      ['hub/src/hub.ts', 'try { f(); } catch {}'],
      ['hub/src/hub.ts', 'try { f(); } catch (error) {\n}'],
    ],
    sound: [['hub/src/hub.ts', 'try { f(); } catch { /* Gone already, which is what was wanted. */ }']],
  },
};
type Seeds = readonly (readonly [path: string, text: string])[];

describe('each rule is proved', () => {
  test('by a seeded fault of its own', () => {
    expect(Object.keys(SEEDED).sort()).toEqual(RULES.map((rule) => rule.name).sort());
  });

  test.each(RULES)('$name', (rule) => {
    for (const [path, text] of SEEDED[rule.name]?.faults ?? []) {
      const [complaint] = complaints(rule, [parseFile({ path, text })]);
      expect(complaint, `${path}: ${text}`).toMatch(new RegExp(`^${path}:1 .+\\. Why not: .+\\. To fix: .+\\.$`));
    }
    for (const [path, text] of SEEDED[rule.name]?.sound ?? []) {
      expect(complaints(rule, [parseFile({ path, text })]), `${path}: ${text}`).toEqual([]);
    }
  });

  test('and a file that does not parse is never passed over', () => {
    expect(() => parseFile({ path: 'hub/src/hub.ts', text: 'import {' })).toThrow(
      'Cannot read the imports of hub/src/hub.ts',
    );
  });
});
