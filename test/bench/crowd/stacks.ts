/** Stacks of a crowd's hosts unless told otherwise: as many as make an assignment of about 4 kB. */
const STACKS = 8;

/** What the crowd's repository holds, in that version: another version changes one stack, and so every assignment. */
export function fleetFiles(version: number, count = STACKS): Readonly<Record<string, string>> {
  const names = Array.from({ length: count }, (_, index) => `stack-${index + 1}`);
  const lines = names.map((name) => `  ${name}: { hosts: role=crowd }`);
  return {
    'fleet.yaml': ['version: 1', 'stacks:', ...lines, ''].join('\n'),
    ...Object.fromEntries(
      names.map((name, index) => [`stacks/${name}/compose.yaml`, composeFile(index === 0 ? version : 0)]),
    ),
  };
}

function composeFile(version: number): string {
  return `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}" }\n`;
}
