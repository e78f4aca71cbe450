/** Features that a bundle may require. An agent refuses a bundle that names one it does not know. */
export const FEATURES = {
  /** Services, networks, volumes, mounted files and folders as of the first release. */
  core: 'core.v1',
  /** Limits, namespaces, security, names, logging, devices, address management: fields 12 and up of ContainerSpec and what belongs to them. */
  attributes: 'attributes.v1',
  /** How containers make way for new ones: Service.update. */
  updates: 'updates.v1',
  /** Commands that run in containers after their start and before their stop. */
  hooks: 'hooks.v1',
  /** What few files set: devices of drivers, block devices, links, volumes of others, details of networks and mounts. Marked so in bundle.proto. */
  rareAttributes: 'attributes.v2',
  /** Stacks that wait for others: Bundle.after. */
  after: 'after.v1',
} as const;
