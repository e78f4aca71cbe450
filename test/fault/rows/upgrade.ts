import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import { otherAgent } from '../other-agent.ts';
import { must, type Row } from '../row.ts';
import { APP, CALM, type Stage } from '../stage.ts';

/** What only agents that know `attributes.v1` can apply. */
const ATTRIBUTE = 'mem_limit: 64m';

/** The usual agent program, at the end of the row. */
function usualProgramAfter(stage: Stage, host: TestHost): void {
  const { agentProgram } = host;
  stage.after(async () => {
    host.agentProgram = agentProgram;
    await stage.restartAgent(host);
  });
}

async function olderAgent(stage: Stage) {
  const { web1, web2, fleet } = stage;
  usualProgramAfter(stage, web1);
  const before = web1.agentProgram;
  web1.agentProgram = otherAgent(join(fleet.folder.path, 'agent-without-a-feature'), (program) =>
    program.replaceAll('"attributes.v1"', '"attributes.v0"'),
  );
  await stage.untouched(async () => {
    await stage.restartAgent(web1);
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  });
  const commit = stage.commit({ more: ATTRIBUTE });
  await stage.runs(web2, stage.version);
  const said = await eventually('the hub says which feature is missing', async () => {
    const { stacks } = await fleet.json('host', web1.name);
    const reason = (stacks as { stack: string; reason: string }[]).find(({ stack }) => stack === 'shop')?.reason ?? '';
    must(reason.includes('attributes.v1'), JSON.stringify(stacks));
    return reason;
  });
  for (const name of [APP, CALM]) await stage.running(web1, name);
  await stage.heals(web1, CALM);
  web1.agentProgram = before;
  await stage.restartAgent(web1);
  await stage.arrived(commit);
  const refusal = await olderProtocol(stage);
  return {
    injected: 'an agent that does not know attributes.v1, then one of protocol 0',
    observed: `nothing touched by it; ${said.slice(0, 130)}; the old runs on and heals; taken by the newer agent; protocol: ${refusal.slice(0, 110)}`,
  };
}

/** Between releases that share no protocol nobody is let in, and what runs is kept as the disk says. */
async function olderProtocol(stage: Stage): Promise<string> {
  const { web1, fleet } = stage;
  const usual = web1.agentProgram;
  web1.agentProgram = otherAgent(join(fleet.folder.path, 'agent-of-another-protocol'), (program) =>
    program.replace(/\bprotocol:1\b/, 'protocol:0'),
  );
  await stage.restartAgent(web1);
  await stage.logged(web1, /it speaks protocol 0; 1 is wanted/);
  await stage.seen(web1, 'Unknown and offline', ({ online, sync }) => !online && sync === 'Unknown');
  await stage.heals(web1, CALM);
  web1.agentProgram = usual;
  await stage.restartAgent(web1);
  await stage.well();
  return 'UPGRADE_REQUIRED: it speaks protocol 0; 1 is wanted; heals from disk meanwhile';
}

/** An installer that was killed: half of the new program stands where the whole one is expected. */
async function brokenOff(stage: Stage) {
  const { web1, fleet } = stage;
  usualProgramAfter(stage, web1);
  const usual = web1.agentProgram;
  web1.agentProgram = otherAgent(join(fleet.folder.path, 'agent-half-installed'), (program) =>
    program.slice(0, program.length / 2),
  );
  const code = await stage.untouched(async () => {
    await stage.restartAgent(web1);
    await eventually('the half program has ended', () => must(web1.agent?.running === false, 'it runs'));
    must(web1.agent?.exitCode !== 0, 'it ended with 0');
    await stage.seen(web1, 'offline', ({ online }) => !online);
    const ended = web1.agent?.exitCode;
    web1.agentProgram = usual;
    await stage.restartAgent(web1);
    await stage.well();
    return ended;
  });
  await stage.arrived(stage.commit());
  return {
    injected: `half of the agent's program in its place: it ends with ${code}`,
    observed: 'containers run on untouched; the program of before goes on from the same state, the next commit arrives',
  };
}

export const UPGRADE_ROWS: readonly Row[] = [
  { number: 80, part: 'upgrade', fault: 'hub new, agents old', run: olderAgent },
  { number: 81, part: 'upgrade', fault: 'upgrade fails half way', run: brokenOff },
];
