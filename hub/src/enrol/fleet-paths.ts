import { join } from 'node:path';

/** Where a fleet's folder keeps what. */
export interface FleetPaths {
  readonly folder: string;
  readonly keys: string;
  readonly fleet: string;
  readonly trust: string;
  /** Copies beside the keys, so that their folder alone makes the fleet again. */
  readonly keptFleet: string;
  readonly keptTrust: string;
  readonly rootKey: string;
  readonly caKey: string;
  readonly caCertificate: string;
  readonly hubKey: string;
  readonly hubCertificate: string;
  readonly assignmentKey: string;
  readonly objectSecret: string;
  readonly dataSecret: string;
  readonly hubNkey: string;
}

/** The paths of a fleet in that folder. */
export function fleetPaths(folder: string): FleetPaths {
  const keys = join(folder, 'keys');
  return {
    folder,
    keys,
    fleet: join(folder, 'fleet.json'),
    trust: join(folder, 'trust.json'),
    keptFleet: join(keys, 'fleet.json'),
    keptTrust: join(keys, 'trust.json'),
    rootKey: join(keys, 'root.key'),
    caKey: join(keys, 'ca.key'),
    caCertificate: join(keys, 'ca.crt'),
    hubKey: join(keys, 'hub.key'),
    hubCertificate: join(keys, 'hub.crt'),
    assignmentKey: join(keys, 'assignment.key'),
    objectSecret: join(keys, 'object.secret'),
    dataSecret: join(keys, 'data.secret'),
    hubNkey: join(keys, 'hub.nk'),
  };
}
