/** The lines of one host, as they are at the moment. */
export interface Road {
  /** To the hub: connections end, new ones are refused. */
  hubCut: boolean;
  /** To the hub: nothing passes, and nobody is told. */
  hubSilent: boolean;
  brokerCut: boolean;
  brokerSilent: boolean;
  /** Milliseconds that a message takes at most. */
  slowMs: number;
}

export function openRoad(): Road {
  return { hubCut: false, hubSilent: false, brokerCut: false, brokerSilent: false, slowMs: 20 };
}
