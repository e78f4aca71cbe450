/**
 * The files that may import each outside library. A second file for one library in one program needs its reason here.
 *
 * - Docker: `docker.ts` is the edge; `docker-answers.ts`, `docker-changes.ts` and `container-details.ts` are parts of it that were split off to stay small,
 *   and take nothing but its types.
 * - X.509: `peculiar.ts` holds the hub's copy, which `x509.ts` loads late; the latter takes nothing but its types otherwise.
 * - YAML: `compose/` reads it and keeps every place; the CLI writes it for `-o yaml`.
 */
export const EDGES: Readonly<Record<string, RegExp>> = {
  'isomorphic-git': /^hub\/src\/source\/git[^/]*\.ts$/,
  nats: /^(hub\/src\/publish|agent\/src\/receive)\/nats\.ts$/,
  dockerode: /^agent\/src\/observe\/(docker|docker-answers|docker-changes|docker-command|container-details)\.ts$/,
  'better-sqlite3': /^(hub\/src\/store|agent\/src\/keep)\/sqlite\.ts$/,
  '@grpc/grpc-js': /^(hub\/src\/grpc\/.*|agent\/src\/(.*\/)?([^/]+-)?grpc)\.ts$/,
  '@peculiar/x509': /^(hub\/src\/enrol\/(x509|peculiar)|agent\/src\/join\/x509)\.ts$/,
  'reflect-metadata': /^(hub\/src\/enrol\/peculiar|agent\/src\/join\/x509)\.ts$/,
  'nkeys.js': /^(hub\/src\/enrol|agent\/src\/join)\/nkey\.ts$/,
  'js-yaml': /^hub\/src\/(compose\/.*|cli\/yaml)\.ts$/,
  shlex: /^hub\/src\/compose\/arguments\.ts$/,
  commander: /^(hub\/src\/cli\/.*|agent\/src\/cli\/.*)\.ts$/,
  ora: /^hub\/src\/cli\/.*\.ts$/,
  'cli-table3': /^hub\/src\/cli\/table\.ts$/,
};
