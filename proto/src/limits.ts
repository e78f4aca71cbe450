/** Bounds that both sides rely on. Each has a unit and a reason. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Version of the protocol that this build speaks. */
export const PROTOCOL_VERSION = 1;

/** Bytes of an envelope that are read at all: an assignment of hundreds of stacks stays far below. */
export const MAX_ENVELOPE_BYTES = 4 * MIB;
/** Bytes of an envelope that travels over the broker, whose payload limit is 1 MiB; a larger one is fetched over gRPC. */
export const MAX_PUSHED_ENVELOPE_BYTES = 960 * KIB;
/** Signatures of one envelope: rotation needs two, the rest is room. */
export const MAX_ENVELOPE_SIGNATURES = 8;
/** Bytes of an object that travels over the broker; a larger one is fetched over gRPC. */
export const MAX_BROKER_OBJECT_BYTES = 256 * KIB;
/** Bytes of any object: mounted files are configuration, not data. */
export const MAX_OBJECT_BYTES = 16 * MIB;
/** Bytes of an object in one gRPC message. */
export const OBJECT_PART_BYTES = 256 * KIB;
/** Milliseconds that a generation may be ahead of the agent's clock: more would let one bad clock lock a host out for ever. */
export const MAX_GENERATION_AHEAD_MS = 24 * 60 * 60 * 1000;
/** Bytes of one gRPC message up: a full report of a large host. */
export const MAX_GRPC_MESSAGE_BYTES = MIB;
/** Bytes of one gRPC message on the join port. */
export const MAX_JOIN_MESSAGE_BYTES = 16 * KIB;
/** Bytes of a certificate request: an ECDSA P-256 one has about 300. */
export const MAX_CSR_BYTES = 8 * KIB;
/** Bytes of the accepted assignment that a host sends to a hub that does not remember it: half a message; the commits of a larger one are not told. */
export const MAX_ASK_BACK_ASSIGNMENT_BYTES = 512 * KIB;
/** Events of one batch, so that an acknowledgement is never far. */
export const MAX_EVENTS_PER_BATCH = 200;
/** Differences of one stack in a report; the rest is marked incomplete. */
export const MAX_DRIFT_PER_STACK = 200;
/** Names of unmanaged containers in a report; the count is always whole. */
export const MAX_UNMANAGED_NAMES = 50;
/** Milliseconds between heartbeats unless the hub says otherwise. */
export const DEFAULT_HEARTBEAT_MS = 10_000;
/** Heartbeat intervals without a sign of life after which a host is offline. */
export const OFFLINE_AFTER_HEARTBEATS = 3;
