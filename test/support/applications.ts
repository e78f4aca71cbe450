import { basename, dirname, join, resolve } from 'node:path';
import type { Desired } from '@mooring/agent';
import { builtServices, corpusFolder, readOracle } from '../conformance/corpus.ts';
import { type RenderedStack, renderStack } from '../conformance/render.ts';
import { desiredOf } from './bench-desired.ts';
import { Reduction } from './reduction.ts';
import type { Workbench } from './workbench.ts';

/** Whole applications of the corpus, several services each, by the name of the stack that each becomes. */
export const APPLICATIONS: Readonly<Record<string, string>> = {
  balena: 'balena-os__balena-supervisor/docker-compose.yml',
  dashboards: 'docker__awesome-compose/prometheus-grafana/compose.yaml',
  dockprom: 'stefanprodan__dockprom/docker-compose.yml',
  elastic: 'docker__awesome-compose/elasticsearch-logstash-kibana/compose.yaml',
  flask: 'docker__awesome-compose/nginx-flask-mongo/compose.yaml',
  jitsi: 'jitsi__docker-jitsi-meet/docker-compose.yml',
  langfuse: 'langfuse__langfuse/docker-compose.yml',
  librenms: 'librenms__docker/examples/compose/compose.yml',
  'n8n-caddy': 'n8n-io__n8n-hosting/docker-caddy/docker-compose.yml',
  'n8n-traefik': 'n8n-io__n8n-hosting/docker-compose/subfolderWithSSL/docker-compose.yml',
  'n8n-worker': 'n8n-io__n8n-hosting/docker-compose/withPostgresAndWorker/docker-compose.yml',
  netbox: 'netbox-community__netbox-docker/docker-compose.yml',
  nodejs: 'docker__awesome-compose/nginx-nodejs-redis/compose.yaml',
  pgadmin: 'docker__awesome-compose/postgresql-pgadmin/compose.yaml',
  'rocketchat-database': 'RocketChat__rocketchat-compose/compose.database.yml',
  'rocketchat-monitoring': 'RocketChat__rocketchat-compose/compose.monitoring.yml',
  traefik: 'traefik__traefik/docs/content/user-guides/docker-compose/acme-tls/docker-compose.yml',
  umami: 'umami-software__umami/docker-compose.yml',
  voting: 'dockersamples__example-voting-app/docker-compose.yml',
  wordpress: 'docker__awesome-compose/wordpress-mysql/compose.yaml',
};

const FIXTURES = resolve(import.meta.dirname, '..', 'conformance', 'fixtures');
/** What stands in for the corpus where there is none. */
export const OWN: Readonly<Record<string, readonly string[]>> = {
  everything: ['compose.yaml'],
  extending: ['compose.yaml'],
  merging: ['compose.yaml', 'compose.over.yaml'],
};

/** What the engine of applications is told: networks without addresses of their own stay clear of those that an application names. */
export const APPLICATIONS_ENGINE = { 'default-address-pools': [{ base: '10.64.0.0/12', size: 24 }] };

/** Whole applications, reduced to what is on the bench, and what they mount brought to the agent's disk. Says where they come from. */
export async function stageApplications(
  bench: Workbench,
  { mayBePrivileged = true }: { mayBePrivileged?: boolean } = {},
): Promise<Desired> {
  const corpus = corpusFolder();
  const rendered = await (corpus === undefined ? ownStacks() : corpusStacks(corpus));
  const reduction = new Reduction(join(bench.folder.path, 'machine'), { mayBePrivileged });
  const bundles = rendered.map(({ bundle, contents }) => {
    const reduced = reduction.reduce(bundle);
    bench.stage(reduced, contents);
    return reduced;
  });
  const containers = bundles.flatMap(({ services }) => services.flatMap(({ replicas }) => replicas));
  process.stdout.write(
    `${bundles.length} applications with ${containers.reduce((sum, replicas) => sum + replicas, 0)} containers, from ${corpus === undefined ? 'fixtures of our own: no corpus is here (MOORING_CORPUS names a folder)' : 'the corpus'}\n`,
  );
  return desiredOf(bundles);
}

async function corpusStacks(root: string): Promise<readonly RenderedStack[]> {
  return await Promise.all(
    Object.entries(APPLICATIONS).map(async ([stack, file]) => {
      const images = builtServices(await readOracle(root, file));
      return await renderStack({ root, folder: dirname(file), stack, files: [basename(file)], images });
    }),
  );
}

async function ownStacks(): Promise<readonly RenderedStack[]> {
  return await Promise.all(
    Object.entries(OWN).map(([stack, files]) => renderStack({ root: FIXTURES, folder: stack, stack, files })),
  );
}
