import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFleet } from '@mooring/hub';
import { eventually } from '../../support/eventually.ts';
import { type Fleet, PORTS } from '../../support/fleet.ts';
import { HUB_ADDRESS } from '../../support/network.ts';
import { run } from '../../support/run.ts';
import { DAY_MS } from '../clock.ts';
import { must, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** Days that the authority is made to have left: fewer than those at which a person is told. */
const DAYS_LEFT = 20;
/** Milliseconds before today at which the other server certificate begins. */
const BACKDATED_MS = 10 * DAY_MS;
const LOST = 'connection to the hub is lost';

const keyFile = ({ data }: Fleet, name: string) => join(data, 'keys', name);

/** As an installer does: the new file is whole before it has the name. */
function replace(file: string, content: Buffer | string): void {
  writeFileSync(`${file}.installed`, content, { mode: 0o444 });
  renameSync(`${file}.installed`, file);
}

/** Fingerprint of the certificate that the hub shows whoever connects now. */
async function shown({ network }: Fleet, port: number): Promise<string> {
  const look = `const s = require('node:tls').connect({ host: '${HUB_ADDRESS}', port: ${port}, rejectUnauthorized: false, ALPNProtocols: ['h2'] },
    () => { console.log(s.getPeerCertificate().fingerprint256); s.destroy(); });`;
  return (await run('nsenter', [`--net=/run/netns/${network.hub}`, process.execPath, '-e', look])).trim();
}

async function doctorSays(fleet: Fleet, line: RegExp): Promise<string> {
  return await eventually(`doctor says ${line}`, async () => {
    const { stdout } = await fleet.mooring('doctor');
    const found = stdout.split('\n').find((text) => line.test(text));
    must(found !== undefined, stdout);
    return found.trim();
  });
}

/** The same authority, by key and name, with an end that is near: what ten years make of it. */
async function authorityEnds(stage: Stage) {
  const { fleet } = stage;
  const [authority, key] = [keyFile(fleet, 'ca.crt'), keyFile(fleet, 'ca.key')];
  const usual = readFileSync(authority);
  const near = join(fleet.folder.path, 'near.crt');
  await run('openssl', ['x509', '-in', authority, '-signkey', key, '-days', String(DAYS_LEFT), '-out', near]);
  stage.after(async () => {
    await fleet.hub?.stop();
    replace(authority, usual);
    await fleet.startHub();
  });
  await stage.untouched(async () => {
    await fleet.hub?.stop();
    replace(authority, readFileSync(near));
    await fleet.startHub();
    // By its exit code the fleet is not as it should be: the alarm counts.
    for (const host of fleet.hosts) await stage.seen(host, 'Synced', ({ online, sync }) => online && sync === 'Synced');
  });
  const said = await doctorSays(fleet, /WRONG +authority/);
  must((await fleet.mooring('status')).stdout.includes('certificate authority ends in'), 'status does not say so');
  await stage.arrived(stage.commit());
  await stage.tidy();
  await doctorSays(fleet, /ok +authority/);
  return {
    injected: `the same authority with an end in ${DAYS_LEFT} days`,
    observed: `${said.slice(0, 130)}; status too; hosts are heard, the next commit arrives`,
  };
}

async function serverReplaced(stage: Stage) {
  const { fleet, web1, web2 } = stage;
  const ports = [PORTS.grpc, PORTS.join];
  const before = await Promise.all(ports.map((port) => shown(fleet, port)));
  const file = keyFile(fleet, 'hub.crt');
  const usual = readFileSync(file);
  stage.after(() => replace(file, usual));
  const lost = () => fleet.hosts.filter(({ agent }) => agent?.output.includes(LOST)).length;
  for (const host of fleet.hosts) await stage.restartAgent(host);
  await stage.well();
  const pid = fleet.hub?.pid;
  const said = await stage.untouched(async () => {
    replace(file, await certificateOfAnother(fleet));
    const refused = await doctorSays(fleet, /WRONG +certificate/);
    must((await shown(fleet, PORTS.grpc)) === before[0], 'a certificate of somebody else is shown');
    replace(file, await otherCertificate(fleet, usual));
    await eventually('new connections see the other certificate', async () => {
      const now = await Promise.all(ports.map((port) => shown(fleet, port)));
      must(now[0] !== before[0] && now[0] === now[1], `${now.join()}; before ${before.join()}`);
    });
    await doctorSays(fleet, /ok +certificate/);
    return refused;
  });
  must(fleet.hub?.pid === pid && lost() === 0, `${lost()} hosts lost their stream`);
  // Whoever connects anew, to the hub and to its broker, trusts it.
  await stage.restartAgent(web2);
  await stage.logged(web2, /connected to the hub/);
  await stage.logged(web2, /connected to the broker/);
  const commit = stage.commit();
  await stage.runs(web1, stage.version);
  await stage.arrived(commit);
  return {
    injected: 'hub.crt replaced while the hub runs: by one of another authority, then by one of its own authority',
    observed: `${said.slice(0, 110)}; the other is shown to new connections, no stream ended, a host that starts trusts it`,
  };
}

/** Another certificate for the same key and of the same authority, as a hub whose clock was days behind would make it. */
async function otherCertificate(fleet: Fleet, present: Buffer): Promise<string> {
  const copy = join(fleet.folder.path, 'copied-hub');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { mode: 0o700 });
  await run('cp', ['-a', join(fleet.data, 'keys'), join(copy, 'keys')]);
  for (const name of ['fleet.json', 'trust.json']) copyFileSync(join(fleet.data, name), join(copy, name));
  replace(join(copy, 'keys', 'hub.crt'), present);
  return (await openFleet({ data: copy, clock: () => Date.now() - BACKDATED_MS })).serverCertificatePem;
}

/** For the hub's own key, and issued by nobody that the fleet knows. */
async function certificateOfAnother(fleet: Fleet): Promise<string> {
  const [key, file] = [keyFile(fleet, 'hub.key'), join(fleet.folder.path, 'foreign.crt')];
  await run('openssl', ['req', '-x509', '-new', '-key', key, '-subj', '/CN=hub', '-days', '30', '-out', file]);
  return readFileSync(file, 'utf8');
}

export const CERTIFICATE_ROWS: readonly Row[] = [
  { number: 68, part: 'hub', fault: 'CA certificate near its end', run: authorityEnds },
  { number: 69, part: 'hub', fault: 'server certificate replaced', run: serverReplaced },
];
