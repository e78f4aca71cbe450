import type { CrowdOptions } from './crowd/crowd.ts';
import { driftSqlBench } from './drift-sql.ts';
import { ingestBench } from './ingest.ts';
import { memoryBench } from './memory.ts';
import { rebrokerBench } from './rebroker.ts';
import { reconnectBench } from './reconnect.ts';
import type { Bench } from './report.ts';
import { spreadBenches } from './spread.ts';

/** Benches of the hub with many simulated agents: no engine takes part. */
export function crowdBenches(options: CrowdOptions): readonly Bench[] {
  return [
    ingestBench(options),
    reconnectBench(options),
    memoryBench(options),
    ...spreadBenches(options),
    rebrokerBench(options),
    driftSqlBench(options),
  ];
}
