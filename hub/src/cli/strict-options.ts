import type { Command, Option } from 'commander';

/**
 * Refuses what can only be a mistake in every command of a program: an option that is given twice (of which the last would win in silence), and
 * an empty value (as an unset shell variable leaves behind). Options that collect values may be repeated: their default is a collection.
 */
export function refuseDoubtfulOptions(command: Command): void {
  for (const option of command.options) {
    let given = 0;
    command.on(`option:${option.name()}`, (value: string | null) => {
      given += 1;
      if (given > 1 && !collects(option)) refuse(command, option, 'it is given twice; once is wanted');
      if (value === '') refuse(command, option, 'its value is empty; a value is wanted');
    });
  }
  for (const child of command.commands) refuseDoubtfulOptions(child);
}

function refuse(command: Command, option: Option, what: string): never {
  return command.error(`error: option '${option.flags}' cannot be used: ${what}.`, {
    code: 'commander.invalidArgument',
  });
}

function collects({ defaultValue }: Option): boolean {
  return typeof defaultValue === 'object' && defaultValue !== null;
}
