import { createFileRegistry, type DescFile, type FileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DESCRIPTOR_SET_BASE64 } from '@mooring/proto';
import type { ReflectionAnswer, ReflectionQuestion } from './reflection-messages.ts';

/** gRPC's NOT_FOUND and INVALID_ARGUMENT, as reflection puts them into its answers. */
const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;

const registry: FileRegistry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')),
);

/** Answers from the descriptors that the build made; asks nobody. */
export function answerReflection(question: ReflectionQuestion, served: readonly string[]): ReflectionAnswer {
  switch (question.ask) {
    case 'services':
      return { answer: 'services', services: served };
    case 'file':
      return filesOf(registry.getFile(question.name), question.name);
    case 'symbol':
      return filesOf(fileOfSymbol(question.name), question.name);
    case 'extension':
      return filesOf(extensionsOf(question.name).find(({ number }) => number === question.number)?.file, question.name);
    case 'extension-numbers':
      return extensionNumbers(question.name);
    case 'nothing':
      return { answer: 'error', code: INVALID_ARGUMENT, message: 'the request asks nothing' };
  }
}

/** The file that declares a message, enum, service, extension, or a method, field or value of one. */
function fileOfSymbol(symbol: string): DescFile | undefined {
  const direct = registry.get(symbol);
  if (direct !== undefined) return direct.file;
  return registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))))?.file;
}

function extensionsOf(type: string) {
  return [...registry]
    .filter((entry) => entry.kind === 'extension')
    .filter(({ extendee }) => extendee.typeName === type);
}

function extensionNumbers(type: string): ReflectionAnswer {
  if (registry.getMessage(type) === undefined) return unknown(type);
  return { answer: 'extension-numbers', type, numbers: extensionsOf(type).map(({ number }) => number) };
}

/** The file and all that it imports, so that one question is enough. */
function filesOf(file: DescFile | undefined, name: string): ReflectionAnswer {
  if (file === undefined) return unknown(name);
  const files = new Set<DescFile>();
  const visit = (one: DescFile) => {
    if (files.has(one)) return;
    files.add(one);
    for (const dependency of one.dependencies) visit(dependency);
  };
  visit(file);
  return { answer: 'files', files: [...files].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto)) };
}

function unknown(name: string): ReflectionAnswer {
  return { answer: 'error', code: NOT_FOUND, message: `${name} is not served here` };
}
