import { problemAnswer, thrownAnswer } from './answer.ts';
import { GOOD_COMPOSE, GOOD_FLEET, type Place, SHOP } from './place.ts';

/** Gives commits to the hub that follows their repository. */
export class Follow {
  readonly #place: Place;
  #serial = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Commits files, and returns what the hub says of the commit. */
  commit(files: Readonly<Record<string, string | null>>): Promise<string> {
    this.#place.repository.commit('bad', files);
    return this.sync();
  }

  /** The hub looks at the newest commit: how it was refused, or `accepted` and its warnings. */
  async sync(): Promise<string> {
    const { clients, repository } = this.#place;
    try {
      await clients.admin.sync({}, { deadlineMs: 120_000 });
    } catch (error) {
      return thrownAnswer(error);
    }
    const { revisions } = await clients.fleet.listRevisions({ pageSize: 1, pageToken: '' });
    const [newest] = revisions;
    if (newest === undefined || newest.commit !== repository.head()) return 'not even looked at';
    if (newest.problems.length > 0) return newest.problems.map(problemAnswer).join(' | ');
    return ['accepted', ...newest.warnings.map(problemAnswer)].join(' | ');
  }

  /** A good commit in place of whatever was there; rejects when the hub does not accept it. */
  async good(): Promise<void> {
    const { repository } = this.#place;
    this.#serial += 1;
    // What was grafted never touched the work tree; what was written is taken away.
    repository.git('read-tree', this.#goodTree());
    repository.git('checkout-index', '--all', '--force');
    repository.git('clean', '--quiet', '--force', '-d');
    const answer = await this.commit({
      'fleet.yaml': GOOD_FLEET,
      [SHOP]: GOOD_COMPOSE.replace('web:1', `web:1.${this.#serial}`),
    });
    if (answer !== 'accepted') throw new Error(`a good commit is not accepted: ${answer}`);
  }

  #goodTree(): string {
    const { repository } = this.#place;
    return repository.git('rev-list', '--max-parents=0', 'HEAD').trim();
  }
}
