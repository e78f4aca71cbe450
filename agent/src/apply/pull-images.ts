import { MooringError, PullPolicy, type Service, Severity } from '@mooring/proto';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';

/** Pulls what new containers need and the host lacks, side by side. Throws IMAGE_*, DISK_FULL, ENGINE_*: nothing was touched then. */
export async function pullImages({ engine, tell }: ApplyParts, steps: readonly ContainerStep[]): Promise<void> {
  const creating = steps.filter(({ kind }) => kind === 'create-container' || kind === 'replace-container');
  const services = new Map(
    creating.map(({ service }) => [`${service.container?.image} ${service.container?.platform}`, service] as const),
  );
  const wanted = [...services.values()];
  await pullMounted({ engine, tell }, wanted);
  await Promise.all(
    wanted.map(async ({ container, pullPolicy, name }) => {
      const { image = '', platform = '' } = container ?? {};
      if (pullPolicy !== PullPolicy.PULL_POLICY_ALWAYS && (await engine.imageId(image)) !== undefined) return;
      if (pullPolicy === PullPolicy.PULL_POLICY_NEVER) {
        const message = `Cannot create service ${name}: image ${image} is not on the host, and pulling it is not allowed; the image is wanted`;
        throw new MooringError('IMAGE_NOT_FOUND', message);
      }
      await engine.pullImage(image, platform);
      tell(pulled(image, name));
    }),
  );
}

/** Images of which only the files are mounted, and which the host lacks. */
async function pullMounted({ engine, tell }: Pick<ApplyParts, 'engine' | 'tell'>, services: readonly Service[]) {
  const owners = new Map(
    services.flatMap(({ name, container }) =>
      (container?.mounts ?? []).flatMap(({ source }) =>
        source?.$case === 'image' ? [[source.value.reference, name] as const] : [],
      ),
    ),
  );
  await Promise.all(
    [...owners].map(async ([image, name]) => {
      if ((await engine.imageId(image)) !== undefined) return;
      await engine.pullImage(image, '');
      tell(pulled(image, name));
    }),
  );
}

function pulled(image: string, service: string) {
  const event = { kind: 'image.pulled', severity: Severity.SEVERITY_INFO, service, object: image };
  return { ...event, message: `pulled image ${image}` };
}
