// usage: describe.mjs IMAGE DEST   reads a `buf build` image; writes methods.ts, descriptors.ts and messages.ts into DEST
import { readFileSync, writeFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, getOption, hasOption } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const [image, dest] = process.argv.slice(2);
const bytes = readFileSync(image);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
const role = registry.getExtension('mooring.v1.role');
const roles = registry.getEnum('mooring.v1.Role');

const rows = [];
// Services that are not ours declare no role; the hub lists them.
const ours = [...registry].filter(({ kind, typeName }) => kind === 'service' && typeName.startsWith('mooring.'));
for (const service of ours) {
  for (const method of service.methods) {
    if (!hasOption(method, role)) throw new Error(`${service.typeName}/${method.name} declares no role`);
    const name = roles.values.find((value) => value.number === getOption(method, role)).name;
    rows.push(`  '/${service.typeName}/${method.name}': '${name.replace('ROLE_', '').toLowerCase()}',`);
  }
}
const head = '// Generated from the .proto files by generate.sh. Do not edit.\n\n';
writeFileSync(
  `${dest}/methods.ts`,
  `${head}/** The role that each method declares, by its full path. */\nexport const METHOD_ROLES = {\n${rows.sort().join('\n')}\n} as const;\n`,
);
writeFileSync(
  `${dest}/descriptors.ts`,
  `${head}/** A google.protobuf.FileDescriptorSet with every file, base64: what server reflection serves. */\nexport const DESCRIPTOR_SET_BASE64 =\n  '${bytes.toString('base64')}';\n`,
);

const doors = [...registry.files]
  .filter((file) => !file.name.startsWith('google/'))
  .map((file) => {
    const words = file.enums.map(({ name }) => `${name.charAt(0).toLowerCase()}${name.slice(1)}ToJSON`);
    const nested = file.messages.flatMap((message) => message.nestedEnums.map(({ name }) => `${message.name}_${name}`));
    const values = [...[...file.messages, ...file.enums].map((entry) => entry.name), ...nested, ...words];
    const services = file.services.flatMap(({ name }) => [`${name}Client`, `type ${name}Server`, `${name}Service`]);
    const names = [...values, ...services].sort((a, b) => a.replace('type ', '').localeCompare(b.replace('type ', '')));
    return `export {\n${names.map((name) => `  ${name},`).join('\n')}\n} from './${file.name}.ts';`;
  });
writeFileSync(`${dest}/messages.ts`, `${head}${doors.sort().join('\n')}\n`);
