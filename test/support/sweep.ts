/** Removes what test runs that died left behind: `node test/support/sweep.ts`. */
import { sweep } from './run-folder.ts';

await sweep();
