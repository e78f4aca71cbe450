/** The protocol: messages and the pure functions that give them meaning on both sides. */
export * from './digest.ts';
export * from './envelope.ts';
export * from './error.ts';
export * from './error-code.ts';
export * from './features.ts';
export * from './gen/descriptors.ts';
export * from './gen/messages.ts';
export * from './gen/methods.ts';
export * from './host-name.ts';
export * from './join-string.ts';
export * from './labels.ts';
export * from './limits.ts';
export * from './seal.ts';
export * from './spec-digest.ts';
export * from './subjects.ts';
