// usage: hup-container.mjs SOCKET NAME [IGNORED]   sends SIGHUP to a container; ends with 1 when there is none
import { request } from 'node:http';

const [socketPath, name] = process.argv.slice(2);
const path = `/containers/${name}/kill?signal=SIGHUP`;
const sending = request({ socketPath, path, method: 'POST', timeout: 5000 }, (answer) => {
  answer.resume();
  process.exitCode = answer.statusCode === 204 ? 0 : 1;
});
sending.on('timeout', () => sending.destroy(new Error('the engine does not answer')));
sending.end();
