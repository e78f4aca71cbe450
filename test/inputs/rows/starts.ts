import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectHub } from '@mooring/hub';
import { eventually } from '../../support/eventually.ts';
import { FleetRepository } from '../../support/fleet-repository.ts';
import { Program } from '../../support/program.ts';
import { commandAnswer, thrownAnswer } from '../answer.ts';
import { GOOD_COMPOSE, GOOD_FLEET, hubFlags, initFleet, MOORING, type Place, SHOP, WWW } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';

const PAGE = 4096;

/** Rows 14 to 17, 106 to 109, 111, 117 and 119 to 127: what a hub is started with, each a hub of its own. */
export async function startRows(place: Place): Promise<Group> {
  const starts = await Starts.prepare(place);
  const row = (title: string, start: HubStart, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: () => starts.outcome(start),
  });
  const repo = (url: string, ...flags: string[]): HubStart => ({ flags: ['--repo', url, ...flags] });
  const database = (title: string, spoil: (file: string) => void, wanted: RegExp): Row =>
    row(title, { spoil: (data) => spoil(join(data, 'hub.db')) }, wanted);
  const sql = (statements: string) => (file: string) => {
    const opened = new DatabaseSync(file);
    opened.exec(statements);
    opened.close();
  };
  return {
    name: 'What a hub is started with',
    takers: [place.hubTaker],
    good: async () => {
      const outcome = await starts.outcome({});
      if (outcome !== 'runs') throw new Error(`a good hub ${outcome}`);
    },
    rows: [
      row('14: a repository without a commit', repo(starts.empty()), /^runs, and says: GIT_REF_MISSING: .*main/),
      row(
        '14: a branch that there is not',
        repo(place.repository.path, '--branch', 'other'),
        /^runs, and says: GIT_REF_MISSING: .*main/,
      ),
      row(
        '14: a tag in place of a branch',
        repo(starts.tagged(), '--branch', 'v1'),
        /^runs, and says: GIT_REF_MISSING: .*main/,
      ),
      row('15: a repository with names of SHA-256', repo(starts.withSha256()), /GIT_UNSUPPORTED/),
      row(
        '15: a server without the smart protocol',
        repo(await starts.server((_, response) => response.end('dumb'))),
        /GIT_UNSUPPORTED/,
      ),
      row(
        '15: a server that says half of an answer',
        repo(
          await starts.server((_, response) =>
            response
              .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
              .end('001e# service=git-upload-'),
          ),
        ),
        /^runs, and says: SOURCE_UNREACHABLE: .*the answer is empty/,
      ),
      ...['file:///etc', 'ext::sh -c id', 'git@example.com:x/y', 'ssh://example.com/x', 'ftp://example.com/x'].map(
        (url) => row(`16: the URL ${url}`, repo(url), /^exit 1: SOURCE_URL_SCHEME: .*--token-file/),
      ),
      // A folder may be called so; it is no flag of git, and nothing is run.
      row(
        '16: a flag of git in place of a URL',
        repo('-upload-pack=id'),
        /^runs, and says: (SOURCE_UNREACHABLE|GIT_\w+): /,
      ),
      row(
        '16: a URL with a password',
        repo('https://ada:secret-7f3a@example.com/x'),
        /^exit 1: SOURCE_URL_CREDENTIALS: (?!.*secret-7f3a)/,
      ),
      row(
        '17: a redirect to another host',
        repo(await starts.server((_, response) => response.writeHead(302, { location: 'http://127.0.0.2:1/x' }).end())),
        /SOURCE_REDIRECT.*127\.0\.0\.2/,
      ),
      row(
        '106: a folder that others may write to',
        { spoil: (data) => chmodSync(data, 0o777) },
        /^exit 1: (KEY|CONFIG)_PERMISSIONS: .*chmod/,
      ),
      row(
        '106: a trust file that others may write to',
        { spoil: (data) => chmodSync(join(data, 'trust.json'), 0o666) },
        /^exit 1: (KEY|CONFIG)_PERMISSIONS: .*chmod/,
      ),
      row(
        "107: another fleet's database",
        { spoil: (data) => cpSync(join(starts.other, 'hub.db'), join(data, 'hub.db')) },
        /^exit 1: FLEET_MISMATCH: /,
      ),
      row(
        "107: another fleet's trust file",
        { spoil: (data) => replaced(join(data, 'trust.json'), readFileSync(join(starts.other, 'trust.json'))) },
        /^exit 1: FLEET_MISMATCH: /,
      ),
      row(
        '107: a folder without a fleet',
        { spoil: (data) => rmSync(join(data, 'fleet.json')) },
        /^exit 1: FLEET_MISSING: .*mooring init/,
      ),
      row(
        '108: a port that is taken',
        { flags: ['--listen', await starts.takenPort()] },
        /^exit 1: LISTEN_FAILED: .*EADDRINUSE.*(ss -ltnp|lsof)/,
      ),
      row(
        '108: an address of another machine',
        { flags: ['--listen', '192.0.2.1:0'] },
        /^exit \d: (LISTEN_FAILED|BROKER_\w+): /,
      ),
      row(
        "109: a key that is not the hub's certificate's",
        {
          spoil: (data) => replaced(join(data, 'keys', 'hub.key'), readFileSync(join(starts.other, 'keys', 'hub.key'))),
        },
        /^exit [15]: CERT_MISMATCH: /,
      ),
      row(
        '111: a broker elsewhere without TLS',
        { flags: ['--nats', 'nats://192.0.2.1:4222'] },
        /^exit 1: NATS_INSECURE: .*tls:\/\//,
      ),
      row(
        '117: a key that others can read',
        { spoil: (data) => chmodSync(join(data, 'keys', 'ca.key'), 0o644) },
        /^exit 1: KEY_PERMISSIONS: .*ca\.key.*chmod/,
      ),
      database(
        '119: a letter for a database',
        (file) => writeFileSync(file, 'This is a letter and no database. '.repeat(200)),
        /^exit 1: DB_NOT_A_DATABASE: .*hub\.db/,
      ),
      database(
        '120: a folder for a database',
        (file) => renewed(file, () => mkdirSync(file)),
        /^exit 1: DB_OPEN: .*hub\.db/,
      ),
      database('120: no database', (file) => rmSync(file), /^exit 1: DB_OPEN: .*hub\.db/),
      database('121: a database of zero bytes', (file) => writeFileSync(file, ''), /^exit 1: DB_EMPTY: .*hub\.db/),
      database('121: a database without its mark', sql('DELETE FROM marker'), /^exit 1: DB_EMPTY: /),
      database(
        '122: a database that was cut',
        (file) => truncateSync(file, 3 * PAGE),
        /^exit 1: DB_CORRUPT: .*hub\.db\)/,
      ),
      database('122: a page that was overwritten', overwritten, /^exit 1: DB_CORRUPT: /),
      database(
        '123: one value of a row that is another, which SQLite takes for good',
        sql('UPDATE revisions SET verdict = 2'),
        /^exit 1: DB_ROW_DIGEST: .*row 1 of table revisions.*mooring restore/,
      ),
      database('124: a database of a later release', sql('PRAGMA user_version = 9999'), /^exit 1: DB_NEWER: /),
      database(
        '124: a database of another application',
        (file) => renewed(file, () => sql('CREATE TABLE notes (text TEXT)')(file)),
        /^exit 1: DB_WRONG_APPLICATION: /,
      ),
      database(
        '125: the write-ahead log of another database',
        (file) => writeFileSync(`${file}-wal`, Buffer.alloc(32 + 4120, 0x37)),
        /^exit 1: DB_WAL_MISMATCH: .*hub\.db-wal.*mooring restore/,
      ),
      row(
        '125: no write-ahead log, where the hub was killed',
        {
          spoil: async (data) => {
            await starts.kill(data);
            rmSync(join(data, 'hub.db-wal'));
          },
        },
        /^exit 1: DB_WAL_MISMATCH: .*hub\.db-wal.*mooring restore/,
      ),
      {
        number: 126,
        input: 'a database that another hub has',
        wanted: /^exit 1: (DB_LOCKED|STATE_LOCKED): .*process \d+/,
        give: () => starts.outcome({ data: place.data }),
      },
      database(
        '127: a trigger that the hub never made',
        sql('CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM hosts; END'),
        /^exit 1: DB_SCHEMA: /,
      ),
      database(
        '127: a view that the hub never made',
        sql('CREATE VIEW evil AS SELECT * FROM hosts'),
        /^exit 1: DB_SCHEMA: /,
      ),
    ],
  };
}

