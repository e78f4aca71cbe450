import type { Row } from './row.ts';
import { AGENT_ROWS } from './rows/agent.ts';
import { AGENT_DISK_ROWS } from './rows/agent-disk.ts';
import { BROKER_ROWS } from './rows/broker.ts';
import { CERTIFICATE_ROWS } from './rows/certificates.ts';
import { CLOCK_ROWS } from './rows/clocks.ts';
import { CROWD_ROWS } from './rows/crowds.ts';
import { ENGINE_ROWS } from './rows/engine.ts';
import { GIT_ROWS } from './rows/git.ts';
import { HUB_ROWS } from './rows/hub.ts';
import { HUB_DISK_ROWS } from './rows/hub-disk.ts';
import { IMAGE_ROWS } from './rows/images.ts';
import { NAME_ROWS } from './rows/names.ts';
import { NETWORK_ROWS } from './rows/network.ts';
import { OUTSIDE_ROWS } from './rows/outside.ts';
import { UPGRADE_ROWS } from './rows/upgrade.ts';

/** Every row that is played, by its number. */
export const ROWS: readonly Row[] = [
  ...AGENT_ROWS,
  ...AGENT_DISK_ROWS,
  ...CLOCK_ROWS,
  ...CERTIFICATE_ROWS,
  ...ENGINE_ROWS,
  ...IMAGE_ROWS,
  ...BROKER_ROWS,
  ...NAME_ROWS,
  ...NETWORK_ROWS,
  ...CROWD_ROWS,
  ...HUB_ROWS,
  ...HUB_DISK_ROWS,
  ...GIT_ROWS,
  ...OUTSIDE_ROWS,
  ...UPGRADE_ROWS,
].sort((a, b) => a.number - b.number);
