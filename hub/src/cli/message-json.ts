/** A kind of message: what writes it as protobuf JSON. */
interface MessageType<Message> {
  toJSON(message: Message): unknown;
}

/**
 * A message's protobuf JSON with every field there. Protobuf leaves out what is false, zero or empty; a program that reads `online` or `drift`
 * wants to find them also where a host is offline and nothing differs. What is absent in the message stays absent.
 */
export function jsonOf<Message extends object>(type: MessageType<Message>, message: Message): unknown {
  return filled(message, type.toJSON(message));
}

function filled(message: unknown, json: unknown): unknown {
  if (Array.isArray(message)) return message.map((item, index) => filled(item, Array.isArray(json) ? json[index] : {}));
  if (!isRecord(message)) return json;
  const written = isRecord(json) ? json : {};
  const fields = Object.entries(message).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, name in written ? filled(value, written[name]) : empty(value)]),
  );
}

/** What protobuf left out: an empty list, a zero, false, no text. */
function empty(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (value instanceof Uint8Array) return '';
  return typeof value === 'bigint' ? '0' : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
