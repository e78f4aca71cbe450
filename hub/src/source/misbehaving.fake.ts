// What a hostile input can make of the process that reads it: the first message says what.

process.once('message', (task) => {
  switch (task) {
    case 'environment':
      process.send?.(process.env);
      break;
    case 'heap': {
      const kept: unknown[] = [];
      for (;;) kept.push(new Array(100_000).fill(kept.length));
    }
    case 'buffers': {
      const kept: Buffer[] = [];
      setInterval(() => kept.push(Buffer.alloc(64 * 1024 * 1024, 1)), 1);
      break;
    }
    case 'spin':
      for (;;);
    case 'exit':
      process.exit(3);
      break;
    case 'abort':
      process.abort();
      break;
    default:
      process.send?.('not a reply');
  }
});
