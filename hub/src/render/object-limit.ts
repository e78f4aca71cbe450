/** Bytes of all objects of one rendering. Alone in its file: who only checks what came back loads no renderer. */
export const MAX_OBJECT_BYTES = 128 * 1024 * 1024;
