// usage: ask.mjs URL   prints the body of a page; ends with 1 when it does not answer with 200 within 3 s
const answer = await fetch(process.argv[2], { signal: AbortSignal.timeout(3000) });
if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
process.stdout.write(await answer.text());
