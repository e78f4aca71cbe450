/** Seeds that once found a bug, and which: what was mended stays mended. */
export const SEEDS: readonly { readonly seed: number; readonly hosts: number; readonly why: string }[] = [
  {
    seed: 1,
    hosts: 3,
    why: 'the folder of the accepted assignment was made and never synced: a power cut took host and mark back to nothing',
  },
  {
    seed: 4,
    hosts: 3,
    why: 'a content that was written before the clock was set back had its containers restarted without end',
  },
  {
    seed: 19,
    hosts: 3,
    why: 'what was left of a replacement that could not be undone had the name that the next one needed',
  },
  { seed: 24, hosts: 3, why: 'the same, while a container of that replica ran under its own name' },
  {
    seed: 31,
    hosts: 3,
    why: 'a container that was made while the disk was full was never on record, and in the way for ever after a crash',
  },
  {
    seed: 35,
    hosts: 3,
    why: 'a container that ended before the clock was set back waited for hours for its next start',
  },
  { seed: 36, hosts: 3, why: 'a container whose start was not answered was removed while it ran' },
  {
    seed: 17,
    hosts: 3,
    why: "the answer to a creation was lost: the new container was nobody's, and was never replaced",
  },
  {
    seed: 1034,
    hosts: 4,
    why: 'hosts that were further than a restored hub waited for a commit that no simulated person wrote',
  },
  {
    seed: 1062,
    hosts: 4,
    why: 'a container that was made while the disk was read-only was in the way for ever after a crash: the disk could not be told so',
  },
  {
    seed: 1073,
    hosts: 4,
    why: 'a stack that a restored hub did not know to have given ran on for ever, and its host was shown as synced',
  },
  {
    seed: 1077,
    hosts: 4,
    why: 'a file that was written over and put back between two looks was not known to be behind what ran',
  },
  {
    seed: 1108,
    hosts: 4,
    why: 'a restored hub gave out a generation again that the one before it had given with other content, and its host refused it for ever',
  },
  {
    seed: 1133,
    hosts: 4,
    why: 'a difference that was shown and mended was reckoned to the next one',
  },
  {
    seed: 1134,
    hosts: 4,
    why: 'events that were stored while the disk was full stayed in the outbox until the next one was told',
  },
  { seed: 1170, hosts: 4, why: 'what a copy of the host reported was held against the host' },
];
