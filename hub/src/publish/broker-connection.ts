/** Where the broker is and how the hub proves itself. */
export interface BrokerTarget {
  readonly urls: readonly string[];
  /** Seed of the hub's user nkey. */
  readonly nkeySeed: string;
  readonly caPem: string;
  /** After each reconnection. */
  readonly onReady: () => void;
  /** When the connection is lost. */
  readonly onLost: () => void;
}

/** What publishing asks of the broker. Every call ends within its deadline or rejects with BROKER_UNREACHABLE. */
export interface BrokerConnection {
  /** Makes the streams where they are missing, and mends their settings. */
  ensureStreams(): Promise<void>;
  /** Stores one message as the last of its subject. */
  publish(subject: string, payload: Uint8Array): Promise<void>;
  /** The last message of a subject, or undefined where there is none. */
  last(stream: string, subject: string): Promise<Uint8Array | undefined>;
  /** Subjects that hold a message. */
  subjects(stream: string, filter: string): Promise<ReadonlySet<string>>;
  /** Removes a subject's messages. */
  remove(stream: string, subject: string): Promise<void>;
  close(): Promise<void>;
}
