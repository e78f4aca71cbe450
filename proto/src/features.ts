/** Features that a bundle may require. An agent refuses a bundle that names one it does not know. */
export const FEATURES = {
  /** Services, networks, volumes, mounted files and folders as of the first release. */
  core: 'core.v1',
  /** Limits, namespaces, security, names, logging, devices, address management: fields 12 and up of ContainerSpec and what belongs to them. */
  attributes: 'attributes.v1',
} as const;
