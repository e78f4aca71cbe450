/** The hub's second door: its stages over ports, and a store in memory, for the simulator. Runs from source. */
export { dataKeyOf } from './enrol/fleet.ts';
export type { Caller } from './grpc/handlers.ts';
export { BoundedQueue } from './ingest/bounded-queue.ts';
export type { Moor } from './moor.ts';
export type { BrokerConnection } from './publish/broker-connection.ts';
export type { PublisherParts } from './publish/publisher.ts';
export type { HostRendering, InventoryHost, Rendering } from './render/rendering.ts';
export type { Source, SyncResult } from './source/follow.ts';
export type { Outcome } from './source/reading.ts';
export { type StageParts, type Stages, wireStages } from './stages.ts';
export { MemoryDatabase } from './store/memory-database.fake.ts';
export type { Store } from './store/store.ts';
export { hostRecord } from './store/temporary-store.fake.ts';
export type { Timers } from './timers.ts';
