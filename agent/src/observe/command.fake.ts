import type { CommandBody, CommandEnd } from './engine.ts';

/** What a shell makes of `echo WORDS; exit N`, either part alone too; every other command ends well and says nothing. */
export function commandEnd({ Cmd }: CommandBody): CommandEnd {
  const script = Cmd[0] === '/bin/sh' && Cmd[1] === '-c' ? (Cmd[2] ?? '') : '';
  const said = /echo ([^;]*)/.exec(script)?.[1];
  return {
    exitCode: Number(/exit (\d+)/.exec(script)?.[1] ?? 0),
    output: said === undefined ? '' : `${said.trim()}\n`,
  };
}
