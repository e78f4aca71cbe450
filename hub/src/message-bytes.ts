import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** One for all messages: its buffer grows once, not again for each of thousands a second. */
const writer = new BinaryWriter();

/** The bytes of a message: `encode` is given where to write it. */
export function messageBytes(encode: (to: BinaryWriter) => BinaryWriter): Uint8Array {
  try {
    return encode(writer).finish();
  } catch (error) {
    // What was begun must not stand before the next.
    writer.finish();
    throw error;
  }
}
