// Bundles the agent: it starts faster and takes less memory than its modules do one by one. What only some commands need stays apart and is not loaded.
import { readdirSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { build } from 'esbuild';

const OUT = 'dist';
// dockerode can talk to engines over ssh, sends folders to be built and answers their builds; an agent talks to its own engine and builds nothing.
const LEFT_OUT = /^(ssh2|cpu-features|thread-stream|tar-fs|@balena\/dockerignore|protobufjs|@grpc\/proto-loader)$/;
// What a module imports of Node.js is looked up whole when it is loaded, with everything in it that is made at its first use: web cryptography,
// web streams and more that an agent never uses, megabytes of it. What it requires is not.
const BUILT_IN = new RegExp(`^(node:)?(${builtinModules.join('|')})$`);
// The streams of Node.js from before it had them: the same ones are there anyway.
const OWN_STREAMS = /^readable-stream$/;

// Pieces are named by their content: those of builds before stay nowhere.
for (const name of readdirSync(OUT)) if (name.endsWith('.mjs')) rmSync(`${OUT}/${name}`);
await build({
  entryPoints: { 'mooring-agent': 'dist/main.js' },
  outdir: OUT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  keepNames: true,
  // V8 keeps the text of what runs. Lines stay short enough for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // nats looks whether there are web cryptography and web streams, which makes both; it takes random bytes from the one and nothing from the other.
  define: { 'globalThis.crypto': 'mooringRandom', 'globalThis.ReadableStream': 'true' },
  // A native addon cannot be bundled.
  external: ['better-sqlite3'],
  plugins: [
    {
      name: 'left-out',
      setup(bundler) {
        bundler.onResolve({ filter: BUILT_IN }, ({ path, kind }) =>
          kind === 'import-statement' ? { path, namespace: 'built-in' } : { path, external: true },
        );
        bundler.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({
          contents: `module.exports = require(${JSON.stringify(path)});`,
        }));
        bundler.onResolve({ filter: OWN_STREAMS }, () => ({ path: 'node:stream', external: true }));
        bundler.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left-out' }));
        bundler.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
      },
    },
  ],
  banner: {
    js: `import { createRequire as mooringRequire } from 'node:module'; const require = mooringRequire(import.meta.url);
const mooringRandom = { getRandomValues: (bytes) => require('node:crypto').randomFillSync(bytes) };`,
  },
  logLevel: 'warning',
});
