import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * Messages of grpc.reflection.v1 (grpc/grpc-proto, grpc/reflection/v1/reflection.proto). Written by hand because the service is not ours and its
 * four fields do not deserve generated code; v1alpha differs in its package's name only.
 */
export type ReflectionQuestion =
  | { readonly ask: 'file'; readonly name: string }
  | { readonly ask: 'symbol'; readonly name: string }
  | { readonly ask: 'extension'; readonly name: string; readonly number: number }
  | { readonly ask: 'extension-numbers'; readonly name: string }
  | { readonly ask: 'services' }
  | { readonly ask: 'nothing' };

/** A question with its own bytes, which the answer repeats. */
export interface ReflectionRequest {
  readonly bytes: Uint8Array;
  readonly question: ReflectionQuestion;
}

/** What is answered. */
export type ReflectionAnswer =
  | { readonly answer: 'files'; readonly files: readonly Uint8Array[] }
  | { readonly answer: 'extension-numbers'; readonly type: string; readonly numbers: readonly number[] }
  | { readonly answer: 'services'; readonly services: readonly string[] }
  | { readonly answer: 'error'; readonly code: number; readonly message: string };

/** Reads a ServerReflectionRequest. */
export function decodeRequest(bytes: Uint8Array): ReflectionRequest {
  const reader = new BinaryReader(bytes);
  let question: ReflectionQuestion = { ask: 'nothing' };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, field);
    else if (field === 3) question = { ask: 'file', name: reader.string() };
    else if (field === 4) question = { ask: 'symbol', name: reader.string() };
    else if (field === 5) question = { ask: 'extension', ...decodeExtension(reader.bytes()) };
    else if (field === 6) question = { ask: 'extension-numbers', name: reader.string() };
    else if (field === 7) {
      reader.string();
      question = { ask: 'services' };
    } else reader.skip(wireType, field);
  }
  return { bytes, question };
}

/** Writes a ServerReflectionResponse. */
export function encodeResponse(request: ReflectionRequest, answer: ReflectionAnswer): Uint8Array {
  const writer = new BinaryWriter();
  field(writer, 2).bytes(request.bytes);
  switch (answer.answer) {
    case 'files':
      field(writer, 4).fork();
      for (const file of answer.files) field(writer, 1).bytes(file);
      break;
    case 'extension-numbers':
      field(writer, 5).fork();
      field(writer, 1).string(answer.type);
      for (const number of answer.numbers) writer.tag(2, WireType.Varint).int32(number);
      break;
    case 'services':
      field(writer, 6).fork();
      for (const service of answer.services) field(field(writer, 1).fork(), 1).string(service).join();
      break;
    case 'error':
      field(writer, 7).fork();
      writer.tag(1, WireType.Varint).int32(answer.code);
      field(writer, 2).string(answer.message);
  }
  return writer.join().finish();
}

function field(writer: BinaryWriter, number: number): BinaryWriter {
  return writer.tag(number, WireType.LengthDelimited);
}

function decodeExtension(bytes: Uint8Array): { name: string; number: number } {
  const reader = new BinaryReader(bytes);
  const extension = { name: '', number: 0 };
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) extension.name = reader.string();
    else if (number === 2 && wireType === WireType.Varint) extension.number = reader.int32();
    else reader.skip(wireType, number);
  }
  return extension;
}
