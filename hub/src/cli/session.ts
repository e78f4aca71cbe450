import type { AdminServiceService, FleetServiceService } from '@mooring/proto';
import type { HubClient } from '../grpc/client.ts';
import type { Output } from './output.ts';

/** What every command gets: where to print, and the hub when it asks for it. */
export interface Session {
  readonly out: Output;
  /** True where a person can be asked and progress can be drawn. */
  readonly interactive: boolean;
  /** True where `-y` answered all questions. */
  readonly yes: boolean;
  /** Connects at the first use; throws HUB_UNREACHABLE or CERT_* with the reason. */
  hub(): Promise<Hub>;
  /** Ends the process with this code once the command is done. */
  exit(code: number): void;
}

/** The services of a hub. */
export interface Hub {
  readonly fleet: HubClient<typeof FleetServiceService>;
  readonly admin: HubClient<typeof AdminServiceService>;
}
