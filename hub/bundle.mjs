// Bundles the hub: it starts faster and takes less memory than its modules do one by one. What only some commands need stays in pieces that are loaded
// when it is needed. What reads commits runs in a process of its own and what writes the store in a thread of its own: each is bundled by itself, so that
// it holds what it uses and no piece that it would share.
import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const OUT = 'dist';
const PROGRAM = { mooring: 'dist/main.js' };
// grpc-js loads these to read .proto files, for services that the hub does not offer; its own are generated.
const LEFT_OUT = /^(protobufjs|@grpc\/proto-loader)$/;
const APART = [{ child: 'dist/source/child.js' }, { writer: 'dist/store/writer.js' }];

const settings = {
  outdir: OUT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  keepNames: true,
  // V8 keeps the text of what runs. Lines stay short enough for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // A native addon cannot be bundled.
  external: ['better-sqlite3'],
  plugins: [
    {
      name: 'left-out',
      setup(bundler) {
        bundler.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left-out' }));
        bundler.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
      },
    },
  ],
  banner: {
    js: "import { createRequire as mooringRequire } from 'node:module'; const require = mooringRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

// Pieces are named by their content: those of builds before stay nowhere.
for (const name of readdirSync(OUT)) if (name.endsWith('.mjs')) rmSync(`${OUT}/${name}`);
await Promise.all([
  build({ ...settings, entryPoints: PROGRAM, splitting: true }),
  ...APART.map((entryPoints) => build({ ...settings, entryPoints })),
]);
