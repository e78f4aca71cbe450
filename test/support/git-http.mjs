// usage: git-http.mjs FOLDER TOKEN ADDRESS PORT   smart HTTP with a token in front of `git http-backend`; prints "ready" when it listens
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const [folder, token, address, port] = process.argv.slice(2);

const server = createServer((request, response) => {
  const given = (request.headers.authorization ?? '').replace(/^Basic /, '');
  const [, password] = Buffer.from(given, 'base64').toString().split(':');
  if (password !== token && request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const url = new URL(request.url, 'http://git');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: request.headers['git-protocol'] ?? '',
      REMOTE_USER: 'test',
    },
  });
  request.pipe(backend.stdin);
  let head = Buffer.alloc(0);
  let begun = false;
  backend.stdout.on('data', (data) => {
    if (begun) return void response.write(data);
    head = Buffer.concat([head, data]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    begun = true;
    const headers = Object.fromEntries(
      head
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(/:\s*/, 2)),
    );
    const status = Number((headers.Status ?? '200').split(' ')[0]);
    delete headers.Status;
    response.writeHead(status, headers);
    response.write(head.subarray(end + 4));
  });
  backend.on('close', () => response.end());
  response.on('close', () => backend.kill());
});
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