interface HubStart {
  readonly flags?: readonly string[];
  /** Folder of the fleet, in place of a copy of a good one. */
  readonly data?: string;
  readonly spoil?: (data: string) => Promise<void> | void;
}

type Answer = Parameters<typeof createServer>[1];

/** Starts hubs one after the other, each on a copy of one good fleet. */
class Starts {
  readonly #place: Place;
  readonly #good: string;
  readonly other: string;
  #count = 0;

  private constructor(place: Place, good: string, other: string) {
    this.#place = place;
    this.#good = good;
    this.other = other;
  }

  static async prepare(place: Place): Promise<Starts> {
    const folder = place.scratch('starts');
    const [good, other] = [join(folder, 'good'), join(folder, 'other')];
    await initFleet(good);
    await initFleet(other);
    const starts = new Starts(place, good, other);
    // So that there are rows to damage.
    const outcome = await starts.outcome({ data: good });
    if (outcome !== 'runs') throw new Error(`a good hub ${outcome}`);
    return starts;
  }

  /** `runs`, what the running hub says is wrong with its repository, or how it ended. */
  async outcome({ flags = [], data, spoil }: HubStart): Promise<string> {
    this.#count += 1;
    const folder = data ?? this.#copy();
    await spoil?.(folder);
    const hub = this.#start(folder, flags);
    try {
      return await eventually('the hub runs, or says why not', () => this.#said(hub, folder));
    } finally {
      await hub.stop();
    }
  }

  /** Runs a hub on a folder, and kills it. */
  async kill(folder: string): Promise<void> {
    const hub = this.#start(folder, []);
    await eventually('the hub runs', () => this.#said(hub, folder)).finally(() => hub.kill());
  }

  #start(folder: string, flags: readonly string[]): Program {
    const given = flags.filter((flag) => flag.startsWith('--'));
    const usual = hubFlags(folder, this.#place.repository.path);
    const others = usual.filter((_, index) => !given.includes(usual[index - (index % 2)] ?? ''));
    return new Program({
      command: process.execPath,
      args: [MOORING, 'hub', ...others, ...flags],
      log: join(this.#place.folder, 'starts.log'),
    });
  }

  /** A repository without a commit. */
  empty(): string {
    return new FleetRepository(join(this.#place.folder, 'empty')).path;
  }

  /** A repository whose v1 is a tag. */
  tagged(): string {
    const repository = this.#repository('tagged');
    repository.git('tag', 'v1');
    return repository.path;
  }

  withSha256(): string {
    const path = join(this.#place.folder, 'sha256');
    const { repository } = this.#place;
    mkdirSync(path, { recursive: true });
    repository.git('-C', path, 'init', '--quiet', '--initial-branch=main', '--object-format=sha256');
    repository.git(
      '-C',
      path,
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@localhost',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'x',
    );
    return path;
  }

  /** The URL of a server that answers so. */
  async server(answer: Exclude<Answer, undefined>): Promise<string> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    server.unref();
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/fleet.git`;
  }

  async takenPort(): Promise<string> {
    const server = createNetServer().listen(0, '127.0.0.1');
    server.unref();
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #repository(name: string): FleetRepository {
    const repository = new FleetRepository(join(this.#place.folder, name));
    repository.commit('first', { 'fleet.yaml': GOOD_FLEET, [SHOP]: GOOD_COMPOSE, [`${WWW}/index.html`]: 'x' });
    return repository;
  }

  #copy(): string {
    const data = join(this.#place.scratch('copies'), String(this.#count));
    execFileSync('cp', ['--archive', this.#good, data]);
    return data;
  }

  async #said(hub: Program, folder: string): Promise<string> {
    if (!hub.running) return commandAnswer({ code: hub.exitCode, stdout: '', stderr: hub.output });
    if (!hub.output.includes('the hub runs')) throw new Error(hub.output.slice(-500));
    const clients = connectHub({ socketPath: join(folder, 'hub.sock') });
    try {
      await clients.admin.sync({});
      return 'runs';
    } catch (error) {
      return `runs, and says: ${thrownAnswer(error)}`;
    } finally {
      clients.close();
    }
  }
}

function replaced(file: string, content: Uint8Array): void {
  const draft = `${file}.other`;
  writeFileSync(draft, content, { mode: 0o400 });
  renameSync(draft, file);
}

function renewed(file: string, make: () => void): void {
  rmSync(file);
  make();
}

function overwritten(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xee, 4 * PAGE, 5 * PAGE);
  writeFileSync(file, bytes);
}
