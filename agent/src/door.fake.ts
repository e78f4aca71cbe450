/** The agent's second door: its whole over ports, and the fakes that stand in them, for the simulator. Runs from source. */
export { type Agent, type AgentParts, type Outside, runAgent } from './agent.ts';
export { bundleOf, type Written, type WrittenService } from './host.fake.ts';
export type { Identity } from './join/identity.ts';
export type { Chance } from './keep/chance.ts';
export { openDatabase } from './keep/database.ts';
export type { Disk, FileStatus } from './keep/disk.ts';
export { type Keep, openKeep, type Place } from './keep/open-keep.ts';
export type { MovableSqlite } from './keep/sqlite.ts';
export type { Log } from './log.ts';
export { FakeEngine } from './observe/engine.fake.ts';
export type * from './observe/engine.ts';
export { said } from './observe/engine-answers.fake.ts';
export { engineError, unresponsive } from './observe/engine-error.ts';
export { isPassingName } from './plan/kept-name.ts';
export type { BrokerConnection, BrokerTarget } from './receive/nats.ts';
export type { Conversation, HubLink } from './report/hub-grpc.ts';
export type { Timers } from './timers.ts';
