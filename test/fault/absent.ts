import type { AbsentRow } from './row.ts';

/** Rows of the matrix that are not played here, each with the reason. */
export const ABSENT: readonly AbsentRow[] = [
  { number: 41, part: 'broker', fault: '1000 agents reconnect', reason: 'test/e2e/scale.test.ts has the hosts' },
  {
    number: 53,
    part: 'net',
    fault: 'name of the hub fails',
    reason: 'the fleet reaches its hub by address, as these networks have no names',
  },
  {
    number: 68,
    part: 'hub',
    fault: 'CA certificate near its end',
    reason: 'OpenSSL reads the clock of the machine, which no process here may move alone',
  },
  {
    number: 69,
    part: 'hub',
    fault: 'server certificate replaced',
    reason: 'read at the start alone: the hub renews its own certificate then',
  },
  { number: 70, part: 'hub', fault: '10,000 agents connect', reason: 'test/e2e/scale.test.ts has the hosts' },
  { number: 80, part: 'upgrade', fault: 'hub new, agents old', reason: 'there is one release' },
  { number: 81, part: 'upgrade', fault: 'upgrade fails half way', reason: 'there is one release' },
];
