/** The hub's door, for the tests of the whole. */
export { buildBundle } from './bundle/build-bundle.ts';
export { type CanonicalModel, canonicalProject } from './compose/canonical/project.ts';
export { parseEnvFile } from './compose/env-file.ts';
export { loadProject } from './compose/load-project.ts';
export type { HubConfig } from './config.ts';
export { dataKeyOf, type Fleet } from './enrol/fleet.ts';
export { initFleet } from './enrol/init-fleet.ts';
export { newNkeySeed, nkeyOfSeed } from './enrol/nkey.ts';
export { openFleet } from './enrol/open-fleet.ts';
export { connectHub } from './grpc/client.ts';
export { startHub } from './hub.ts';
export type { BrokerConnection } from './publish/broker-connection.ts';
export { openOwnBroker } from './publish/hub-broker.ts';
export { connectBroker } from './publish/nats.ts';
export { Publisher } from './publish/publisher.ts';
export { FolderTree } from './source/folder.ts';
export { createStore, openStore } from './store/open-store.ts';
export type { HostRecord, Store } from './store/store.ts';
